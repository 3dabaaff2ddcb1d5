import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { composeReturns, type DifferenceRates, type HeldCase, type Planted } from './compose-returns.js';
import { JsonLinesFile } from './json-lines-file.adapter.js';
import { digestOf } from './staged-files.adapter.js';
import { tamperWith, type BadInput } from './tamper-with.js';
import { tellErrorCode } from './tell-error-code.js';
import { writeCenterTime } from './write-center-time.js';
import { feeTotals, taxTotals, writeControlFile, writeFeeFile, writeTaxFile, type CenterContract, type CenterFee, type FeeTotals, type FileHead, type ReturnedFileFacts } from './write-return-files.js';

/** What goes wrong with the way back of fees and taxes; may be changed while it runs. */
export interface ReturnFaults {
  /** Differences between the books, each 0..1 per case; at most one a case. */
  rates: DifferenceRates;
  /** Each spoils the next file, in this order; the right file follows with the next call unless it says otherwise. */
  bad: BadInput[];
  /** The control file goes before the files that it lists. */
  controlFirst: boolean;
}

export interface ReturnFilesSettings {
  readonly stagingDir: string;
  readonly journalPath: string;
  readonly encoding: 'UTF-8' | 'GB18030';
  readonly unitCode: string;
  readonly authorityCode: string;
  readonly seed: number;
  readonly faults: ReturnFaults;
  readonly now: () => Date;
  /** Cases that the center accepted, in any order. */
  readonly accepted: () => readonly string[];
  /** What is to be paid for a case; the payment system knows it from the bureau. Undefined: nothing known yet. */
  readonly chargesOf: (caseNo: string) => Promise<HeldCase | undefined>;
}

interface DayFile extends ReturnedFileFacts {
  readonly kind: 'fee' | 'tax';
  readonly counts: readonly [number, number, number];
  /** Fen as decimal text. */
  readonly fens: readonly [string, string, string];
}

/** One run: what it took up, what it wrote, what it keeps for the next day. */
interface Returned {
  readonly day: string;
  readonly cases: readonly string[];
  readonly files: readonly DayFile[];
  readonly planted: readonly Planted[];
  readonly later: string;
  /** The files as they went out, so that a run that was cut short sends the same bytes again. */
  readonly outbox: readonly { readonly name: string; readonly base64: string }[];
}

/** Ends a run: its files were put. */
interface Sent {
  readonly sent: true;
}

/** A receipt as the center reads it. */
export interface ReadReceipt {
  readonly name: string;
  readonly file: string;
  readonly result: string;
  readonly code: string;
}

const fenText = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
const textFen = (_key: string, value: unknown): unknown => (typeof value === 'string' && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value);

/** Returns fee, tax and control files for what the center accepted, and reads the receipts for them; goes on after a restart. */
export class ReturnFiles {
  private readonly returned = new Set<string>();
  private readonly days = new Map<string, { files: DayFile[]; issue: number }>();
  private readonly plantedSoFar: Planted[] = [];
  private readonly sent = new Set<string>();
  private later: { fees: readonly CenterFee[]; contracts: readonly CenterContract[] } = { fees: [], contracts: [] };
  /** Right files whose spoiled form was sent before, or that a run cut short did not put. */
  private readonly toMend: { readonly name: string; readonly bytes: Buffer }[] = [];
  private running: Promise<number> | undefined;

  private constructor(
    private readonly settings: ReturnFilesSettings,
    private readonly journal: JsonLinesFile<Returned | Sent>,
  ) {
    for (const line of journal.found) if ('day' in line) this.take(line);
    const last = journal.found.at(-1);
    if (last && 'day' in last) this.toMend.push(...last.outbox.map(({ name, base64 }) => ({ name, bytes: Buffer.from(base64, 'base64') })));
  }

  static async open(settings: ReturnFilesSettings): Promise<ReturnFiles> {
    await mkdir(join(settings.stagingDir, 'return'), { recursive: true });
    return new ReturnFiles(settings, await JsonLinesFile.open<Returned | Sent>(settings.journalPath));
  }

  async close(): Promise<void> {
    await this.running;
    await this.journal.close();
  }

  /** Differences put in on purpose so far. */
  planted(): readonly Planted[] {
    return this.plantedSoFar;
  }

  /** Names of every file that was to be put so far, control files included. */
  names(): string[] {
    return [...this.sent];
  }

