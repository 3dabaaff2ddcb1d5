import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { exchangeStates, type ExchangeState } from '../domain/exchange-states.js';
import { describeReplay } from '../ledger/plan-replay.js';
import type { ReplayFilter, ReplayLine, ReplayOutcome } from '../ledger/replay.store.js';
import { channelOrFail } from './channel-of.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatInstant, formatTable, indent, plural } from './format-terminal.js';
import { helpText } from './help-text.js';
import { ring, settingsOrFail, withLedger, type OpenedLedger } from './open-parts.adapter.js';
import { parseMoment } from './parse-moment.js';

export interface ReplayOptions {
  readonly from?: string;
  readonly to?: string;
  readonly by?: string;
  readonly channel?: string;
  readonly case?: string;
  readonly event?: string;
  readonly state?: readonly string[];
  readonly manifest?: string;
  readonly plan?: string;
  readonly report?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What a replay comes to, or came to; the plan and the report have the same lines. */
export interface ReplayReport {
  readonly done: boolean;
  readonly at: string;
  readonly total: number;
  readonly sent: number;
  readonly accepted: number;
  readonly lanes: number;
  readonly channels: readonly string[];
  readonly counts: readonly { readonly state: string; readonly what: string; readonly count: number }[];
  /** Only of a run: whether everything went as planned, and what had moved since the plan. */
  readonly equalsPlan?: boolean;
  readonly moved?: readonly string[];
  readonly rung?: boolean;
  readonly exchanges: readonly (ReplayLine | ReplayOutcome)[];
}

/** Lines that are named in text; the report file names all. */
const named = 20;

/** Says what would be sent again; with `yes` does it and reports every exchange of the plan with what became of it. */
export async function replayCommand(context: CliContext, ids: readonly string[], options: ReplayOptions): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  if (options.channel !== undefined) channelOrFail(settings, options.channel);
  const saved = options.plan === undefined ? undefined : readPlan(options.plan);
  if (saved !== undefined && options.yes !== true) throw new CommandFailure('--plan runs a saved plan: add --yes', exitCodes.usage);
  const filter = saved === undefined ? filterOf(ids, options) : undefined;
  const report = await withLedger(context, settings, async (ledger): Promise<ReplayReport> => {
    const plan = saved ?? (await planOf(ledger, filter!));
    const base = summarize(plan, context.clock.iso());
    if (options.yes !== true) return base;
    const outcomes = await runReplay(ledger, plan, actorOf(context), (done) => context.err(`After ${plural(done, 'exchange')} it stopped; run the same command again for the rest.\n`));
    const moved = outcomes.filter((o) => o.outcome === 'moved').map((o) => o.id);
    return { ...base, done: true, equalsPlan: moved.length === 0, moved, exchanges: outcomes };
  });
  const channels = [...new Set(report.exchanges.filter((e) => e.step.action !== 'none').map((e) => e.channel))];
  const rung = report.done && channels.length > 0 ? await ring(settings, ['render', 'deliver'], channels) : undefined;
  const full = rung === undefined ? report : { ...report, rung };
  const missing = ids.filter((id) => !report.exchanges.some((e) => e.id === id));
  if (options.report !== undefined) writeFileSync(options.report, `${JSON.stringify(full, null, 2)}\n`);
  if (options.json) printJson(context, { ...full, missing });
  else context.out(formatReplay(full, missing, options.report, filter?.window));
  return missing.length > 0 || report.total === 0 || report.equalsPlan === false ? exitCodes.attention : exitCodes.ok;
}

/** Does a plan; `stopped` is called with how far it came when an error ends it. */
export async function runReplay(ledger: OpenedLedger, plan: readonly ReplayLine[], actor: string, stopped: (done: number) => void): Promise<ReplayOutcome[]> {
  const outcomes: ReplayOutcome[] = [];
  try {
    for await (const batch of ledger.replay.perform(plan, actor)) outcomes.push(...batch);
  } catch (error) {
    if (outcomes.length > 0) stopped(outcomes.length);
    throw error;
  }
  return outcomes;
}

