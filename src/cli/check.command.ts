import type { ConfigFault } from '../domain/settings.js';
import { checkChannel } from './check-channel.adapter.js';
import { checkBureau, checkLedger } from './check-databases.adapter.js';
import { fault, good, type CheckLine } from './check-line.js';
import { checkReturnTable } from './check-return-table.adapter.js';
import { checkQueue } from './check-queue.adapter.js';
import { exitCodes, printJson, worst, type CliContext, type ExitCode } from './cli-context.js';
import { formatCheck } from './format-check.js';
import { plural } from './format-terminal.js';
import { readMappings, readSettings } from './open-parts.adapter.js';
import { readSupervision } from '../supervision/supervision.module.js';

/** Tries everything that the gateway stands on; one that fails keeps none of the others from being tried. */
export async function checkCommand(context: CliContext, options: { json?: boolean }): Promise<ExitCode> {
  const { settings, faults } = readSettings(context);
  const lines: CheckLine[] = faults.map((f) => configLine('configuration', f));
  if (settings) {
    const channels = settings.channels.filter((c) => c.enabled);
    lines.push(good('configuration', `${plural(settings.streamDefinitions.length, 'stream')}, ${plural(channels.length, 'channel')}: ${channels.map((c) => c.channel).join(', ') || 'none is enabled'}`));
    const { mappings, faults: wrong } = readMappings(settings);
    lines.push(...wrong.map((f) => configLine('mappings', f)));
    if (wrong.length === 0) lines.push(good('mappings', `${plural(mappings.length, 'mapping')} with schemas and code lists`));
    const supervision = readSupervision(settings);
    lines.push(...supervision.faults.map((f) => configLine('supervision', f)));
    if (supervision.supervision) lines.push(good('supervision', `rules of ${[...supervision.supervision.rules.keys()].join(', ')}; kept: ${settings.supervision.bodies.join(', ') || 'none'}`));
    const tried = await Promise.all([checkLedger(context, settings), checkBureau(context, settings), checkReturnTable(settings), checkQueue(settings), ...channels.map((c) => checkChannel(c))]);
    lines.push(...tried.flat());
  }
  const code = worst(lines.flatMap((l) => (l.status === 'FAIL' ? [l.exitCode ?? exitCodes.attention] : [])));
  if (options.json) printJson(context, { ok: code === exitCodes.ok, checks: lines.map(({ area, status, text, remedy }) => ({ area, status, text, remedy })) });
  else {
    context.out(formatCheck(lines));
    if (!settings) context.err('The connections were not tried: mend the configuration first, then run check again.\n');
  }
  return code;
}

function configLine(area: string, f: ConfigFault): CheckLine {
  const place = `${f.file}${f.line === undefined ? '' : `:${f.line}`}${f.key === '' ? '' : ` ${f.key}`}`;
  return fault(area, place, `expected ${f.expected}`, exitCodes.configuration);
}
