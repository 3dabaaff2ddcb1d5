import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import { nationalYears } from '../../platform/calendar/national-years.adapter.js';
import type { CenterCase, MessageEntry } from './center-case.store.js';
import { judgeClock, type SupervisedCase, type WorkingDays } from './judge-clock.js';
import { withMessage } from './read-message.js';
import { readIfThere } from './staged-files.adapter.js';
import { tellErrorCode } from './tell-error-code.js';
import { writeCenterTime } from './write-center-time.js';

/** What the supervising side does otherwise than it should; may be changed while it runs. */
export interface SupervisionFaults {
  /** Counts Monday to Friday, without holidays and make-up days. */
  plainWeek: boolean;
  /** Takes no suspension off. */
  ignoreSuspensions: boolean;
  /** Goes by this committed limit instead of the one reported. */
  otherCommitted: number | undefined;
  /** Cases whose cards it does not list. */
  leaveOut: (caseNo: string) => boolean;
  /** Each spoils the next file; the right one follows with the next call. */
  bad: ('truncated' | 'unknown-code')[];
}

export const noSupervisionFaults = (): SupervisionFaults => ({ plainWeek: false, ignoreSuspensions: false, otherCommitted: undefined, leaveOut: () => false, bad: [] });

export interface SupervisingSettings {
  readonly stagingDir: string;
  readonly now: () => Date;
  readonly cases: () => readonly CenterCase[];
  /** Where a message was put, below the staging directory. */
  readonly pathOf: (manifest: number, fileName: string) => string | undefined;
}

/** A card of its own. */
interface Given {
  readonly number: string;
  readonly caseNo: string;
  readonly result: number;
  readonly used: number;
  readonly committed: number;
  readonly statutory: number;
  readonly at: string;
}

/**
 * The supervising side of one channel: counts the clock of each case from what it accepted, in its own simple way, and returns its
 * cards and queries as files. What it wrote before a restart it writes again, under the same numbers.
 */
export class SupervisingSide {
  private readonly given = new Map<string, Given>();
  private readonly asked = new Set<string>();
  private readonly files: string[] = [];
  private readonly toMend: { name: string; text: string }[] = [];
  private running: Promise<number> | undefined;

  constructor(private readonly settings: SupervisingSettings, readonly faults: SupervisionFaults) {}

  /** Names of the files that were put so far. */
  names(): readonly string[] {
    return this.files;
  }

  cards(): readonly Given[] {
    return [...this.given.values()];
  }