export async function planOf(ledger: OpenedLedger, filter: ReplayFilter): Promise<ReplayLine[]> {
  const plan: ReplayLine[] = [];
  for await (const page of ledger.replay.plan(filter)) plan.push(...page);
  return plan;
}

export function summarize(plan: readonly ReplayLine[], at: string): ReplayReport {
  const counts = new Map<string, { state: string; what: string; count: number }>();
  for (const l of plan) {
    const what = describeReplay(l.step);
    const key = `${l.state}\u0000${what}`;
    counts.set(key, { state: l.state, what, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const acting = plan.filter((l) => l.step.action !== 'none');
  return {
    done: false, at, total: plan.length, sent: acting.length, accepted: plan.filter((l) => l.state === 'accepted').length,
    lanes: new Set(acting.map((l) => `${l.channel}\u0000${l.caseNo}`)).size, channels: [...new Set(acting.map((l) => l.channel))].sort(),
    counts: [...counts.values()].sort((a, b) => exchangeStates.indexOf(a.state as ExchangeState) - exchangeStates.indexOf(b.state as ExchangeState)), exchanges: plan,
  };
}

function filterOf(ids: readonly string[], o: ReplayOptions): ReplayFilter {
  const usage = (text: string): never => { throw new CommandFailure(text, exitCodes.usage); };
  const wrong = ids.find((id) => !/^[1-9]\d{0,17}$/.test(id));
  if (wrong !== undefined) usage(`${wrong} is not the number of an exchange; for a case use --case ${wrong}`);
  if (ids.length > 1_000) usage('at most 1000 exchange numbers at a time; for more use the filters');
  if (ids.length === 0 && [o.from, o.to, o.channel, o.case, o.event, o.state, o.manifest].every((f) => f === undefined)) usage('say what to replay: exchange numbers, or --from, --to, --channel, --case, --event, --state, --manifest');
  const moment = (name: string, text: string | undefined): string | undefined =>
    text === undefined ? undefined : (parseMoment(text) ?? usage(`--${name} ${text} is no time; expected 2026-11-23, "2026-11-23 09:30" (Asia/Shanghai) or a time with zone`));
  const [from, to] = [moment('from', o.from), moment('to', o.to)];
  if (from !== undefined && to !== undefined && from >= to) usage('--from has to be before --to');
  const by = o.by ?? 'captured';
  if (by !== 'captured' && by !== 'staged') return usage(`--by ${by}: expected captured or staged`);
  const manifest = o.manifest === undefined ? undefined : /^(?:M0*)?([1-9]\d{0,17})(?:\.xml)?$/.exec(o.manifest)?.[1];
  if (o.manifest !== undefined && (manifest === undefined || o.channel === undefined)) usage('--manifest wants a number (or M0000000012.xml) and --channel');
  const states = o.state?.flatMap((s) => s.split(','));
  const unknown = states?.find((s) => !(exchangeStates as readonly string[]).includes(s));
  if (unknown !== undefined) usage(`there is no state ${unknown}; expected ${exchangeStates.join(', ')}`);
  return {
    ...(ids.length > 0 ? { ids } : {}), channel: o.channel, caseNo: o.case, event: o.event, states: states as ExchangeState[] | undefined, manifestSeq: manifest,
    ...(from === undefined && to === undefined ? {} : { window: { by, from, to } }),
  };
}

function readPlan(file: string): ReplayLine[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandFailure(`${file} cannot be read as a plan: ${error instanceof Error ? error.message : String(error)}`, exitCodes.usage);
  }
  const { done, exchanges } = (parsed ?? {}) as Partial<ReplayReport>;
  if (done !== false || !Array.isArray(exchanges) || exchanges.some((e: Partial<ReplayLine>) => typeof e.id !== 'string' || !/^[1-9]\d{0,17}$/.test(e.id) || typeof e.step?.action !== 'string')) {
    throw new CommandFailure(`${file} is no plan; expected what replay --report writes without --yes`, exitCodes.usage);
  }
  return exchanges as ReplayLine[];
}

function formatReplay(r: ReplayReport, missing: readonly string[], file: string | undefined, window: ReplayFilter['window']): string {
  const parts: string[] = [];
  if (r.total === 0) parts.push(`Nothing matches${tellWindow(window)}.`);
  else {
    parts.push(`${r.done ? 'Of' : 'Would act on'} ${plural(r.sent, 'exchange')} of ${r.total} in ${plural(r.lanes, 'lane')}${r.channels.length > 0 ? ` (${r.channels.join(', ')})` : ''}; ${r.accepted} accepted and therefore not sent:\n${indent(formatTable(['count', 'state', 'what'], r.counts.map((c) => [String(c.count), c.state, c.what])))}`);
    const shown = r.exchanges.slice(0, named);
    parts.push(`${indent(formatTable(['exchange', 'channel', 'case', 'event', r.done ? 'outcome' : 'plan'], shown.map((e) => [e.id, e.channel, e.caseNo, `${e.event} v${e.version}`, 'text' in e ? `${e.outcome}: ${e.text}${e.newId === undefined ? '' : ` (exchange ${e.newId})`}` : describeReplay(e.step)])))}${r.exchanges.length > named ? `\n  ... ${r.exchanges.length - named} more${file === undefined ? '; --report FILE lists all' : ''}` : ''}`);
  }
  if (r.equalsPlan === true) parts.push('Everything went as planned.');
  if (r.equalsPlan === false) parts.push(`${plural(r.moved!.length, 'exchange')} had moved since the plan and ${r.moved!.length === 1 ? 'was' : 'were'} left alone: ${r.moved!.slice(0, named).join(', ')}${r.moved!.length > named ? ', ...' : ''}`);
  if (missing.length > 0) parts.push(`Not in the ledger, or not matched by the other filters: ${missing.join(', ')}`);
  if (file !== undefined) parts.push(`${r.done ? 'Report' : 'Plan'} with every exchange: ${file}`);
  if (r.rung === false) parts.push('The queue did not take the ring; the running gateway finds the work by itself within a second or so.');
  if (!r.done && r.sent > 0) parts.push('Nothing was changed. Add --yes to do it.');
  return `${parts.join('\n\n')}\n`;
}

/** A day that was typed begins at midnight: where nothing matches, whoever typed it should see that. */
function tellWindow(window: ReplayFilter['window']): string {
  if (window === undefined) return '';
  const { by, from, to } = window;
  return ` what was ${by}${from === undefined ? '' : ` from ${formatInstant(from)}`}${to === undefined ? '' : ` before ${formatInstant(to)}`}`;
}

export function registerReplay(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('replay')
    .description('send again what got lost on the way, by time window or filter; without --yes only says what it would do')
    .argument('[exchange...]', 'exchange numbers')
    .option('--from <time>', 'from this time on, e.g. "2026-11-23 09:00" (Asia/Shanghai)')
    .option('--to <time>', 'before this time')
    .option('--by <what>', 'which time is meant: captured (default) or staged')
    .option('--channel <name>', 'of this channel')
    .option('--case <number>', 'of this case')
    .option('--event <name>', 'of this event')
    .option('--state <states...>', 'in these states')
    .option('--manifest <number>', 'listed in this manifest of the channel')
    .option('--report <file>', 'write the plan (with --yes: the report) with every exchange as JSON')
    .option('--plan <file>', 'run exactly the plan that --report wrote before')
    .option('--yes', 'do it')
    .option('--json', 'for machines')
    .addHelpText('after', helpText(`staged, picked up   sent again with the same bytes, id and name; delivery looks at the staging machine first
captured, rendered  due anyway: the workers are woken
parked, refused     as retry does
accepted            never sent
What moves between plan and run is left alone and named.`, 'replay --channel center --from "2026-11-23 09:00" --to "2026-11-23 11:00" --by staged', 'replay --channel center --manifest 412 --report plan.json', 'replay --plan plan.json --yes --report report.json', 'replay 4711 4712 --yes'))
    .action(async (ids: string[], options: ReplayOptions) => end(await replayCommand(context, ids, options)));
}
