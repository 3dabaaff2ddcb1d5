import { createHash } from 'node:crypto';
import { addDays, laterDay } from '../domain/reckon-days.js';
import type { ControlTotals, Day, FeeRecord, TaxRecord } from '../domain/reconciliation-records.js';
import type { ChannelName } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { digestPayer } from './digest-payer.js';
import { controlColumns, controlRow, controlTotals, feeColumns, lineColumns, taxColumns } from './returned-record-row.js';
import { lastClosedDay, takeNumbers } from './take-numbers.js';

/** One file as it was read, whole. */
export interface ReturnedFile {
  readonly channel: ChannelName;
  readonly inboxId: string;
  /** What the file is called whatever its issue, e.g. `fee-20261124-430900-001`: a later issue of the same id replaces this one's records. */
  readonly fileId: string;
  /** 1 for the first issue; a corrected re-issue counts up. */
  readonly issue: number;
  /** A later issue was taken already, also where it brought no record of its own: these records are kept, but were never in force. */
  readonly overtaken?: boolean;
  readonly fees?: readonly Omit<FeeRecord, 'id' | 'channel'>[];
  readonly taxes?: readonly Omit<TaxRecord, 'id' | 'channel'>[];
  readonly control?: Omit<ControlTotals, 'channel'>;
}

export interface RecordedFile {
  /** Records that are new. */
  readonly recorded: number;
  /** Records that stood with the same content already. */
  readonly repeated: number;
  /** Records of earlier issues that this one took out of force. */
  readonly superseded: number;
  /** Records whose number and status stood already with other content in another file; both are kept and shown as differences. */
  readonly contradictions: number;
  /** Records whose accounting day is closed: late facts, counted in the first open day. */
  readonly late: number;
  /** The day up to which days are closed. */
  readonly closedUpTo: Day | undefined;
}

interface Standing {
  readonly id: string;
  readonly key: string;
  readonly version: number;
  readonly digest: string;
  readonly fileId: string;
  readonly issue: number;
  readonly inForce: boolean;
}

interface Incoming {
  readonly key: string;
  readonly digest: string;
  readonly day: Day;
  readonly row: (id: string, version: number, statementDay: Day) => unknown[];
  readonly lines: FeeRecord['lines'];
}

const chunkSize = 2_000;

