import type { ClientBase } from 'pg';
import { advanceCase, enterStage, type Inclination } from '../bureau/advance-case.js';
import { applyChanges } from '../bureau/apply-changes.js';
import type { CaseRecord, RowChange, StageChange } from '../bureau/case-record.js';
import { loadCatalogue } from '../bureau/catalogue.adapter.js';
import { generateCases } from '../bureau/generate-cases.js';
import { makeAwkward } from '../bureau/make-awkward.js';
import { makeRandom, seedOf, type Random } from '../bureau/make-random.js';
import { insertRecords, SampleBureauAdapter, writeChange } from '../bureau/sample-bureau.adapter.js';
import { bureauNow, dateAcceptance, type Deadlines } from './date-acceptance.js';
import { KnownCases } from './known-cases.js';
import { inventCorrection, mendFirstRows, undoCorrection, type CorrectionKind } from './invent-correction.js';
import { readBureauCases } from './read-bureau-witness.adapter.js';
import { StormConnection, type Outcome } from './storm-connection.adapter.js';
import { StormPace, type Action } from './storm-pace.js';
import { punctualMs, type LoadCounts, type StormLoad } from './witness.js';

export interface StormLoadOptions {
  readonly bureauUrl: string;
  readonly seed: number;
  /** New cases a second on the average; about eight further changes come with each. */
  readonly casesPerSecond: number;
  readonly maxCases: number;
  /** First day of applications; what happens to a case follows in days and weeks. */
  readonly from: string;
  readonly deadlines?: Deadlines | undefined;
}

const tickMs = 50;
const inFlightLimit = 6;
const heldLimit = 4;
const awkwardKinds = ['wrong-check-digit', 'wrong-unit-code'] as const;

/** Connects to the sample bureau, makes its tables unless they are there, and gives the load, not yet started. */
export async function startStormLoad(options: StormLoadOptions): Promise<StormLoad> {
  const bureau = new SampleBureauAdapter(options.bureauUrl);
  try {
    await bureau.createSchema();
    await bureau.writeCatalogue(loadCatalogue());
  } finally {
    await bureau.close();
  }
  return new BureauStorm(options);
}

class BureauStorm implements StormLoad {
  private readonly catalogue = loadCatalogue();
  private readonly connection: StormConnection;
  private readonly known = new KnownCases();
  /** What a clerk will write into an awkward case to mend it. */
  private readonly mending = new Map<string, RowChange[]>();
  /** One look at a time: a slower one would put older rows over newer ones. */
  private looking: Promise<void> | undefined;
  private readonly running = new Set<Promise<void>>();
  private readonly tally = { cases: 0, changes: 0, corrections: 0, childOnly: 0, lateCommits: 0, wide: 0, withdrawals: 0, deletions: 0, deadlines: 0, standstills: 0, unknown: 0 };
  private readonly pace: StormPace;
  /** Actions that do something now, without those that only wait. */
  private active = 0;
  private held = 0;
  private actions = 0;
  private started = 0;
  private timer: NodeJS.Timeout | undefined;
  private last = 0;
  /** What the load itself did wrong; a fault of the database is none. */
  private defect: unknown;
  private stopped: Promise<void>;
  private tellStopped: () => void = () => undefined;

  constructor(private readonly options: StormLoadOptions) {
    this.connection = new StormConnection(options.bureauUrl, inFlightLimit + heldLimit + 2);
    this.stopped = new Promise((resolve) => (this.tellStopped = resolve));
    this.pace = new StormPace(options.casesPerSecond, options.deadlines?.perCase ?? 0);
  }

  start(): void {
    this.last = Date.now();
    this.timer = setInterval(() => this.tick(), tickMs);
  }

  async rest(): Promise<void> {
    clearInterval(this.timer);
    this.tellStopped();
    while (this.running.size > 0) await Promise.allSettled(this.running);
    this.stopped = new Promise((resolve) => (this.tellStopped = resolve));
  }

  async stop(): Promise<void> {
    await this.rest();
    await this.connection.close();
    if (this.defect !== undefined) throw new Error('the storm load broke down', { cause: this.defect });
  }

  async holdTransaction(ms: number): Promise<void> {
    const random = this.nextRandom();
    const record = this.known.pick(random);
    if (record === undefined) return;
    this.active += 1;
    await this.track(this.advance(record, 'through', random, ms)).finally(() => (this.active -= 1));
  }

  counts(): LoadCounts {
    return { ...this.tally };
  }

  punctual(): ReadonlySet<string> {
    return new Set(this.known.punctual);
  }

  private tick(): void {
    const now = Date.now();
    this.pace.pass(Math.min(now - this.last, 1_000) / 1_000);
    this.last = now;
    while (this.active < inFlightLimit) {
      const name = this.pace.next();
      if (name === undefined) break;
      this.track(this.act(name)).catch((error: unknown) => (this.defect ??= error));
    }
  }

