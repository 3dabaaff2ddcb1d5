import { waitingForPersonStates } from '../domain/exchange-states.js';
import { failureCodes, type FailureCode } from '../domain/failures.js';
import { ClearanceRecordStore } from '../ledger/clearance-record.store.js';
import { ReturnViewStore } from '../ledger/return-view.store.js';
import { AlarmStore } from '../ledger/alarm.store.js';
import { exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { findingsText } from './format-completeness.js';
import { formatStatus, type ChannelStatus, type GatewayStatus } from './format-status.js';
import { settingsOrFail, withLedger, type OpenedLedger } from './open-parts.adapter.js';
import type { Settings } from '../domain/settings.js';

const caseFaultLimit = 20;
const rejectionsOfMs = 86_400_000;
const badReturnsOfMs = 30 * 86_400_000;

/** How the gateway stands, as the ledger has it; works whether or not a gateway runs. */
export async function statusCommand(context: CliContext, options: { json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const status = await withLedger(context, settings, (ledger) => gather(context, settings, ledger));
  if (options.json) printJson(context, status);
  else context.out(formatStatus(status, context.clock.now()));
  return status.attention.length > 0 ? exitCodes.attention : exitCodes.ok;
}

async function gather(context: CliContext, settings: Settings, ledger: OpenedLedger): Promise<GatewayStatus> {
  const [counts, oldest, blocked, states, watermarks, caseFaults, leases, manifests, odd, rejections] = await Promise.all([
    ledger.view.counts(), ledger.view.oldestOpen(), ledger.view.lanesBlocked(), ledger.channels.states(), ledger.capture.watermarks(),
    ledger.view.caseFaults(caseFaultLimit + 1), ledger.leases.holders(), ledger.operator.lastManifests(), ledger.operator.oddAcknowledgements(),
    ledger.rejections.since(new Date(context.clock.now().getTime() - rejectionsOfMs).toISOString()),
  ]);
  const compared = (await Promise.all(settings.streamDefinitions.map((s) => ledger.completeness.runs(1, { stream: s.stream })))).flat();
  const [packages, mirrored, alarms] = await Promise.all([ledger.handOvers.list(), ledger.mirror.counts(), new AlarmStore(ledger.database, context.clock).open()]);
  const owing = await new ClearanceRecordStore(ledger.database, context.clock).owing();
  const returns = new ReturnViewStore(ledger.database);
  const badReturns = await Promise.all(settings.channels.filter((c) => c.enabled && c.returns).map(async ({ channel }) => ({ channel, count: (await returns.unmended(channel, new Date(context.clock.now().getTime() - badReturnsOfMs).toISOString())).length })));
  const configured = settings.channels.filter((c) => c.enabled).map((c) => c.channel);
  const names = [...new Set([...configured, ...states.map((s) => s.channel), ...counts.map((c) => c.channel)])];
  const channels = names.map((channel): ChannelStatus => {
    const state = states.find((s) => s.channel === channel);
    return {
      channel,
      configured: configured.includes(channel),
      counts: Object.fromEntries(counts.filter((c) => c.channel === channel).map((c) => [c.state, c.count])),
      oldestOpenMs: oldest.find((o) => o.channel === channel)?.ageMs,
      lanesBlocked: blocked.find((b) => b.channel === channel)?.count ?? 0,
      paused: state?.paused === true ? { reason: state.pausedReason } : undefined,
      breaker: state?.breaker === 'open' ? { since: state.openedAt, probeAt: state.probeAt, code: state.failureCode, detail: state.failureDetail, remedy: remedyOf(state.failureCode) } : undefined,
      lastSuccessAt: state?.lastSuccessAt,
      lastManifest: manifests.find((m) => m.channel === channel),
      oddAcknowledgements: Object.fromEntries(odd.filter((o) => o.channel === channel).map((o) => [o.class, o.count])),
    };
  });
  const streams = watermarks.map((w) => ({
    stream: w.stream, polledAt: w.polledAt, movedAt: w.movedAt,
    // Only a ceiling that stands is held back: one that moves shows transactions that come and go.
    heldBackSince: w.heldBack ? w.ceilingSince : undefined,
    fault: w.faultCode === undefined ? undefined : { code: w.faultCode, detail: w.faultDetail, since: w.faultSince, remedy: remedyOf(w.faultCode) },
  }));
  const standingMs = settings.capture.standingAlarmMs;
  const now = context.clock.now().getTime();
  const untended = alarms.filter((a) => a.acknowledgedBy === undefined).length;
  const attention = [
    ...(untended > 0 ? [`${untended} ${untended === 1 ? 'alarm stands' : 'alarms stand'} (gateway alarms)`] : []),
    ...channels.flatMap((c) => [
      ...(c.paused ? [`channel ${c.channel} is paused`] : []),
      ...(c.breaker ? [`channel ${c.channel} stands still: ${c.breaker.code ?? 'its breaker is open'}`] : []),
      ...waitingForPersonStates.flatMap((s) => ((c.counts[s] ?? 0) > 0 ? [`channel ${c.channel}: ${c.counts[s]} ${s}`] : [])),
      ...packages.filter((p) => p.channel === c.channel && p.state === 'open').map((p) => `channel ${c.channel} stands still: package ${p.id} is carried by hand; confirm or cancel it (gateway hand-over)`),
      ...mirrored.filter((m) => m.channel === c.channel).map((m) => `channel ${c.channel}: ${m.count} ${m.kind} on the staging machine (gateway mirror)`),
      ...Object.entries(c.oddAcknowledgements).map(([name, n]) => `channel ${c.channel}: ${n} ${name} acknowledgements`),
    ]),
    ...streams.flatMap((s) => [
      ...(s.fault ? [`stream ${s.stream} cannot be read: ${s.fault.code}`] : []),
      ...(s.heldBackSince !== undefined && now - Date.parse(s.heldBackSince) > standingMs ? [`stream ${s.stream} is held back by an open transaction in the bureau`] : []),
    ]),
    ...(caseFaults.length > 0 ? [`${caseFaults.length > caseFaultLimit ? `more than ${caseFaultLimit}` : caseFaults.length} cases cannot be read`] : []),
    ...compared.flatMap((r) => [
      ...(r.outcome === 'failed' ? [`stream ${r.stream}: the last comparison of the bureau with the ledger failed (gateway completeness)`] : []),
      ...(Object.values(r.figures?.findings ?? {}).some((n) => n > 0) ? [`stream ${r.stream}: the last comparison found ${findingsText(r.figures)} (gateway completeness)`] : []),
    ]),
    // Who names a channel that exists may well be the center, with a secret of yesterday.
    ...configured.flatMap((channel) => {
      const ofChannel = rejections.filter((r) => r.channel === channel);
      return ofChannel.length === 0 ? [] : [`channel ${channel}: ${ofChannel.reduce((n, r) => n + r.count, 0)} requests were not let in within a day (${[...new Set(ofChannel.map((r) => r.reason))].join(', ')})`];
    }),
    ...badReturns.filter((b) => b.count > 0).map((b) => `channel ${b.channel}: ${b.count} returned files were refused or do not agree with their control file (gateway returns)`),
    ...(settings.writeBack.url !== undefined && owing.failure !== undefined ? [`${owing.count} clearances are not in the bureau's return table: ${owing.failure} (gateway clearance)`] : []),
    ...(leases.length === 0 ? ['no gateway holds a lease: none with the scheduler role seems to run'] : []),
  ];
  return { at: context.clock.iso(), channels, streams, compared, caseFaults: caseFaults.slice(0, caseFaultLimit), moreCaseFaults: caseFaults.length > caseFaultLimit, rejections, leases, alarms: alarms.map(({ key, severity, since, text, remedy, acknowledgedBy }) => ({ key, severity, since, text, remedy, acknowledgedBy })), attention };
}

function remedyOf(code: string | undefined): string | undefined {
  return code !== undefined && code in failureCodes ? failureCodes[code as FailureCode].remedy : undefined;
}
