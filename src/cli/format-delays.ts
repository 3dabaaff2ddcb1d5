import { formatDuration } from '../domain/format-duration.js';
import type { Delays, EventShares } from '../domain/exchange-delays.js';
import { shanghai } from './format-clock.js';
import { formatTable, indent } from './format-terminal.js';

/** Whose time each reported event took, and what the exchange caused. */
export function formatDelays(delays: Delays): string {
  if (delays.events.length === 0) return 'Nothing of this case was reported to anybody.\n';
  const table = formatTable(
    ['exchange', 'channel', 'event', 'happened', 'bureau → captured', 'gateway → staged', 'staging → picked up', 'center → accepted', ''],
    delays.events.map((e) => [e.exchangeId, e.channel, name(e), shanghai(e.happenedAt), formatDuration(e.bureauMs), formatDuration(e.gatewayMs), formatDuration(e.stagingMs), formatDuration(e.centerMs), e.waitsAt === undefined ? '' : `waits: ${e.waitsAt}`]));
  const caused = delays.caused.map((d) => `${d.channel} must have seen ${d.level} from ${shanghai(d.at)} on; by what had happened it was ${d.ours ?? 'in time'}. Caused by the exchange: ${d.late.map((e) => `${name(e)} (exchange ${e.exchangeId}) was captured before and ${e.acceptedAt === undefined ? 'is not accepted yet' : `accepted only ${shanghai(e.acceptedAt)}`}`).join('; ')}.`);
  return `Whose time it was:\n${indent(table)}\n${caused.length === 0 ? 'No level was caused by the exchange.\n' : `\n${caused.join('\n')}\n`}`;
}

const name = (e: EventShares): string => `${e.event}${e.sequence === '1' ? '' : ` ${e.sequence}`}${e.version > 1 ? ` v${e.version}` : ''}`;