  /** Writes the files of today for whatever was accepted since, and a new issue of the control file; returns how many files. */
  async returnNow(): Promise<number> {
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  /** Receipts that lie there, oldest name first. */
  async receipts(): Promise<ReadReceipt[]> {
    const dir = join(this.settings.stagingDir, 'receipt');
    const names = await readdir(dir).catch((error: unknown) => {
      if (tellErrorCode(error) === 'ENOENT') return [];
      throw error;
    });
    return Promise.all(names.filter((name) => !name.startsWith('.')).sort().map(async (name) => {
      const text = await readFile(join(dir, name), 'utf8');
      const of = (element: string): string => new RegExp(`<${element}>([^<]*)</${element}>`).exec(text)?.[1] ?? '';
      return { name, file: of('WJM'), result: of('JG'), code: of('DM') };
    }));
  }

  private async run(): Promise<number> {
    const { settings } = this;
    for (const file of this.toMend.splice(0)) await this.put(file.name, file.bytes);
    const { day, time } = writeCenterTime(settings.now());
    const waiting = [...new Set(settings.accepted())].filter((caseNo) => !this.returned.has(caseNo)).sort();
    const held = (await Promise.all(waiting.map((caseNo) => settings.chargesOf(caseNo)))).filter((h) => h !== undefined);
    // What was put off comes on a later day than its own, never on the same.
    const due = this.later;
    const ripe = { fees: due.fees.filter((f) => f.time.slice(0, 8) < day), contracts: due.contracts.filter((c) => c.slips.every((s) => s.time.slice(0, 8) < day)) };
    const composed = held.map((h) => composeReturns(h, day, settings.seed, settings.faults.rates));
    const fees = [...ripe.fees, ...composed.flatMap((c) => c.fees)];
    const contracts = [...ripe.contracts, ...composed.flatMap((c) => c.contracts)];
    if (fees.length + contracts.length === 0) return 0;

    const known = this.days.get(day) ?? { files: [], issue: 0 };
    const head = (kind: 'fee' | 'tax', party: string): FileHead => ({ fileId: `${kind}-${day}-${party}-${String(known.files.filter((f) => f.kind === kind).length + 1).padStart(3, '0')}`, issue: 1, day, time });
    const made: (DayFile & { bytes: Buffer })[] = [];
    const add = (kind: 'fee' | 'tax', { fileId, issue }: FileHead, bytes: Buffer, totals: FeeTotals): void => {
      const [paid, reversed, refunded] = totals.fens;
      made.push({ kind, name: `${fileId}.${issue}.xml`, size: bytes.length, sha256: digestOf(bytes), count: totals.counts.reduce((a, b) => a + b), counts: totals.counts, fens: [String(paid), String(reversed), String(refunded)], bytes });
    };
    if (fees.length > 0) {
      const of = head('fee', settings.unitCode);
      add('fee', of, writeFeeFile(of, settings.unitCode, fees, settings.encoding), feeTotals(fees));
    }
    if (contracts.length > 0) {
      const of = head('tax', settings.authorityCode);
      add('tax', of, writeTaxFile(of, settings.authorityCode, contracts, settings.encoding), taxTotals(contracts));
    }
    const planned: Omit<Returned, 'outbox'> = {
      day, cases: held.map((h) => h.caseNo), files: made.map(({ bytes: _bytes, ...facts }) => facts), planted: composed.flatMap((c) => c.planted),
      later: JSON.stringify({
        fees: [...due.fees.filter((f) => !ripe.fees.includes(f)), ...composed.flatMap((c) => c.laterFees)],
        contracts: [...due.contracts.filter((c) => !ripe.contracts.includes(c)), ...composed.flatMap((c) => c.laterContracts)],
      }, fenText),
    };
    const control = this.control(day, time, [...known.files, ...planned.files], known.issue + 1);
    const line: Returned = { ...planned, outbox: [...made, control].map(({ name, bytes }) => ({ name, base64: bytes.toString('base64') })) };
    await this.journal.append([line]);
    if (settings.faults.controlFirst) await this.send(control.name, control.bytes);
    for (const file of made) await this.send(file.name, file.bytes);
    if (!settings.faults.controlFirst) await this.send(control.name, control.bytes);
    await this.journal.append([{ sent: true }]);
    this.take(line);
    return made.length + 1;
  }

  private control(day: string, time: string, files: readonly DayFile[], issue: number): { name: string; bytes: Buffer } {
    const totals = (kind: DayFile['kind']): FeeTotals => {
      const of = files.filter((f) => f.kind === kind);
      const count = (i: 0 | 1 | 2): number => of.reduce((n, f) => n + f.counts[i], 0);
      const fen = (i: 0 | 1 | 2): bigint => of.reduce((n, f) => n + BigInt(f.fens[i]), 0n);
      return { counts: [count(0), count(1), count(2)], fens: [fen(0), fen(1), fen(2)] };
    };
    const head = { fileId: `control-${day}`, issue, day, time };
    return { name: `control-${day}.${issue}.xml`, bytes: writeControlFile(head, totals('fee'), totals('tax'), files, this.settings.encoding) };
  }

  private take(line: Returned): void {
    for (const caseNo of line.cases) this.returned.add(caseNo);
    const known = this.days.get(line.day) ?? { files: [], issue: 0 };
    this.days.set(line.day, { files: [...known.files, ...line.files], issue: known.issue + 1 });
    this.plantedSoFar.push(...line.planted);
    for (const { name } of line.outbox) this.sent.add(name);
    this.later = JSON.parse(line.later, textFen) as ReturnFiles['later'];
  }

  private async send(name: string, bytes: Buffer): Promise<void> {
    const bad = this.settings.faults.bad.shift();
    if (bad === undefined) return this.put(name, bytes);
    const { spoiled, then } = tamperWith(bytes, bad, this.settings.encoding);
    for (const one of spoiled) await this.put(name, one);
    if (then === 'mend') this.toMend.push({ name, bytes });
  }

  private async put(name: string, bytes: Buffer): Promise<void> {
    const dir = join(this.settings.stagingDir, 'return');
    const temporary = join(dir, `.${name}.part`);
    await writeFile(temporary, bytes, { mode: 0o640 });
    await rename(temporary, join(dir, name));
  }
}
