import { createHash } from 'node:crypto';
import { GatewayFailure } from '../domain/failures.js';
import type { CaseSnapshot, Row } from '../domain/snapshot.js';
import type { ChildDefinition, ColumnType, StreamDefinition } from '../domain/stream.js';
import type { CaseNo } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, raw, sql, type Sql } from '../platform/database/sql.js';
import type { BureauDialect } from './bureau-dialect.js';
import type { CaseMarks, Position, TableMark } from './bureau-marks.js';
import { countsText } from './capture-case.js';
import { mssqlBureau } from './mssql-bureau.adapter.js';
import { postgresBureau } from './postgres-bureau.adapter.js';

export interface ChangeSet {
  /** Cases with a change, oldest first, each once. */
  readonly caseNos: readonly CaseNo[];
  /** The highest mark seen per case, so that a case that was read later than this needs no second read. */
  readonly marks: ReadonlyMap<CaseNo, string>;
  readonly next: Position;
  /** More is waiting behind the limit. */
  readonly more: boolean;
}

export interface Ceiling {
  /** Marks below this are complete: no open transaction can still bring one. */
  readonly mark: string;
  /** The newest mark that the database has given out. */
  readonly newest: string;
}

interface Source {
  readonly name: string;
  readonly table: string;
  readonly parent: string;
  readonly watermark: string;
}

/** Reads a stream's tables in the bureau; never writes there. Columns come as text, cast in SQL. */
export class BureauReader {
  readonly dialect: BureauDialect;
  private readonly sources: readonly Source[];
  /** Of the columns that hold case numbers, by table and column. */
  private readonly keyTypes = new Map<string, string | undefined>();

  constructor(
    readonly database: DatabaseAdapter,
    readonly stream: StreamDefinition,
    private readonly allowTornReads: boolean,
  ) {
    this.dialect = database.dialect.engine === 'postgres' ? postgresBureau : mssqlBureau;
    this.sources = [
      { name: stream.table, table: stream.table, parent: stream.key, watermark: stream.watermark.column },
      ...Object.entries(stream.children).flatMap(([name, c]) => (c.watermark ? [{ name, table: c.table, parent: c.parent, watermark: c.watermark }] : [])),
    ];
  }

  /** How far it is safe to read now. Taken before the changes are read, so that all below it are visible. */
  async ceiling(): Promise<Ceiling> {
    const { rows } = await this.database.run(this.stream.watermark.mode === 'rowversion' ? this.dialect.ceiling : this.dialect.timeCeiling);
    return { mark: String(rows[0]!['mark']), newest: String(rows[0]!['newest']) };
  }

  /**
   * The cases changed after `position` and below `ceiling`: one statement however many tables and cases there are. The
   * overlap of the timestamp mode belongs to the first page of a poll only, else a full window would never end.
   */
  async changes(position: Position, ceiling: Ceiling, limit: number, firstPage = true): Promise<ChangeSet> {
    const mode = this.stream.watermark.mode;
    const perSource = limit + 1; // more could not be taken; a case that changed several times only makes the page smaller
    const parts = this.sources.map((s) => {
      const [mark, caseNo] = position[s.name] ?? this.dialect.start(mode);
      return this.dialect.changesOf({ ...s, mode, from: firstPage ? this.overlapped(mark, caseNo) : ([mark, caseNo] as const), below: ceiling.mark, limit: perSource });
    });
    let statement = sql`${parts[0]!}`;
    for (const part of parts.slice(1)) statement = sql`${statement} union all ${part}`;
    const { rows } = await this.database.run(statement);

    const marks = new Map<CaseNo, string>();
    const next: Record<string, readonly [string, string]> = { ...position };
    let more = false;
    const bySource = new Map<string, { caseNo: string; mark: string }[]>(this.sources.map((s) => [s.name, []]));
    for (const row of rows) bySource.get(String(row['source']))!.push({ caseNo: String(row['case_no']), mark: String(row['mark']) });
    for (const source of this.sources) {
      const found = bySource.get(source.name)!.sort((a, b) => this.dialect.compareMarks(mode, a.mark, b.mark) || (a.caseNo < b.caseNo ? -1 : a.caseNo > b.caseNo ? 1 : 0));
      let consumed = 0;
      for (const row of found) {
        if (!marks.has(row.caseNo) && marks.size >= limit) break;
        const known = marks.get(row.caseNo);
        if (known === undefined || this.dialect.compareMarks(mode, row.mark, known) > 0) marks.set(row.caseNo, row.mark);
        consumed += 1;
      }
      const last = found[consumed - 1];
      if (consumed < found.length || found.length === perSource) {
        more = true;
        if (last) next[source.name] = [last.mark, last.caseNo];
      } else if (mode === 'rowversion') next[source.name] = [ceiling.mark, ''];
      else if (last) next[source.name] = [last.mark, last.caseNo];
    }
    return { caseNos: [...marks.keys()], marks, next, more };
  }

