import { actorOf, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { channelOrFail } from './channel-of.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';

/** Stops the delivery of a channel; what is captured meanwhile waits in its lanes. */
export async function pauseCommand(context: CliContext, name: string, options: { reason: string; json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const { channel } = channelOrFail(settings, name);
  const state = await withLedger(context, settings, async ({ channels }) => {
    await channels.ensure([channel]);
    await channels.pause(channel, options.reason, actorOf(context));
    return channels.state(channel);
  });
  if (options.json) printJson(context, { channel, paused: state.paused, reason: state.pausedReason });
  else context.out(`Channel ${channel} is paused: ${state.pausedReason ?? ''}\nWhat is under way is finished; nothing more is sent until: npm run gateway -- resume ${channel}\n`);
  return exitCodes.ok;
}