  private track(work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => this.running.delete(tracked));
    this.running.add(tracked);
    return tracked;
  }

  /** The same seed gives the same numbers to the same action, however the database made the load wait before. */
  private nextRandom(): Random {
    this.actions += 1;
    return makeRandom(seedOf(this.options.seed, this.actions));
  }

  private async act(name: Action): Promise<void> {
    this.active += 1;
    try {
      await this.perform(name, this.nextRandom());
    } finally {
      this.active -= 1;
    }
  }

  private async perform(name: Action, random: Random): Promise<void> {
    if (this.known.uncertain.size > 0) await (this.looking ??= this.lookAgain().finally(() => (this.looking = undefined)));
    if (name === 'insert') return this.insert(random);
    if (name === 'wide') return this.changeMany(random);
    if (name === 'mend') return this.mend();
    if (name === 'deadline') return this.meetDeadline(random);
    const record = this.known.pick(random, name === 'taken-back' ? (r) => r.case['status'] === 'CLOSED' && !this.known.punctual.has(r.caseNo) : name === 'withdraw' ? (r) => ['APPLIED', 'ACCEPTED'].includes(String(r.case['status'])) : undefined);
    if (record === undefined) return;
    switch (name) {
      case 'advance': return this.advance(record, random.chance(0.05) ? 'refuse' : 'through', random, 0);
      case 'withdraw': return this.advance(record, 'withdraw', random, 0);
      case 'late': return this.held >= heldLimit ? undefined : this.advance(record, 'through', random, random.int(300, 5_000));
      case 'correct': return this.correct(record, 'case', random);
      case 'child': return this.correct(record, 'child', random);
      case 'unsent': return this.correct(record, 'unsent', random);
      case 'taken-back': return this.correct(record, 'taken-back', random);
      case 'correct-twice': {
        await this.correct(record, 'case', random);
        const now = this.known.free(record.caseNo);
        return now && this.correct(now, 'case', random);
      }
      case 'come-back': return this.comeAndGo(record, random);
      case 'delete': return this.remove(record);
    }
  }

  private async insert(random: Random): Promise<void> {
    if (this.started >= this.options.maxCases) return;
    this.started += 1;
    const [plain] = generateCases({ catalogue: this.catalogue, seed: random.int(1, 1_000_000), count: 1, from: this.options.from, firstSequence: this.started + (this.options.seed % 9) * 100_000, reach: 'applied', scans: random.chance(0.3) });
    if (plain === undefined) return;
    const record = random.chance(0.03) ? makeAwkward(plain, random.pick(awkwardKinds), random) : plain;
    const outcome = await this.transact([record.caseNo], (client) => insertRecords(client, [record]));
    if (outcome === 'lost') return;
    this.known.records.set(record.caseNo, record);
    if (record !== plain) this.mending.set(record.caseNo, mendFirstRows(record, plain));
    if (outcome === 'committed') this.tally.cases += 1;
  }

  /** The next stage; with `holdMs` the transaction stays open that long after it has written. */
  private async advance(record: CaseRecord, inclination: Inclination, random: Random, holdMs: number): Promise<void> {
    const change: StageChange | null = advanceCase(record, this.catalogue, random, { inclination, ...(this.known.punctual.has(record.caseNo) ? { at: bureauNow() } : {}) });
    // Void before acceptance is left out: the receiver refuses a result without acceptance, which is no fault of the way there.
    if (change === null || change.stage === 'void') return;
    if (!(await this.write(record, change.changes, change.record, holdMs))) return;
    this.tally.changes += 1;
    if (change.stage === 'withdraw') this.tally.withdrawals += 1;
    if (holdMs > 0) this.tally.lateCommits += 1;
  }

  /** An application is accepted so that a limit passes in some seconds; until then its clock is stopped, or the case closed, or nobody does anything. */
  private async meetDeadline(random: Random): Promise<void> {
    const record = this.known.pick(random, (r) => r.case['status'] === 'APPLIED' && r.children.supplements.length === 0 && !this.known.punctual.has(r.caseNo));
    const seconds = random.int(4, 20);
    const change = record && this.options.deadlines && dateAcceptance(record, this.catalogue, this.options.deadlines.counts, Math.floor(Date.now() / 1000) + seconds, random);
    if (record === undefined || change === undefined) return;
    this.known.punctual.add(record.caseNo);
    if (!(await this.write(record, change.changes, change.record, 0))) return;
    this.tally.deadlines += 1;
    const stage = random.pick(['special-start', 'close', null, null] as const);
    if (stage === null) return;
    await this.wait(random.int(300, (seconds - 2) * 1_000));
    const now = this.known.free(record.caseNo);
    if (now === undefined || now.case['closed_at'] !== null || now.children.specials.some((s) => s['ended_at'] === null)) return;
    const { changes, record: after } = enterStage(now, stage, this.catalogue, random, bureauNow());
    if (await this.write(now, changes, after, 0)) this.tally.standstills += 1;
  }

  private async correct(record: CaseRecord, kind: CorrectionKind, random: Random): Promise<void> {
    const changes = inventCorrection(record, kind, this.actions, random);
    if (changes.length === 0 || !(await this.write(record, changes, applyChanges(record, changes, record.at), 0))) return;
    if (kind === 'child') this.tally.childOnly += 1;
    else this.tally.corrections += 1;
  }

  /** A value that changes and is put back a little later. */
  private async comeAndGo(record: CaseRecord, random: Random): Promise<void> {
    const changes = inventCorrection(record, random.chance(0.5) ? 'case' : 'child', this.actions, random);
    if (changes.length === 0 || !(await this.write(record, changes, applyChanges(record, changes, record.at), 0))) return;
    this.tally.corrections += 1;
    await this.wait(random.int(0, 4_000));
    const now = this.known.free(record.caseNo);
    const back = now === undefined ? [] : undoCorrection(record, now, changes);
    if (now === undefined || back.length === 0) return;
    if (await this.write(now, back, applyChanges(now, back, now.at), 0)) this.tally.corrections += 1;
  }

  /** One transaction that touches many cases, as a clean-up script in the bureau does. */
  private async changeMany(random: Random): Promise<void> {
    const records = new Map(Array.from({ length: random.int(10, 60) }, () => this.known.pick(random)).flatMap((r) => (r === undefined ? [] : [[r.caseNo, r] as const])));
    if (records.size === 0) return;
    const change: RowChange = { operation: 'update', table: 'case', key: null, values: { remark: `批量更正${this.actions}` } };
    const outcome = await this.transact([...records.keys()], async (client) => {
      for (const caseNo of records.keys()) await writeChange(client, caseNo, change);
    });
    if (outcome !== 'committed') return;
    for (const record of records.values()) this.known.records.set(record.caseNo, applyChanges(record, [change], record.at));
    this.tally.wide += 1;
  }

  /** A clerk mends what made an awkward case awkward. */
  private async mend(): Promise<void> {
    const [caseNo, changes] = [...this.mending].find(([no]) => !this.known.busy.has(no) && !this.known.uncertain.has(no)) ?? [];
    if (caseNo === undefined || changes === undefined) return;
    const record = this.known.records.get(caseNo);
    if (record === undefined || (await this.write(record, changes, applyChanges(record, changes, record.at), 0))) this.mending.delete(caseNo);
    if (record !== undefined) this.tally.corrections += 1;
  }

  private async remove(record: CaseRecord): Promise<void> {
    const outcome = await this.transact([record.caseNo], async (client) => {
      await client.query('delete from land_case where case_no = $1', [record.caseNo]);
    });
    if (outcome !== 'committed') return;
    this.known.records.delete(record.caseNo);
    this.tally.deletions += 1;
  }

  private async write(record: CaseRecord, changes: readonly RowChange[], after: CaseRecord, holdMs: number): Promise<boolean> {
    const began = Date.now();
    const outcome = await this.transact([record.caseNo], async (client) => {
      for (const change of changes) await writeChange(client, record.caseNo, change);
      if (this.known.punctual.has(record.caseNo) && Date.now() - began > punctualMs) throw new Error('too late to be punctual');
      if (holdMs === 0) return;
      this.held += 1;
      await this.wait(holdMs).finally(() => (this.held -= 1));
    });
    if (outcome === 'committed') this.known.records.set(record.caseNo, after);
    return outcome === 'committed';
  }

  private async transact(caseNos: readonly string[], work: (client: ClientBase) => Promise<void>): Promise<Outcome> {
    for (const caseNo of caseNos) this.known.busy.add(caseNo);
    const outcome = await this.connection.transact(work);
    for (const caseNo of caseNos) this.known.busy.delete(caseNo);
    if (outcome === 'unknown') {
      this.tally.unknown += 1;
      for (const caseNo of caseNos) this.known.uncertain.add(caseNo);
    }
    // A database that is away answers at once: without a pause the load would only spin.
    if (outcome !== 'committed') await this.wait(300);
    return outcome;
  }

  /** Reads the cases again of which it is not known whether the last change was committed. */
  private async lookAgain(): Promise<void> {
    const caseNos = [...this.known.uncertain].filter((caseNo) => !this.known.busy.has(caseNo));
    const found = await this.connection.read((client) => readBureauCases(client, caseNos));
    if (found !== undefined) this.known.learn(caseNos, found);
  }

  /** Waits, or less when the load is stopped. */
  private async wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    this.active -= 1;
    await Promise.race([new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))), this.stopped]);
    this.active += 1;
    clearTimeout(timer);
  }
}