  /** The named cases with their children as of one moment; cases that are not there are absent from the map. */
  async read(caseNos: readonly CaseNo[]): Promise<Map<CaseNo, CaseSnapshot>> {
    const isolation = await this.dialect.readIsolation(this.database, this.allowTornReads);
    const tables = [{ table: this.stream.table, parent: this.stream.key }, ...Object.values(this.stream.children)];
    for (const { table, parent } of tables) await this.keyType(table, parent); // before the transaction takes a connection
    return this.database.transaction(async (runner) => {
      const found = new Map<CaseNo, CaseSnapshot>();
      for (const some of this.chunks(caseNos)) for (const [caseNo, snapshot] of await this.readIn(runner, some)) found.set(caseNo, snapshot);
      return found;
    }, isolation);
  }

  /** As `read`, but when the database cannot convert a row the culprit is isolated and reported, the others are read. */
  async readEach(caseNos: readonly CaseNo[]): Promise<{ found: Map<CaseNo, CaseSnapshot>; unreadable: Map<CaseNo, string> }> {
    try {
      return { found: await this.read(caseNos), unreadable: new Map() };
    } catch (error) {
      if (!this.dialect.isDataError(error)) throw error;
      if (caseNos.length === 1) return { found: new Map(), unreadable: new Map([[caseNos[0]!, this.dialect.dataErrorText(error)]]) };
      const half = Math.ceil(caseNos.length / 2);
      const [a, b] = [await this.readEach(caseNos.slice(0, half)), await this.readEach(caseNos.slice(half))];
      return { found: new Map([...a.found, ...b.found]), unreadable: new Map([...a.unreadable, ...b.unreadable]) };
    }
  }

  /** Which of these cases the bureau still has. */
  async existing(caseNos: readonly CaseNo[]): Promise<Set<CaseNo>> {
    const { table, key } = this.stream;
    const type = await this.keyType(table, key);
    const found = new Set<CaseNo>();
    for (const some of this.chunks(caseNos)) {
      const { rows } = await this.database.run(sql`select ${raw(this.dialect.keyText(key))} as case_no from ${raw(table)} where ${raw(key)} in (${this.keyList(some, type)})`);
      for (const r of rows) found.add(String(r['case_no']));
    }
    return found;
  }

