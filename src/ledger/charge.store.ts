import { addDays, dayOf, laterDay } from '../domain/reckon-days.js';
import type { Difference } from '../domain/reconciliation-outcomes.js';
import { supervisionStream } from '../domain/supervision-stream.js';
import type { CaseNo, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { digestPayer } from './digest-payer.js';
import { instantText } from './exchange-row.js';
import { differenceColumns, differenceValues } from './reconciliation-row.js';
import { lastClosedDay, takeNumbers } from './take-numbers.js';

/** One charge as a snapshot shows it, with what the standards say of it. */
export interface SeenCharge {
  readonly chargeNo: string;
  readonly itemCode: string | undefined;
  readonly feeItemCode: string;
  readonly feeItemName: string;
  readonly amountFen: bigint;
  readonly exempt: boolean;
  readonly exemptReason: string | undefined;
  readonly payer: string | undefined;
  readonly paymentCode: string | undefined;
  readonly taxKinds: readonly string[];
  readonly facts: object;
  readonly digest: string;
  readonly taxes: readonly { readonly taxKind: string; readonly party: string; readonly basis: string }[];
  readonly fault: Pick<Difference, 'reason' | 'criterion' | 'expectedFen' | 'detail'> | undefined;
}

export interface SnapshotRow {
  readonly id: string;
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly body: string;
  readonly takenAt: Instant;
}

export interface SeenCase extends Omit<SnapshotRow, 'body'> {
  readonly charges: readonly SeenCharge[];
}

/** Thrown when another process followed the snapshots first; nothing was written. */
export class PositionMoved extends Error {}

const text = (name: string): Column => ({ name, kind: 'text' });
const big = (name: string): Column => ({ name, kind: 'big' });
const chargeColumns: readonly Column[] = [
  big('id'), text('stream'), text('case_no'), text('item_code'), text('charge_no'), { name: 'version', kind: 'int' }, text('fee_item_code'), text('fee_item_name'), big('amount_fen'), { name: 'exempt', kind: 'flag' }, text('exempt_reason'),
  text('payer'), text('payer_key'), text('payment_code'), text('tax_kinds'), text('tariff_facts'), text('digest'), text('day'), text('statement_day'), big('snapshot_id'), { name: 'recorded_at', kind: 'instant' },
];
const taxColumns: readonly Column[] = [big('id'), big('charge_id'), text('stream'), text('case_no'), text('item_code'), text('tax_kind'), text('party'), text('basis'), text('day'), text('statement_day'), { name: 'recorded_at', kind: 'instant' }];

interface Standing {
  readonly id: string;
  readonly chargeNo: string;
  readonly version: number;
  readonly digest: string;
  ended: { day: string; why: string; snapshotId: string } | undefined;
  readonly stored: boolean;
}

/** Charges and tax expectations, versioned, as the recorded snapshots show them. */
export class ChargeStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  async position(): Promise<{ position: string; version: string }> {
    const { rows } = await this.database.run(sql`select position, position_version from reconciliation_position where name = ${'charges'}`);
    return { position: String(rows[0]!['position']), version: String(rows[0]!['position_version']) };
  }

  /** Snapshots after a position, in their order; they become visible in the order of their ids. */
  async snapshotsAfter(position: string, limit: number): Promise<SnapshotRow[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} id, stream, case_no, body, taken_at from case_snapshot where id > ${position} and stream <> ${supervisionStream.stream} order by id ${raw(top.suffix)}`);
    return rows.map((r) => ({ id: String(r['id']), stream: String(r['stream']), caseNo: String(r['case_no']), body: String(r['body']), takenAt: instantText(r['taken_at'])! }));
  }

  /** Cases that are gone from the bureau and still have charges. */
  async removedCases(limit: number): Promise<{ stream: string; caseNo: CaseNo; removedAt: Instant; snapshotId: string }[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} h.stream, h.case_no, h.removed_at, h.snapshot_id from case_head h where h.removed_at is not null
      and exists (select 1 from charge c where c.stream = h.stream and c.case_no = h.case_no and c.ended_at is null) order by h.stream, h.case_no ${raw(top.suffix)}`);
    return rows.map((r) => ({ stream: String(r['stream']), caseNo: String(r['case_no']), removedAt: instantText(r['removed_at'])!, snapshotId: String(r['snapshot_id']) }));
  }

  /**
   * Records what snapshots show, in their order, and moves the position in one transaction. A charge that changed closes its
   * version, one that vanished too. Throws PositionMoved when another process was first.
   */
  async record(cases: readonly SeenCase[], move?: { version: string; position: string }): Promise<{ opened: number; ended: number }> {
    return this.database.transaction(async (runner) => {
      if (move) {
        const { affected } = await runner.run(sql`update reconciliation_position set position = ${move.position}, position_version = position_version + 1 where name = ${'charges'} and position_version = ${move.version}`);
        if (affected !== 1) throw new PositionMoved('another process followed the snapshots first');
      }
      if (cases.length === 0) return { opened: 0, ended: 0 };
      await runner.run(sql`update counter set value = value + 0 where name = ${'reconciliation'}`);
      const closed = await lastClosedDay(runner);
      const standing = await this.standing(runner, cases);
      const fresh: { seen: SeenCase; charge: SeenCharge; standing: Standing }[] = [];
      for (const seen of cases) {
        const key = `${seen.stream}\u0000${seen.caseNo}`;
        const known = standing.get(key) ?? [];
        standing.set(key, known);
        const day = dayOf(seen.takenAt);
        for (const s of known) {
          const now = seen.charges.find((c) => c.chargeNo === s.chargeNo);
          if (s.ended === undefined && now?.digest !== s.digest) s.ended = { day, why: now ? 'changed' : 'vanished', snapshotId: seen.id };
        }
        for (const charge of seen.charges) {
          const versions = known.filter((s) => s.chargeNo === charge.chargeNo);
          if (versions.some((s) => s.ended === undefined)) continue;
          const s: Standing = { id: '', chargeNo: charge.chargeNo, version: Math.max(0, ...versions.map((v) => v.version)) + 1, digest: charge.digest, ended: undefined, stored: false };
          known.push(s);
          fresh.push({ seen, charge, standing: s });
        }
      }
      return this.write(runner, fresh, [...standing.values()].flat().filter((s) => s.stored && s.ended !== undefined), closed === undefined ? undefined : addDays(closed, 1));
    });
  }

  private async write(runner: Runner, fresh: readonly { seen: SeenCase; charge: SeenCharge; standing: Standing }[], ended: readonly Standing[], firstOpen: string | undefined): Promise<{ opened: number; ended: number }> {
    const now = this.clock.iso();
    const open = (day: string): string => laterDay(day, firstOpen ?? day);
    const taxes = fresh.reduce((n, f) => n + f.charge.taxes.length, 0);
    const ids = await takeNumbers(runner, 'reconciliation', fresh.length + taxes);
    let next = ids + BigInt(fresh.length);
    const days = fresh.map((f) => dayOf(f.seen.takenAt));
    const idOf = (i: number): string => String(ids + BigInt(i));
    const rows = fresh.map(({ seen, charge: c, standing: s }, i) => [
      idOf(i), seen.stream, seen.caseNo, c.itemCode ?? null, c.chargeNo, s.version, c.feeItemCode, c.feeItemName, String(c.amountFen), c.exempt ? 1 : 0, c.exemptReason ?? null,
      c.payer ?? null, digestPayer(c.payer) ?? null, c.paymentCode ?? null, c.taxKinds.join(','), JSON.stringify(c.facts), c.digest, days[i], open(days[i]!), seen.id, now,
    ]);
    // The unique index allows one current version: those that ended within this batch are written first and ended at once.
    await this.database.dialect.insertMany(runner, 'charge', chargeColumns, rows.filter((_, i) => fresh[i]!.standing.ended !== undefined));
    await this.end(runner, fresh.flatMap((f, i) => (f.standing.ended ? [{ id: idOf(i), ...f.standing.ended }] : [])), now, open);
    await this.end(runner, ended.map((s) => ({ id: s.id, ...s.ended! })), now, open);
    await this.database.dialect.insertMany(runner, 'charge', chargeColumns, rows.filter((_, i) => fresh[i]!.standing.ended === undefined));
    const current = fresh.map((f, i) => ({ ...f, id: idOf(i), day: days[i]! })).filter((f) => f.standing.ended === undefined);
    await this.database.dialect.insertMany(runner, 'tax_expectation', taxColumns, current.flatMap((f) => f.charge.taxes.map((t) => [
      String(next++), f.id, f.seen.stream, f.seen.caseNo, f.charge.itemCode ?? null, t.taxKind, t.party, t.basis.slice(0, 200), f.day, open(f.day), now,
    ])));
    await this.database.dialect.insertMany(runner, 'difference', differenceColumns, current.flatMap((f) => (f.charge.fault === undefined ? [] : [differenceValues(
      { itemId: f.id, itemKind: 'charge', aspect: 'standard', rule: 'tariff', otherId: undefined, refersToDay: undefined, returnedFen: f.charge.amountFen, ...f.charge.fault },
      { channel: undefined, caseNo: f.seen.caseNo, day: f.day, statementDay: open(f.day), payerAmount: undefined },
      { now, runId: '0', previousId: undefined, assignedTo: undefined },
    )])));
    return { opened: fresh.length, ended: ended.length };
  }

  private async end(runner: Runner, ended: readonly { id: string; day: string; why: string; snapshotId: string }[], now: string, open: (day: string) => string): Promise<void> {
    if (ended.length === 0) return;
    await this.database.dialect.updateMany(runner, {
      table: 'charge', key: { name: 'id', kind: 'big' }, match: [], where: raw('t.ended_at is null'),
      set: [{ name: 'ended_at', kind: 'instant' }, text('ended_day'), text('ended_why'), big('ended_snapshot_id')], rows: ended.map((e) => [e.id, now, open(e.day), e.why, e.snapshotId]),
    });
    await this.database.dialect.updateMany(runner, {
      table: 'tax_expectation', key: { name: 'charge_id', kind: 'big' }, match: [], where: raw('t.ended_at is null'),
      set: [{ name: 'ended_at', kind: 'instant' }, text('ended_day'), text('ended_why')], rows: ended.map((e) => [e.id, now, open(e.day), e.why]),
    });
    await this.database.dialect.updateMany(runner, {
      table: 'difference', key: { name: 'item_id', kind: 'big' }, match: [], where: raw(`t.is_open = 1 and t.aspect = 'standard'`), also: raw(`is_open = 0, closed_how = 'charge-ended', closed_by = 'reconcile'`),
      set: [{ name: 'closed_at', kind: 'instant' }, text('closed_day')], rows: ended.map((e) => [e.id, now, open(e.day)]),
    });
    const expectations = await runner.run(sql`select id from tax_expectation where charge_id in (${list(ended.map((e) => e.id))})`);
    const seeds = [...ended.map((e) => e.id), ...expectations.rows.map((r) => String(r['id']))];
    const first = await takeNumbers(runner, 'reconciliation', seeds.length);
    await this.database.dialect.insertMany(runner, 'reconciliation_seed', [big('id'), big('item_id'), text('why'), { name: 'at', kind: 'instant' }], seeds.map((id, i) => [String(first + BigInt(i)), id, 'charge-ended', now]));
  }

  private async standing(runner: Runner, cases: readonly SeenCase[]): Promise<Map<string, Standing[]>> {
    const out = new Map<string, Standing[]>();
    const { rows } = await runner.run(sql`select id, stream, case_no, charge_no, version, digest, ended_at from charge where case_no in (${list([...new Set(cases.map((c) => c.caseNo))])}) order by version`);
    for (const r of rows) {
      const key = `${String(r['stream'])}\u0000${String(r['case_no'])}`;
      // What ended earlier only counts for the number of the next version.
      const ended = r['ended_at'] === null ? undefined : { day: '', why: '', snapshotId: '' };
      out.set(key, [...(out.get(key) ?? []), { id: String(r['id']), chargeNo: String(r['charge_no']), version: Number(r['version']), digest: String(r['digest']), ended, stored: ended === undefined }]);
    }
    return out;
  }
}