/** Fee and tax records and control totals as they were returned. Nothing is overwritten; reading a file again writes nothing. */
export class ReturnedRecordStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Inside the caller's transaction, so that the file is recorded whole or not at all. */
  async record(runner: Runner, file: ReturnedFile): Promise<RecordedFile> {
    // The counter's row is held until the commit: ids become visible in their order, and no day is closed meanwhile.
    await runner.run(sql`update counter set value = value + 0 where name = ${'reconciliation'}`);
    const closedUpTo = await lastClosedDay(runner);
    const fees = await this.recordKind(runner, file, 'fee_record', feeColumns, (file.fees ?? []).map((f) => incomingFee(file, f, this.clock.iso())), closedUpTo, file.fees !== undefined);
    const taxes = await this.recordKind(runner, file, 'tax_record', taxColumns, (file.taxes ?? []).map((t) => incomingTax(file, t, this.clock.iso())), closedUpTo, file.taxes !== undefined);
    if (file.control) {
      await this.database.dialect.insertMany(runner, 'control_total', controlColumns, [controlRow(file.channel, file.control, file.inboxId, this.clock.iso())], ['channel', 'day', 'issue']);
    }
    const sum = (of: 'recorded' | 'repeated' | 'superseded' | 'contradictions' | 'late'): number => fees[of] + taxes[of];
    return { recorded: sum('recorded'), repeated: sum('repeated'), superseded: sum('superseded'), contradictions: sum('contradictions'), late: sum('late'), closedUpTo };
  }

  /** The control totals of a day in their latest issue, as the center sent them. */
  async control(channel: ChannelName, day: Day): Promise<ControlTotals | undefined> {
    const top = this.database.dialect.top(1);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from control_total where channel = ${channel} and day = ${day} order by issue desc ${raw(top.suffix)}`);
    return rows[0] ? controlTotals(rows[0]) : undefined;
  }

  private async recordKind(
    runner: Runner, file: ReturnedFile, table: 'fee_record' | 'tax_record', columns: readonly Column[], incoming: readonly Incoming[], closedUpTo: Day | undefined, carries: boolean,
  ): Promise<Omit<RecordedFile, 'closedUpTo'>> {
    const counts = { recorded: 0, repeated: 0, superseded: 0, contradictions: 0, late: 0 };
    if (!carries) return counts;
    const standing = await this.standing(runner, table, file, incoming);
    const laterIssue = file.overtaken === true || standing.some((s) => s.fileId === file.fileId && s.issue > file.issue);
    const firstOpen = closedUpTo === undefined ? undefined : addDays(closedUpTo, 1);
    const byKey = new Map<string, Standing[]>();
    for (const s of standing) byKey.set(s.key, [...(byKey.get(s.key) ?? []), s]);

    const fresh: { entry: Incoming; version: number; replaces: Standing | undefined }[] = [];
    const seen = new Set<string>();
    for (const entry of incoming) {
      const known = byKey.get(entry.key) ?? [];
      seen.add(entry.key);
      if (known.some((s) => s.digest === entry.digest && (s.inForce || (s.fileId === file.fileId && s.issue >= file.issue)))) {
        counts.repeated++;
        continue;
      }
      const replaces = known.find((s) => s.inForce && s.fileId === file.fileId && s.issue < file.issue);
      if (!replaces && !laterIssue && known.some((s) => s.inForce)) counts.contradictions++;
      const version = Math.max(0, ...known.map((s) => s.version), ...fresh.filter((f) => f.entry.key === entry.key).map((f) => f.version)) + 1;
      fresh.push({ entry, version, replaces });
    }
    const withdrawn = laterIssue ? [] : standing.filter((s) => s.inForce && s.fileId === file.fileId && s.issue < file.issue && !seen.has(s.key));

    const now = this.clock.iso();
    const first = await takeNumbers(runner, 'reconciliation', fresh.length);
    const idOf = (i: number): string => String(first + BigInt(i));
    const rows = fresh.map(({ entry, version }, i) => {
      const statementDay = firstOpen === undefined ? entry.day : laterDay(entry.day, firstOpen);
      if (statementDay !== entry.day) counts.late++;
      return entry.row(idOf(i), version, statementDay);
    });
    await this.database.dialect.insertMany(runner, table, columns, rows);
    await this.database.dialect.insertMany(runner, 'fee_line', lineColumns, fresh.flatMap(({ entry }, i) => entry.lines.map((l, n) => [idOf(i), n + 1, l.feeItemCode, l.feeItemName ?? null, String(l.amountFen)])));
    counts.recorded = fresh.length;

    // An issue that comes after the one that corrects it is kept as a fact, but was never in force.
    const gone = laterIssue
      ? fresh.map((_, i) => ({ id: idOf(i), by: null as string | null, day: String(rows[i]![columns.findIndex((c) => c.name === 'statement_day')]) }))
      : [...fresh.flatMap((f, i) => (f.replaces ? [{ id: f.replaces.id, by: idOf(i), day: file.control?.day ?? f.entry.day }] : [])), ...withdrawn.map((w) => ({ id: w.id, by: null, day: incoming[0]?.day ?? '' }))];
    await this.supersede(runner, table, gone, file.inboxId, firstOpen, now);
    counts.superseded = laterIssue ? 0 : gone.length;
    return counts;
  }

  private async standing(runner: Runner, table: 'fee_record' | 'tax_record', file: ReturnedFile, incoming: readonly Incoming[]): Promise<Standing[]> {
    const number = table === 'fee_record' ? 'serial' : 'ticket_no';
    const found = new Map<string, Standing>();
    const columns = `id, ${number} as number_text, status, version, digest, file_id, issue, superseded_at`;
    const note = (rows: Record<string, unknown>[]): void => {
      for (const r of rows) {
        found.set(String(r['id']), {
          id: String(r['id']), key: `${String(r['number_text'])} ${String(r['status'])}`, version: Number(r['version']), digest: String(r['digest']),
          fileId: String(r['file_id']), issue: Number(r['issue']), inForce: r['superseded_at'] === null,
        });
      }
    };
    note((await runner.run(sql`select ${raw(columns)} from ${raw(table)} where channel = ${file.channel} and file_id = ${file.fileId}`)).rows);
    const numbers = [...new Set(incoming.map((i) => i.key.slice(0, i.key.lastIndexOf(' '))))];
    for (let i = 0; i < numbers.length; i += chunkSize) {
      note((await runner.run(sql`select ${raw(columns)} from ${raw(table)} where channel = ${file.channel} and ${raw(number)} in (${list(numbers.slice(i, i + chunkSize))})`)).rows);
    }
    return [...found.values()];
  }

  private async supersede(runner: Runner, table: 'fee_record' | 'tax_record', gone: readonly { id: string; by: string | null; day: string }[], inboxId: string, firstOpen: Day | undefined, now: string): Promise<void> {
    if (gone.length === 0) return;
    await this.database.dialect.updateMany(runner, {
      table, key: { name: 'id', kind: 'big' }, match: [],
      set: [{ name: 'superseded_at', kind: 'instant' }, { name: 'superseded_by', kind: 'big' }, { name: 'superseded_inbox', kind: 'big' }, { name: 'superseded_day', kind: 'text' }],
      where: raw('t.superseded_at is null'),
      rows: gone.map((g) => [g.id, now, g.by, inboxId, laterDay(g.day, firstOpen ?? g.day)]),
    });
    await this.seed(runner, gone.map((g) => g.id), 'superseded', now);
  }

  private async seed(runner: Runner, ids: readonly string[], why: string, now: string): Promise<void> {
    const first = await takeNumbers(runner, 'reconciliation', ids.length);
    await this.database.dialect.insertMany(
      runner, 'reconciliation_seed', [{ name: 'id', kind: 'big' }, { name: 'item_id', kind: 'big' }, { name: 'why', kind: 'text' }, { name: 'at', kind: 'instant' }],
      ids.map((id, i) => [String(first + BigInt(i)), id, why, now]),
    );
  }
}

const digestOf = (content: unknown): string => createHash('sha256').update(JSON.stringify(content)).digest('hex');

function incomingFee(file: ReturnedFile, f: Omit<FeeRecord, 'id' | 'channel'>, now: string): Incoming {
  const lines = f.lines.map((l) => [l.feeItemCode, l.feeItemName ?? null, String(l.amountFen)]);
  const digest = digestOf([f.serial, f.paymentCode ?? null, f.caseNo ?? null, f.unitCode, lines, String(f.amountFen), f.day, f.paidAt, f.payer ?? null, f.method ?? null, f.status, f.originalSerial ?? null]);
  return {
    key: `${f.serial} ${f.status}`, digest, day: f.day, lines: f.lines,
    row: (id, version, statementDay) => [
      id, file.channel, f.serial, f.status, version, f.paymentCode ?? null, f.caseNo ?? null, f.unitCode, String(f.amountFen), f.lines.length, f.lines.length === 1 ? f.lines[0]!.feeItemCode : null,
      f.day, statementDay, f.paidAt, f.payer ?? null, digestPayer(f.payer) ?? null, f.method ?? null, f.status === 'paid' ? null : (f.originalSerial ?? f.serial), digest, file.inboxId, file.fileId, file.issue, now,
    ],
  };
}

function incomingTax(file: ReturnedFile, t: Omit<TaxRecord, 'id' | 'channel'>, now: string): Incoming {
  const digest = digestOf([t.ticketNo, t.authorityCode, t.taxpayerNo, t.taxpayerName ?? null, t.caseNo ?? null, t.contractNo ?? null, t.taxKind, t.party, String(t.taxableFen), String(t.dueFen), String(t.paidFen), t.day, t.paidAt, t.status, t.originalTicketNo ?? null]);
  return {
    key: `${t.ticketNo} ${t.status}`, digest, day: t.day, lines: [],
    row: (id, version, statementDay) => [
      id, file.channel, t.ticketNo, t.status, version, t.authorityCode, t.taxpayerNo, t.taxpayerName ?? null, t.caseNo ?? null, t.contractNo ?? null, t.taxKind, t.party,
      String(t.taxableFen), String(t.dueFen), String(t.paidFen), t.day, statementDay, t.paidAt, t.status === 'paid' ? null : (t.originalTicketNo ?? t.ticketNo), digest, file.inboxId, file.fileId, file.issue, now,
    ],
  };
}