  /** Up to `limit` case numbers after `after`, in the order of the bureau's key. */
  async keys(after: CaseNo, limit: number): Promise<CaseNo[]> {
    const { table, key } = this.stream;
    const top = this.database.dialect.top(limit);
    const from = this.keyOf(after, await this.keyType(table, key));
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} ${raw(this.dialect.keyText(key))} as case_no from ${raw(table)} where ${raw(key)} > ${from} order by ${raw(key)} ${raw(top.suffix)}`);
    return rows.map((r) => String(r['case_no']));
  }

  /** How many rows of each child these cases have, as countsText writes it; only cases that the bureau has. */
  async counts(caseNos: readonly CaseNo[]): Promise<Map<CaseNo, string>> {
    const found = new Map<CaseNo, Record<string, number>>([...(await this.existing(caseNos))].map((c) => [c, {}]));
    for (const [name, child] of Object.entries(this.stream.children)) {
      const type = await this.keyType(child.table, child.parent);
      for (const some of this.chunks(caseNos)) {
        const { rows } = await this.database.run(sql`select ${raw(this.dialect.keyText(child.parent))} as case_no, count(*) as n from ${raw(child.table)}
          where ${raw(child.parent)} in (${this.keyList(some, type)}) group by ${raw(child.parent)}`);
        for (const r of rows) {
          const counts = found.get(String(r['case_no']));
          if (counts !== undefined) counts[name] = Number(r['n']);
        }
      }
    }
    return new Map([...found].map(([caseNo, counts]) => [caseNo, countsText(counts)]));
  }

  /** How many rows each table has of a case and the newest mark among them, as of one moment: for the cases after `after` up to `last`, or those named. */
  async marks(of: { readonly after: CaseNo; readonly last: CaseNo } | { readonly caseNos: readonly CaseNo[] }): Promise<Map<CaseNo, CaseMarks>> {
    const isolation = await this.dialect.readIsolation(this.database, this.allowTornReads);
    const tables = [{ name: this.stream.table, table: this.stream.table, parent: this.stream.key, watermark: this.stream.watermark.column }, ...Object.entries(this.stream.children).map(([name, c]) => ({ name, ...c }))];
    const parts: { t: (typeof tables)[number]; where: Sql }[] = [];
    for (const t of tables) {
      const type = await this.keyType(t.table, t.parent);
      if ('caseNos' in of) for (const some of this.chunks(of.caseNos)) parts.push({ t, where: sql`${raw(t.parent)} in (${this.keyList(some, type)})` });
      else parts.push({ t, where: sql`${raw(t.parent)} > ${this.keyOf(of.after, type)} and ${raw(t.parent)} <= ${this.keyOf(of.last, type)}` });
    }
    return this.database.transaction(async (runner) => {
      const out = new Map<CaseNo, Record<string, TableMark>>();
      for (const { t, where } of parts) {
        const mark = t.watermark === undefined ? raw('null') : raw(this.dialect.newestMark(t.watermark, this.stream.watermark.mode));
        const { rows } = await runner.run(sql`select ${raw(this.dialect.keyText(t.parent))} as case_no, count(*) as n, ${mark} as mark from ${raw(t.table)} where ${where} group by ${raw(t.parent)}`);
        for (const r of rows) {
          const caseNo = String(r['case_no']);
          const known = out.get(caseNo);
          const entry: TableMark = { rows: Number(r['n']), mark: r['mark'] === null ? undefined : String(r['mark']) };
          if (known) known[t.name] = entry;
          else out.set(caseNo, { [t.name]: entry });
        }
      }
      return out;
    }, isolation);
  }

  /** Contents of scanned files by signature, for the cases named; only those whose MD5 is the recorded signature. */
  async attachments(caseNos: readonly CaseNo[], child: ChildDefinition, signatures: readonly string[]): Promise<{ signature: string; size: number; sha256: string; content: Buffer }[]> {
    const a = child.attachment!;
    const type = await this.keyType(child.table, child.parent);
    const rows: Record<string, unknown>[] = [];
    for (const [some, wanted] of this.chunks(caseNos).flatMap((c) => this.chunks(signatures).map((s) => [c, s] as const))) {
      rows.push(...(await this.database.run(sql`select ${raw(a.signature)} as signature, ${raw(a.content)} as content from ${raw(child.table)}
        where ${raw(child.parent)} in (${this.keyList(some, type)}) and ${raw(a.signature)} in (${list(wanted)}) and ${raw(a.content)} is not null`)).rows);
    }
    return rows.flatMap((row) => {
      const content = row['content'] as Buffer;
      const signature = String(row['signature']);
      if (createHash('md5').update(content).digest('hex') !== signature.toLowerCase()) return [];
      return [{ signature, size: content.length, sha256: createHash('sha256').update(content).digest('hex'), content }];
    });
  }

  /** Compares the configured columns with the bureau's catalogue; throws naming the first that is missing or retyped. */
  async checkColumns(): Promise<void> {
    const faults = await this.columnFaults();
    if (faults.length > 0) throw faults[0]!;
  }

  /** Everything in which the bureau's tables differ from the stream's configuration. */
  async columnFaults(): Promise<GatewayFailure[]> {
    const faults: GatewayFailure[] = [];
    const tables: { table: string; columns: Record<string, ColumnType>; extra: string[] }[] = [
      { table: this.stream.table, columns: this.stream.columns, extra: [this.stream.key, this.stream.watermark.column] },
      ...Object.values(this.stream.children).map((c) => ({
        table: c.table,
        columns: c.columns,
        extra: [c.parent, ...(c.watermark ? [c.watermark] : []), ...(c.attachment ? [c.attachment.content] : [])],
      })),
    ];
    for (const t of tables) {
      const { rows } = await this.database.run(this.dialect.catalogue(t.table));
      const have = new Map(rows.map((r) => [String(r['column_name']).toLowerCase(), String(r['data_type']).toLowerCase()]));
      if (have.size === 0) {
        faults.push(new GatewayFailure('bureau-not-readable', `table or view ${t.table} is not there or not readable for this account`));
        continue;
      }
      this.keyTypes.set(`${t.table}.${t.extra[0]!}`, have.get(t.extra[0]!.toLowerCase()));
      for (const column of [...Object.keys(t.columns), ...t.extra]) {
        const type = have.get(column.toLowerCase());
        const expected = t.columns[column];
        if (type === undefined) faults.push(new GatewayFailure('bureau-column-missing', `${t.table}.${column}`));
        else if (expected && !this.dialect.accepts(expected, type)) faults.push(new GatewayFailure('bureau-column-retyped', `${t.table}.${column} is ${type}, expected ${expected}`));
      }
    }
    return faults;
  }

  private async readIn(runner: Runner, caseNos: readonly CaseNo[]): Promise<Map<CaseNo, CaseSnapshot>> {
    const s = this.stream;
    const roots = await runner.run(this.dialect.select({ table: s.table, parent: s.key, order: s.key, columns: s.columns, caseNos, keyType: this.keyTypes.get(`${s.table}.${s.key}`) }));
    const cases = new Map<CaseNo, { stream: string; caseNo: CaseNo; case: Row; children: Record<string, Row[]> }>();
    for (const row of roots.rows) {
      const parent = String(row['parent_key']);
      cases.set(parent, { stream: s.stream, caseNo: parent, case: present(row), children: Object.fromEntries(Object.keys(s.children).map((c) => [c, []])) });
    }
    for (const [name, child] of Object.entries(s.children)) {
      const found = await runner.run(this.dialect.select({ table: child.table, parent: child.parent, order: child.key, columns: child.columns, caseNos, keyType: this.keyTypes.get(`${child.table}.${child.parent}`) }));
      for (const row of found.rows) {
        cases.get(String(row['parent_key']))?.children[name]!.push(present(row));
      }
    }
    return cases;
  }

  /** The type of a key column, asked for once; what the column check finds later takes its place. Undefined where it makes no difference. */
  private async keyType(table: string, column: string): Promise<string | undefined> {
    if (this.dialect.keyParameter === undefined) return undefined;
    const name = `${table}.${column}`;
    if (!this.keyTypes.has(name)) {
      const found = (await this.database.run(this.dialect.catalogue(table))).rows.find((r) => String(r['column_name']).toLowerCase() === column.toLowerCase());
      this.keyTypes.set(name, found && String(found['data_type']).toLowerCase());
    }
    return this.keyTypes.get(name);
  }

  private readonly keyOf = (caseNo: CaseNo, type: string | undefined): unknown => this.dialect.keyParameter?.(caseNo, type) ?? caseNo;
  private readonly keyList = (caseNos: readonly CaseNo[], type: string | undefined): ReturnType<typeof list> => list(caseNos.map((c) => this.keyOf(c, type)));

  private chunks<T>(values: readonly T[]): T[][] {
    const size = this.dialect.mostKeys;
    return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
  }

  private overlapped(mark: string, caseNo: string): readonly [string, string] {
    if (this.stream.watermark.mode === 'rowversion') return [mark, caseNo];
    return [this.dialect.earlier(mark, this.stream.watermark.overlapSeconds), ''];
  }
}

/** A row without its blank columns: absent and null mean the same to every reader of a snapshot, and half the size. */
function present(row: Record<string, unknown>): Row {
  const out: Record<string, string> = {};
  for (const column in row) {
    const value = row[column];
    if (value !== null && column !== 'parent_key') out[column] = value as string;
  }
  return out;
}
