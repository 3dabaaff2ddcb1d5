import type { Command } from 'commander';
import { WorkingCalendar, shanghaiDay, type DescribedDay, type Span } from '../domain/working-calendar.js';
import { CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatTable, indent } from './format-terminal.js';
import { settingsOrFail } from './open-parts.adapter.js';

interface ShownMonth {
  readonly month: string;
  readonly workingDays: number;
  readonly freeDays: number;
}

/** One year of the working calendar. */
export interface ShownCalendar {
  readonly year: number;
  readonly version: string;
  /** Where the national arrangement comes from. */
  readonly source: string;
  readonly workingDays: number;
  readonly months: readonly ShownMonth[];
  /** Days that are not what their weekday says. */
  readonly exceptions: readonly DescribedDay[];
  readonly hours: readonly { readonly from?: string | undefined; readonly spans: readonly string[] }[];
  readonly attention: readonly string[];
}

const weekdays = ['日', '一', '二', '三', '四', '五', '六'];
const weekdayOf = (day: string): string => weekdays[new Date(`${day}T00:00:00Z`).getUTCDay()]!;

/** Shows a year of the working calendar, this year without a number, and says what has to be brought. */
export function calendarCommand(context: CliContext, yearText: string | undefined, options: { json?: boolean }): ExitCode {
  const nowMs = context.clock.now().getTime();
  if (yearText !== undefined && !/^20\d\d$/.test(yearText)) throw new CommandFailure(`expected a year such as ${shanghaiDay(nowMs).slice(0, 4)} instead of ${yearText}`, exitCodes.usage);
  const calendar = new WorkingCalendar(settingsOrFail(context).calendar);
  const year = Number(yearText ?? shanghaiDay(nowMs).slice(0, 4));
  if (!calendar.hasYear(year)) {
    const known = calendar.knownYears();
    throw new CommandFailure(
      `the working calendar does not hold ${year} (it holds ${known[0]} to ${known.at(-1)}): enter it from the notice of the State Council under nationalYears in config/calendar.yaml, or bring the package chinese-days up to date`,
      exitCodes.attention);
  }
  const shown = show(calendar, year, nowMs);
  if (options.json) printJson(context, shown);
  else context.out(format(shown));
  return shown.attention.length > 0 ? exitCodes.attention : exitCodes.ok;
}

function show(calendar: WorkingCalendar, year: number, nowMs: number): ShownCalendar {
  const days = daysOf(year).map((day) => calendar.describeDay(day));
  const months = [...new Set(days.map((d) => d.day.slice(0, 7)))].map((month) => {
    const ofMonth = days.filter((d) => d.day.startsWith(month));
    const workingDays = ofMonth.filter((d) => d.working).length;
    return { month, workingDays, freeDays: ofMonth.length - workingDays };
  });
  const { hours } = calendar.table;
  const inForce = hours.filter((h, i) => (h.from === undefined || h.from <= `${year}-12-31`) && (hours[i + 1]?.from ?? '9999') > `${year}-01-01`);
  const missing = calendar.missingYear(nowMs);
  return {
    year, version: calendar.version, source: calendar.sourceOf(year)!, workingDays: days.filter((d) => d.working).length, months,
    exceptions: days.filter((d) => d.because === 'national' || d.because === 'local'),
    hours: inForce.map((h) => ({ from: h.from, spans: h.spans.map(spanText) })),
    attention: missing === undefined ? [] : [`the national arrangement of ${missing} is not there yet: enter it under nationalYears in config/calendar.yaml once the notice of the State Council is out (in November)`],
  };
}

function format(shown: ShownCalendar): string {
  const parts = [
    `${shown.year}: ${shown.workingDays} working days; national arrangement from ${shown.source}; calendar version ${shown.version}`,
    formatTable(['month', 'working days', 'free days'], shown.months.map((m) => [m.month, String(m.workingDays), String(m.freeDays)])),
    `Not as their weekday says (free 休, working 班):\n${indent(formatTable(['days', '', '', 'by', 'reason'], groups(shown.exceptions).map((g) => [
      g.length === 1 ? g[0]!.day : `${g[0]!.day}..${g.at(-1)!.day.slice(5)}`, g.map((d) => weekdayOf(d.day)).join(''), g[0]!.working ? '班' : '休', g[0]!.because, g[0]!.reason ?? '',
    ])))}`,
    `Hours (Asia/Shanghai):\n${shown.hours.map((h) => `  ${h.from === undefined ? '' : `from ${h.from} `}${h.spans.join(', ')}`).join('\n')}`,
    shown.attention.length === 0 ? 'Nothing needs attention.' : `Needs attention:\n${shown.attention.map((a) => `  - ${a}`).join('\n')}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Neighbouring days of the same kind and reason together. */
function groups(days: readonly DescribedDay[]): DescribedDay[][] {
  const out: DescribedDay[][] = [];
  for (const day of days) {
    const last = out.at(-1);
    const before = last?.at(-1);
    const follows = before !== undefined && Date.parse(day.day) - Date.parse(before.day) === 86_400_000;
    if (last && follows && before.working === day.working && before.reason === day.reason && before.because === day.because) last.push(day);
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
Exit code 1 when the year, or from 1 November the next one, is not there.

Examples:
  npm run -s gateway -- calendar
  npm run -s gateway -- calendar 2027 --json

Exit codes:
  0   ok
  1   something needs attention or failed
  2   wrong usage
  78  the configuration is faulty
`)
    .action((year: string | undefined, options: { json?: boolean }) => end(calendarCommand(context, year, options)));
}
