import type { Command } from 'commander';
import type { Settings } from '../domain/settings.js';
import { WorkingCalendar, shanghaiDay, type CalendarTable, type DescribedDay, type Span } from '../domain/working-calendar.js';
import { LocalDayStore, type LocalDayChange } from '../ledger/local-day.store.js';
import { CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatInstant, formatTable, indent } from './format-terminal.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';

interface ShownMonth {
  readonly month: string;
  readonly workingDays: number;
  readonly freeDays: number;
}

/** A day that is not what its weekday says: by the country, by config/calendar.yaml, or decided on the ops page, where that was. */
interface ShownDay extends Omit<DescribedDay, 'because'> {
  readonly by: 'national' | 'file' | 'page';
  readonly decidedBy?: string | undefined;
  readonly decidedAt?: string | undefined;
}

/** One year of the working calendar. */
export interface ShownCalendar {
  readonly year: number;
  readonly version: string;
  /** Where the national arrangement comes from. */
  readonly source: string;
  readonly workingDays: number;
  readonly months: readonly ShownMonth[];
  readonly exceptions: readonly ShownDay[];
  readonly hours: readonly { readonly from?: string | undefined; readonly spans: readonly string[] }[];
  /** Why the days decided on the ops page are not in it; absent where they are. */
  readonly withoutLedger?: string | undefined;
  readonly attention: readonly string[];
}

/** The calendar that processes go by, and what was decided on the page. */
interface InForce {
  readonly table: CalendarTable;
  readonly decided: readonly LocalDayChange[];
  readonly withoutLedger?: string | undefined;
}

const weekdays = ['日', '一', '二', '三', '四', '五', '六'];
const weekdayOf = (day: string): string => weekdays[new Date(`${day}T00:00:00Z`).getUTCDay()]!;

/** Shows a year of the working calendar as it is in force, this year without a number, and says what has to be brought. */
export async function calendarCommand(context: CliContext, yearText: string | undefined, options: { json?: boolean }): Promise<ExitCode> {
  const nowMs = context.clock.now().getTime();
  if (yearText !== undefined && !/^20\d\d$/.test(yearText)) throw new CommandFailure(`expected a year such as ${shanghaiDay(nowMs).slice(0, 4)} instead of ${yearText}`, exitCodes.usage);
  const inForce = await readInForce(context, settingsOrFail(context));
  const calendar = new WorkingCalendar(inForce.table);
  const year = Number(yearText ?? shanghaiDay(nowMs).slice(0, 4));
  if (!calendar.hasYear(year)) {
    const known = calendar.knownYears();
    throw new CommandFailure(
      `the working calendar does not hold ${year} (it holds ${known[0]} to ${known.at(-1)}): enter it from the notice of the State Council under nationalYears in config/calendar.yaml, or bring the package chinese-days up to date`,
      exitCodes.attention);
  }
  const shown = show(calendar, inForce, year, nowMs);
  if (options.json) printJson(context, shown);
  else context.out(format(shown));
  return shown.attention.length > 0 ? exitCodes.attention : exitCodes.ok;
}

/** As the processes have it; where the ledger does not answer, the file alone. */
async function readInForce(context: CliContext, settings: Settings): Promise<InForce> {
  try {
    return await withLedger(context, settings, async ({ database }) => {
      const store = new LocalDayStore(database, context.clock, settings.calendar);
      return { table: await store.inForce(), decided: (await store.decided()).filter((d) => d.kind !== 'none') };
    });
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return { table: settings.calendar, decided: [], withoutLedger: error.message };
  }
}

