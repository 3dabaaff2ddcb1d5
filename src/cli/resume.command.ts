import { exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { channelOrFail } from './channel-of.js';
import { ring, settingsOrFail, withLedger } from './open-parts.adapter.js';

/** Lets a paused channel flow again. */
export async function resumeCommand(context: CliContext, name: string, options: { json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const { channel } = channelOrFail(settings, name);
  const { before, after } = await withLedger(context, settings, async ({ channels }) => {
    await channels.ensure([channel]);
    const found = await channels.state(channel);
    await channels.resume(channel);
    return { before: found, after: await channels.state(channel) };
  });
  const rung = await ring(settings, ['render', 'deliver'], [channel]);
  if (options.json) printJson(context, { channel, wasPaused: before.paused, paused: after.paused, breaker: after.breaker, rung });
  else {
    context.out(before.paused ? `Channel ${channel} flows again.\n` : `Channel ${channel} was not paused.\n`);
    if (after.breaker === 'open') context.out(`Its breaker is open all the same (${after.failureCode ?? 'no code'}): it goes on by itself when a probe succeeds.\n`);
  }
  return exitCodes.ok;
}