  /** Judges every case anew and writes a file of the cards that are new, and one of the queries; gives how many files. */
  async returnNow(): Promise<number> {
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  /** Codes of the receipts that lie there, by the name of the file that they answer. */
  async receipts(): Promise<Map<string, string>> {
    const dir = join(this.settings.stagingDir, 'receipt');
    const names = await readdir(dir).catch((error: unknown) => {
      if (tellErrorCode(error) === 'ENOENT') return [];
      throw error;
    });
    const of = (text: string, element: string): string => new RegExp(`<${element}>([^<]*)</${element}>`).exec(text)?.[1] ?? '';
    const texts = await Promise.all(names.filter((n) => !n.startsWith('.')).sort().map((n) => readFile(join(dir, n), 'utf8')));
    return new Map(texts.map((text) => [of(text, 'WJM'), of(text, 'DM')]));
  }

  private async run(): Promise<number> {
    const { now } = this.settings;
    for (const file of this.toMend.splice(0)) await this.put(file.name, file.text);
    const { day, time } = writeCenterTime(now());
    const stamp = time.replace('T', '');
    const fresh: Given[] = [];
    for (const known of this.settings.cases()) {
      const supervised = await this.read(known);
      if (!supervised || this.faults.leaveOut(known.caseNo)) continue;
      const { used, result } = judgeClock(supervised, now().getTime(), this.workingDays());
      if (result === 0 || (this.given.get(known.caseNo)?.result ?? 0) >= result) continue;
      const card: Given = { number: `JC${numberOf(`${known.caseNo} ${result}`)}`, caseNo: known.caseNo, result, used, committed: supervised.committed, statutory: supervised.statutory, at: stamp };
      this.given.set(known.caseNo, card);
      fresh.push(card);
    }
    const asking = fresh.filter((c) => c.result === 3 && !this.asked.has(c.caseNo)).slice(0, 3);
    for (const c of asking) this.asked.add(c.caseNo);
    const files = [
      ...(fresh.length > 0 ? [{ name: `cards-${stamp}`, text: document('JC_CARDS', 'cards', `cards-${stamp}`, day, stamp, fresh.map(writeCard)) }] : []),
      ...(asking.length > 0 ? [{ name: `queries-${stamp}`, text: document('JC_QUERIES', 'queries', `queries-${stamp}`, day, stamp, asking.map((c) => writeQuery(c, stamp))) }] : []),
    ];
    for (const { name, text } of files) await this.send(`${name}.1.xml`, text);
    return files.length;
  }

  private workingDays(): WorkingDays {
    const named = new Map(this.faults.plainWeek ? [] : nationalYears().flatMap((y) => y.days.map((d) => [d.day, d.working] as const)));
    return (day) => named.get(day) ?? ![0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());
  }

  /** A case as it was told; undefined where it was not accepted, was taken back, or has no limit in working days. */
  private async read(known: CenterCase): Promise<SupervisedCase | undefined> {
    const of = (message: string): MessageEntry[] => known.records.filter((r) => r.message === message && r.operation !== 'D');
    if (known.records.some((r) => r.message === 'result' && r.operation === 'D' && (known.records.find((o) => o.message === 'acceptance')?.order ?? 0) < (r.order ?? 0))) return undefined;
    const fields = (entry: MessageEntry | undefined): Promise<((name: string) => string | undefined) | undefined> => this.fieldsOf(entry);
    const acceptance = await fields(of('acceptance')[0]);
    if (!acceptance || acceptance('PROMISES_LIMIT_UNIT') !== '1') return undefined;
    const result = await fields(of('result')[0]);
    const ends = new Map(await Promise.all(of('special-end').map(async (e) => [e.sequence, (await fields(e))?.('END_DATE')] as const)));
    const pauses = this.faults.ignoreSuspensions ? [] : await Promise.all(of('special-start').map(async (e) => {
      const start = await fields(e);
      return { fromMs: momentOf(start?.('START_DATE')) ?? Infinity, untilMs: momentOf(ends.get(e.sequence)), days: Number(start?.('SPECIAL_TIMELIMIT') ?? 0) };
    }));
    // What was withdrawn, returned or void gets no card any more.
    if (result && result('PROJECT_STATE') !== '6') return undefined;
    const acceptedMs = momentOf(acceptance('ACCEPT_TIME'));
    if (acceptedMs === undefined) return undefined;
    return { caseNo: known.caseNo, acceptedMs, closedMs: momentOf(result?.('END_TIME')), committed: this.faults.otherCommitted ?? Number(acceptance('PROMISES_LIMIT') ?? 0), statutory: Number(acceptance('TIME_LIMIT') ?? 0), pauses };
  }

  private async fieldsOf(entry: MessageEntry | undefined): Promise<((name: string) => string | undefined) | undefined> {
    const path = entry && this.settings.pathOf(entry.manifest, entry.fileName);
    const bytes = path === undefined ? undefined : await readIfThere(join(this.settings.stagingDir, path));
    if (bytes === undefined) return undefined;
    const wanted = ['ACCEPT_TIME', 'PROMISES_LIMIT', 'PROMISES_LIMIT_UNIT', 'TIME_LIMIT', 'START_DATE', 'SPECIAL_TIMELIMIT', 'END_DATE', 'END_TIME', 'PROJECT_STATE'];
    const values = withMessage(bytes, (message) => new Map(wanted.map((name) => [name, message.field(name)])));
    return (name) => values.get(name);
  }

  private async send(name: string, text: string): Promise<void> {
    const bad = this.faults.bad.shift();
    if (bad === undefined) return this.put(name, text);
    this.toMend.push({ name, text });
    await this.put(name, bad === 'truncated' ? text.slice(0, Math.floor(text.length / 2)) : text.replace(/<RESULT>\d</, '<RESULT>8<'));
  }

  private async put(name: string, text: string): Promise<void> {
    const dir = join(this.settings.stagingDir, 'return');
    await mkdir(dir, { recursive: true });
    const temporary = join(dir, `.${name}.part`);
    await writeFile(temporary, iconv.encode(text, 'gb18030'), { mode: 0o640 });
    await rename(temporary, join(dir, name));
    if (!this.files.includes(name)) this.files.push(name);
  }
}

const numberOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 14);

/** `YYYYMMDDhhmmss` in Shanghai as epoch milliseconds. */
function momentOf(text: string | undefined): number | undefined {
  const m = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text ?? '');
  return m ? Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}+08:00`) : undefined;
}

function document(root: string, type: string, fileId: string, day: string, stamp: string, rows: readonly string[]): string {
  return `<?xml version="1.0" encoding="GB18030"?>\n<${root}>\n<HEAD><FILE_TYPE>${type}</FILE_TYPE><FILE_ID>${fileId}</FILE_ID><ISSUE>1</ISSUE><DAY>${day}</DAY><COUNT>${rows.length}</COUNT><MADE_TIME>${stamp}</MADE_TIME></HEAD>\n${rows.join('\n')}\n</${root}>\n`;
}

const writeCard = (c: Given): string =>
  `<CARD><SUPERVISE_NO>${c.number}</SUPERVISE_NO><INSTANCE_CODE>${c.caseNo}</INSTANCE_CODE><SUPERVISE_TYPE>1011</SUPERVISE_TYPE><OBJECT_TYPE>1</OBJECT_TYPE><OBJECT_ID>1</OBJECT_ID><RESULT>${c.result}</RESULT><STATE>Y</STATE><STATE_TIME>${c.at}</STATE_TIME>` +
  `<TIME_LIMIT>${c.statutory}</TIME_LIMIT><PROMISES_LIMIT>${c.committed}</PROMISES_LIMIT><TIME_USE>${c.used}</TIME_USE><RESULT_EXPLAIN>${['正常', '预警', '黄牌', '红牌'][c.result]!}</RESULT_EXPLAIN></CARD>`;

const writeQuery = (c: Given, stamp: string): string =>
  `<QUERY><SUPERVISE_NO>DB${numberOf(`${c.caseNo} query`)}</SUPERVISE_NO><INSTANCE_CODE>${c.caseNo}</INSTANCE_CODE><CONTENT>该件已超过法定时限，请说明原因</CONTENT><ORG>省电子监察中心</ORG><SEND_TIME>${stamp}</SEND_TIME><RESULT>${c.result}</RESULT></QUERY>`;