function show(calendar: WorkingCalendar, { decided, withoutLedger }: InForce, year: number, nowMs: number): ShownCalendar {
  const onPage = new Map(decided.map((d) => [d.day, d]));
  const days = daysOf(year).map((day) => calendar.describeDay(day));
  const months = [...new Set(days.map((d) => d.day.slice(0, 7)))].map((month) => {
    const ofMonth = days.filter((d) => d.day.startsWith(month));
    const workingDays = ofMonth.filter((d) => d.working).length;
    return { month, workingDays, freeDays: ofMonth.length - workingDays };
  });
  const { hours } = calendar.table;
  const hoursInForce = hours.filter((h, i) => (h.from === undefined || h.from <= `${year}-12-31`) && (hours[i + 1]?.from ?? '9999') > `${year}-01-01`);
  const missing = calendar.missingYear(nowMs);
  return {
    year, version: calendar.version, source: calendar.sourceOf(year)!, workingDays: days.filter((d) => d.working).length, months,
    exceptions: days.flatMap(({ because, ...d }): ShownDay[] => {
      const page = onPage.get(d.day);
      if (because === 'local') return [{ ...d, by: page ? 'page' : 'file', ...(page ? { decidedBy: page.by, decidedAt: page.at } : {}) }];
      return because === 'national' ? [{ ...d, by: 'national' }] : [];
    }),
    hours: hoursInForce.map((h) => ({ from: h.from, spans: h.spans.map(spanText) })),
    withoutLedger,
    attention: missing === undefined ? [] : [`the national arrangement of ${missing} is not there yet: enter it under nationalYears in config/calendar.yaml once the notice of the State Council is out (in November)`],
  };
}

function format(shown: ShownCalendar): string {
  const parts = [
    `${shown.year}: ${shown.workingDays} working days; national arrangement from ${shown.source}; calendar version ${shown.version}`,
    formatTable(['month', 'working days', 'free days'], shown.months.map((m) => [m.month, String(m.workingDays), String(m.freeDays)])),
    `Not as their weekday says (free 休, working 班):\n${indent(formatTable(['days', '', '', 'by', 'reason'], groups(shown.exceptions).map((g) => [
      g.length === 1 ? g[0]!.day : `${g[0]!.day}..${g.at(-1)!.day.slice(5)}`, g.map((d) => weekdayOf(d.day)).join(''), g[0]!.working ? '班' : '休', byText(g[0]!), g[0]!.reason ?? '',
    ])))}${shown.withoutLedger === undefined ? '' : `\n\nDays decided on the ops page are not in it: ${shown.withoutLedger}`}`,
    `Hours (Asia/Shanghai):\n${shown.hours.map((h) => `  ${h.from === undefined ? '' : `from ${h.from} `}${h.spans.join(', ')}`).join('\n')}`,
    shown.attention.length === 0 ? 'Nothing needs attention.' : `Needs attention:\n${shown.attention.map((a) => `  - ${a}`).join('\n')}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

const byText = (d: ShownDay): string => (d.by === 'page' ? `page: ${d.decidedBy!}, ${formatInstant(d.decidedAt!)}` : d.by);

/** Neighbouring days of the same kind, reason and decision together. */
function groups(days: readonly ShownDay[]): ShownDay[][] {
  const out: ShownDay[][] = [];
  for (const day of days) {
    const last = out.at(-1);
    const before = last?.at(-1);
    const follows = before !== undefined && Date.parse(day.day) - Date.parse(before.day) === 86_400_000;
    if (last && follows && before.working === day.working && before.reason === day.reason && before.by === day.by && before.decidedAt === day.decidedAt) last.push(day);
    else out.push([day]);
  }
  return out;
}

function daysOf(year: number): string[] {
  const out: string[] = [];
  for (let at = Date.UTC(year, 0, 1); at < Date.UTC(year + 1, 0, 1); at += 86_400_000) out.push(new Date(at).toISOString().slice(0, 10));
  return out;
}

function spanText({ fromMs, untilMs }: Span): string {
  const time = (ms: number): string => `${String(Math.floor(ms / 3_600_000)).padStart(2, '0')}:${String((ms / 60_000) % 60).padStart(2, '0')}`;
  return `${time(fromMs)}-${time(untilMs)}`;
}

/** `gateway calendar [year]`. */
export function registerCalendar(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command('calendar')
    .description('show and check a year of the working calendar 工作日历: working days, holidays, make-up days, hours')
    .argument('[year]', 'e.g. 2027; without it this year')
    .option('--json', 'for machines')
    .addHelpText('after', `
national: the State Council's notice; file: config/calendar.yaml; page: decided on the ops page, which goes over the file at once. Where
the ledger does not answer, the file's calendar is shown, and that it is that. Exit code 1 when the year, or from 1 November the next
one, is not there.

Examples:
  npm run -s gateway -- calendar
  npm run -s gateway -- calendar 2027 --json

Exit codes:
  0   ok
  1   something needs attention or failed
  2   wrong usage
  78  the configuration is faulty
`)
    .action(async (year: string | undefined, options: { json?: boolean }) => end(await calendarCommand(context, year, options)));
}
