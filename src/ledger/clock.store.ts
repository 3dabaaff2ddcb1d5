import type { ClockJudge, ClockSubject, JudgedClock } from '../domain/supervision-cards.js';
import type { CaseFacts } from '../domain/supervision-facts.js';
import { supervisionStream } from '../domain/supervision-stream.js';
import type { CaseNo, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, ColumnKind, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { CardStore } from './card.store.js';
import { instantText } from './exchange-row.js';
import type { ReportStore } from './report.store.js';

/** A recorded snapshot, to be read for facts. */
export interface FollowedSnapshot {
  readonly id: string;
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly body: string;
  readonly takenAt: Instant;
}

/** Facts that became known with a snapshot, or with the removal of a case. */
export interface KnownFacts {
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly snapshotId: string;
  readonly knownAt: Instant;
  readonly facts: CaseFacts;
  readonly digest: string;
}

/** Thrown when another process followed the snapshots first; nothing was written. */
export class FactsMoved extends Error {}

interface Held extends ClockSubject {
  readonly id: string;
  readonly digest: string;
  readonly carded: boolean;
  readonly light: string;
  readonly told: string;
}

const column = (name: string, kind: ColumnKind): Column => ({ name, kind });
const known: readonly Column[] = [column('facts', 'long'), column('digest', 'text'), column('item_code', 'text'), column('section', 'text'), column('office', 'text')];
const knownValues = (facts: CaseFacts, digest: string): unknown[] => [JSON.stringify(facts), digest, facts.itemCode?.slice(0, 60) ?? null, facts.section?.slice(0, 60) ?? null, facts.office?.slice(0, 200) ?? null];
const judged: readonly Column[] = [
  column('clock_state', 'text'), column('clock_level', 'text'), column('light', 'text'), column('used', 'int'), column('remaining', 'int'),
  column('due_at', 'instant'), column('next_crossing_at', 'instant'), column('outcome', 'text'), column('live', 'flag'), column('gone', 'flag'), column('fault_code', 'text'), column('computed_at', 'instant'),
  column('carded', 'flag'), column('ended_at', 'instant'),
];
const judgedValues = (facts: CaseFacts, j: JudgedClock, now: Instant, carded: boolean): unknown[] => [
  j.state, j.level ?? null, j.light, j.used ?? null, j.remaining ?? null, j.dueAt ?? null, j.nextAt ?? null, j.outcome ?? null, j.live || carded ? 1 : 0, facts.removedAt === undefined ? 0 : 1,
  j.faultCode ?? null, now, carded ? 1 : 0, j.endedAt ?? null,
];
/** What a person or the schedule would see differently; a row that says the same is not written again. */
const tell = (j: JudgedClock): string => JSON.stringify([j.state, j.level ?? null, j.light, j.used ?? null, j.remaining ?? null, j.dueAt ?? null, j.nextAt ?? null, j.outcome ?? null, j.faultCode ?? null]);

/** Whether a supervising body has something to be told of that a clock says now: a light that changed, a case that is gone or back. */
const tellsMore = (s: ClockSubject & { held: Held | undefined }, j: JudgedClock): boolean =>
  s.held === undefined ? j.light !== 'none' : s.held.light !== j.light || (s.held.facts.removedAt === undefined) !== (s.facts.removedAt === undefined);

/** Alone writes facts and clocks. The arithmetic comes from the stage and runs inside the transaction that keeps its result. */
export class ClockStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly cards: CardStore,
    /** Tells supervising bodies what changed; none where no channel is told of clocks. */
    private readonly reports: ReportStore | undefined,
  ) {}

  /** How far the snapshots were followed, and since when this ledger supervises (set at the first call). */
  async position(): Promise<{ position: string; version: string; beganAt: Instant }> {
    await this.database.run(sql`update supervision_position set began_at = ${this.value(this.clock.iso())} where name = ${'facts'} and began_at is null`);
    const { rows } = await this.database.run(sql`select position, position_version, began_at from supervision_position where name = ${'facts'}`);
    return { position: String(rows[0]!['position']), version: String(rows[0]!['position_version']), beganAt: instantText(rows[0]!['began_at']) };
  }

  /** Snapshots after a position, in their order; they become visible in the order of their ids. */
  async snapshotsAfter(position: string, limit: number): Promise<FollowedSnapshot[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} id, stream, case_no, body, taken_at from case_snapshot where id > ${position} and stream <> ${supervisionStream.stream} order by id ${raw(top.suffix)}`);
    return rows.map((r) => ({ id: String(r['id']), stream: String(r['stream']), caseNo: String(r['case_no']), body: String(r['body']), takenAt: instantText(r['taken_at']) }));
  }

  /** Cases that are gone from the bureau while one of these bodies' clocks still thinks they are there. */
  async removedCases(bodies: readonly string[], limit: number): Promise<{ stream: string; caseNo: CaseNo; removedAt: Instant; snapshotId: string; facts: CaseFacts }[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} h.stream, h.case_no, h.removed_at, h.snapshot_id, c.facts from case_head h
      join clock_state c on c.stream = h.stream and c.case_no = h.case_no and c.gone = 0 and c.body in (${list(bodies)}) where h.removed_at is not null order by h.stream, h.case_no ${raw(top.suffix)}`);
    return rows.map((r) => ({ stream: String(r['stream']), caseNo: String(r['case_no']), removedAt: instantText(r['removed_at']), snapshotId: String(r['snapshot_id']), facts: JSON.parse(String(r['facts'])) as CaseFacts }));
  }

  /** What is known of a case; undefined where nothing is. */
  async factsOf(stream: string, caseNo: CaseNo, body: string): Promise<CaseFacts | undefined> {
    const { rows } = await this.database.run(sql`select facts from clock_state where stream = ${stream} and case_no = ${caseNo} and body = ${body}`);
    return rows[0] && (JSON.parse(String(rows[0]['facts'])) as CaseFacts);
  }

  /** Up to when nothing of a stream can be unknown; undefined until a poll has recorded all that it found. */
  async knownUntil(stream: string): Promise<Instant | undefined> {
    const { rows } = await this.database.run(sql`select known_until from watermark where stream = ${stream}`);
    const at: unknown = rows[0]?.['known_until'];
    return at === null || at === undefined ? undefined : instantText(at);
  }

  /** What is known of cases, for each of these bodies that keeps their clock. */
  async subjectsOf(stream: string, bodies: readonly string[], caseNos: readonly CaseNo[]): Promise<ClockSubject[]> {
    const { rows } = await this.database.run(sql`select stream, case_no, body, facts from clock_state where stream = ${stream} and case_no in (${list([...new Set(caseNos)])}) and body in (${list(bodies)}) order by id`);
    return rows.map((r) => ({ stream: String(r['stream']), caseNo: String(r['case_no']), body: String(r['body']), facts: JSON.parse(String(r['facts'])) as CaseFacts }));
  }

  /** Records facts in their order, recomputes the clocks they change and issues and re-examines cards, all in one transaction. */
  async record(facts: readonly KnownFacts[], judge: ClockJudge, move?: { version: string; position: string }): Promise<{ changed: number; cards: number }> {
    return this.database.transaction(async (runner) => {
      if (move) {
        const { affected } = await runner.run(sql`update supervision_position set position = ${move.position}, position_version = position_version + 1 where name = ${'facts'} and position_version = ${move.version}`);
        if (affected !== 1) throw new FactsMoved('another process followed the snapshots first');
      }
      if (facts.length === 0) return { changed: 0, cards: 0 };
      const held = await this.hold(runner, sql`case_no in (${list([...new Set(facts.map((k) => k.caseNo))])})`);
      const keyOf = (k: { stream: string; caseNo: string }): string => `${k.stream}\u0000${k.caseNo}`;
      // A body that is not kept any more knows old facts only; what it knows counts where there is no other.
      const kept = (h: Held): number => (judge.bodies.includes(h.body) ? 1 : 0);
      const digests = new Map([...held].sort((a, b) => kept(a) - kept(b)).map((h) => [keyOf(h), h.digest]));
      const fresh: KnownFacts[] = [];
      for (const k of facts) {
        if (digests.get(keyOf(k)) === k.digest) continue;
        digests.set(keyOf(k), k.digest);
        fresh.push(k);
      }
      await this.database.dialect.insertMany(
        runner, 'case_fact', [column('stream', 'text'), column('case_no', 'text'), column('digest', 'text'), column('facts', 'long'), column('snapshot_id', 'big'), column('known_at', 'instant')],
        fresh.map((k) => [k.stream, k.caseNo, k.digest, JSON.stringify(k.facts), k.snapshotId, k.knownAt]));
      const latest = new Map(fresh.map((k) => [keyOf(k), k]));
      const subjects = [...latest.values()].flatMap((k) => judge.bodies.map((body) => ({ ...k, body, held: held.find((h) => h.body === body && h.caseNo === k.caseNo && h.stream === k.stream) })));
      const cards = await this.settle(runner, subjects, judge);
      await this.reports?.follow(runner, facts.map((k) => k.caseNo));
      return { changed: latest.size, cards };
    });
  }

  /** Recomputes what crosses a boundary now. Gives how many there were and how many cards that gave. */
  async recomputeDue(judge: ClockJudge, limit: number): Promise<{ due: number; cards: number }> {
    return this.database.transaction(async (runner) => {
      const top = this.database.dialect.top(limit);
      // Found by the index first and locked by id: a lock on a sorted range would hold more than it takes.
      const { rows } = await runner.run(sql`select ${raw(top.prefix)} id from clock_state where next_crossing_at <= ${this.value(this.clock.iso())} and body in (${list(judge.bodies)}) order by next_crossing_at ${raw(top.suffix)}`);
      if (rows.length === 0) return { due: 0, cards: 0 };
      const held = await this.hold(runner, sql`id in (${list(rows.map((r) => String(r['id'])))})`);
      return { due: rows.length, cards: await this.settle(runner, held.map((h) => ({ ...h, held: h })), judge) };
    });
  }

  /**
   * A batch of the recomputation of everything that a calendar or rule set may change. `stamp` names what is in force; the place
   * reached is kept, so that it goes on where a process ended. `left` false: everything is computed under this stamp.
   */
  async recomputeAll(judge: ClockJudge, stamp: string, limit: number): Promise<{ left: boolean; seen: number; changed: number; cards: number }> {
    const standing = await this.database.run(sql`select position, stamp from supervision_position where name = ${'recompute'}`);
    if (String(standing.rows[0]!['stamp']) === `${stamp} done`) return { left: false, seen: 0, changed: 0, cards: 0 };
    return this.database.transaction(async (runner) => {
      await runner.run(sql`update supervision_position set position = case when stamp = ${stamp} then position else 0 end, stamp = ${stamp} where name = ${'recompute'}`);
      const { rows: at } = await runner.run(sql`select position from supervision_position where name = ${'recompute'}`);
      const top = this.database.dialect.top(limit);
      const { rows } = await runner.run(sql`select ${raw(top.prefix)} id, case_no from clock_state where id > ${String(at[0]!['position'])} and live = 1 order by id ${raw(top.suffix)}`);
      const last = rows.at(-1);
      if (last === undefined) {
        await runner.run(sql`update supervision_position set stamp = ${`${stamp} done`}, position = 0 where name = ${'recompute'}`);
        return { left: false, seen: 0, changed: 0, cards: 0 };
      }
      // By case and not by row: a body that was added later has no row yet.
      const held = await this.hold(runner, sql`case_no in (${list([...new Set(rows.map((r) => String(r['case_no'])))])})`);
      const cases = new Map(held.map((h) => [`${h.stream}\u0000${h.caseNo}`, h]));
      const byBody = new Map(held.map((h) => [`${h.stream}\u0000${h.caseNo}\u0000${h.body}`, h]));
      const subjects = [...cases.values()].flatMap((c) => judge.bodies.map((body) => ({ stream: c.stream, caseNo: c.caseNo, body, facts: c.facts, digest: c.digest, held: byBody.get(`${c.stream}\u0000${c.caseNo}\u0000${body}`) })));
      const counted = { changed: 0 };
      const cards = await this.settle(runner, subjects, judge, counted);
      await runner.run(sql`update supervision_position set position = ${String(last['id'])}, position_version = position_version + 1 where name = ${'recompute'}`);
      return { left: true, seen: rows.length, changed: counted.changed, cards };
    });
  }

  private async settle(runner: Runner, subjects: readonly (ClockSubject & { digest: string; held: Held | undefined })[], judge: ClockJudge, counted = { changed: 0 }): Promise<number> {
    const now = this.clock.iso();
    const results = subjects.map((s) => ({ s, j: judge.judge(s, now) }));
    const issued = await this.cards.issue(runner, results.flatMap(({ s, j }) => j.cards.map((card) => ({ subject: s, card }))), now);
    const rows = results.map(({ s, j }) => ({ s, j, carded: s.held?.carded === true || j.cards.length > 0 }));
    const fresh = rows.filter((r) => r.s.held === undefined);
    await this.database.dialect.insertMany(
      runner, 'clock_state', [column('stream', 'text'), column('case_no', 'text'), column('body', 'text'), ...known, ...judged],
      fresh.map(({ s, j, carded }) => [s.stream, s.caseNo, s.body, ...knownValues(s.facts, s.digest), ...judgedValues(s.facts, j, now, carded)]));
    const changed = rows.filter(({ s, j, carded }) => s.held !== undefined && (s.held.told !== tell(j) || s.held.digest !== s.digest || s.held.carded !== carded));
    counted.changed += fresh.length + changed.length;
    // Time and calendar change no facts: those rows are the many, and leave the longest column alone.
    const [learned, timed] = [changed.filter((r) => r.s.held!.digest !== r.s.digest), changed.filter((r) => r.s.held!.digest === r.s.digest)];
    const update = { table: 'clock_state', key: column('id', 'big'), match: [] };
    await this.database.dialect.updateMany(runner, { ...update, set: [...known, ...judged], rows: learned.map(({ s, j, carded }) => [s.held!.id, ...knownValues(s.facts, s.digest), ...judgedValues(s.facts, j, now, carded)]) });
    await this.database.dialect.updateMany(runner, { ...update, set: judged, rows: timed.map(({ s, j, carded }) => [s.held!.id, ...judgedValues(s.facts, j, now, carded)]) });
    const examined = await this.cards.examine(runner, subjects.filter((s) => s.held?.carded), judge, now);
    const shown = rows.filter(({ s, j }) => tellsMore(s, j) || (issued > 0 && j.cards.length > 0));
    await this.reports?.report(runner, [...shown.map(({ s }) => s.caseNo), ...examined]);
    return issued;
  }

  private async hold(runner: Runner, where: ReturnType<typeof sql>): Promise<Held[]> {
    const { hint, suffix } = this.database.dialect.lockRows;
    const { rows } = await runner.run(sql`select * from clock_state ${raw(hint)} where ${where} order by id ${raw(suffix)}`);
    const text = (v: unknown): string | null => (v === null ? null : String(v));
    const number = (v: unknown): number | null => (v === null ? null : Number(v));
    const at = (v: unknown): string | null => (v === null ? null : instantText(v));
    return rows.map((r): Held => ({
      id: String(r['id']), stream: String(r['stream']), caseNo: String(r['case_no']), body: String(r['body']), facts: JSON.parse(String(r['facts'])) as CaseFacts, digest: String(r['digest']), carded: Number(r['carded']) === 1, light: String(r['light']),
      told: JSON.stringify([text(r['clock_state']), text(r['clock_level']), text(r['light']), number(r['used']), number(r['remaining']), at(r['due_at']), at(r['next_crossing_at']), text(r['outcome']), text(r['fault_code'])]),
    }));
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}
