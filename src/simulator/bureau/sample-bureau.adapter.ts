import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { Row } from '../../domain/snapshot.js';
import { bureauTables, childNames, type TableName } from './bureau-tables.js';
import type { CaseRecord, RowChange } from './case-record.js';
import { bureauFolder } from './catalogue.adapter.js';
import { catalogueRows, type Catalogue } from './read-catalogue.js';

/** The writing side of a sample bureau, on whichever engine it lives. */
export interface SampleBureau {
  /** Makes the tables of config/bureau unless they are there. */
  createSchema(): Promise<void>;
  /** Whether the tables are there. */
  hasSchema(): Promise<boolean>;
  /** Writes items and limits; those that are there are brought up to date. */
  writeCatalogue(catalogue: Catalogue): Promise<void>;
  /** Inserts whole cases, each within one transaction; returns how many. */
  insertCases(records: Iterable<CaseRecord>): Promise<number>;
  /** Writes the rows of one stage in one transaction; a row that is not there makes it fail as a whole. */
  applyChanges(caseNo: string, changes: readonly RowChange[]): Promise<void>;
  caseExists(caseNo: string): Promise<boolean>;
  /** Deletes a case with its children; false when there is none. */
  deleteCase(caseNo: string): Promise<boolean>;
  close(): Promise<void>;
}

const batchCases = 500;

/** The sample bureau on PostgreSQL. The account needs to own the tables: this is the simulator, the gateway only reads. */
export class SampleBureauAdapter implements SampleBureau {
  private readonly pool: pg.Pool;

  constructor(url: string, poolSize = 2) {
    this.pool = new pg.Pool({ connectionString: url, max: poolSize });
    // An idle connection that the server ends is replaced by the pool; without a listener it would end the process.
    this.pool.on('error', (error) => { this.lastIdleError = error; });
  }

  /** The last fault of a connection while nobody used it; null when there was none. */
  lastIdleError: Error | null = null;

  async createSchema(): Promise<void> {
    await this.pool.query(readFileSync(`${bureauFolder}/sample.postgres.sql`, 'utf8'));
  }

  async hasSchema(): Promise<boolean> {
    const { rowCount } = await this.pool.query(`select 1 where to_regclass('land_case') is not null`);
    return rowCount === 1;
  }

  async writeCatalogue(catalogue: Catalogue): Promise<void> {
    const { items, limits } = catalogueRows(catalogue);
    await this.inTransaction(async (client) => {
      await client.query(
        `insert into land_item select * from json_populate_recordset(null::land_item, $1::json)
         on conflict (item_code) do update set (item_name, section, case_kind, item_type, basic_code, implement_code, certificate_name)
           = (excluded.item_name, excluded.section, excluded.case_kind, excluded.item_type, excluded.basic_code,
              excluded.implement_code, excluded.certificate_name)`, [JSON.stringify(items)]);
      await client.query(
        `insert into land_item_limit select * from json_populate_recordset(null::land_item_limit, $1::json)
         on conflict (item_code, effective_from) do update set (committed_limit, committed_unit, statutory_limit, statutory_unit, letter_no)
           = (excluded.committed_limit, excluded.committed_unit, excluded.statutory_limit, excluded.statutory_unit, excluded.letter_no)`,
        [JSON.stringify(limits)]);
    });
  }

  async insertCases(records: Iterable<CaseRecord>): Promise<number> {
    let count = 0;
    let batch: CaseRecord[] = [];
    for (const record of records) {
      batch.push(record);
      if (batch.length < batchCases) continue;
      await this.insertBatch(batch);
      count += batch.length;
      batch = [];
    }
    if (batch.length > 0) await this.insertBatch(batch);
    return count + batch.length;
  }

  private async insertBatch(batch: readonly CaseRecord[]): Promise<void> {
    await this.inTransaction((client) => insertRecords(client, batch));
  }

  async applyChanges(caseNo: string, changes: readonly RowChange[]): Promise<void> {
    await this.inTransaction(async (client) => {
      for (const change of changes) await writeChange(client, caseNo, change);
    });
  }

  async caseExists(caseNo: string): Promise<boolean> {
    const { rowCount } = await this.pool.query('select 1 from land_case where case_no = $1', [caseNo]);
    return rowCount === 1;
  }

  async deleteCase(caseNo: string): Promise<boolean> {
    const { rowCount } = await this.pool.query('delete from land_case where case_no = $1', [caseNo]);
    return rowCount === 1;
  }

  /**
   * Many cases without children and without a time of application, so that no event comes of them: ballast that a poll has
   * to pass by. Numbers run from BARE000000001 and go on from the last one there.
   */
  async fillBareCases(count: number): Promise<void> {
    await this.pool.query(
      `insert into land_case (case_no, item_code, item_name, section, case_kind, division_code, status, handled_offline)
       select 'BARE' || lpad(n::text, 9, '0'), 'DJ18', '土地登记资料查询', '地籍', 'J', '430903', 'CLOSED', false
       from (select coalesce(max(substr(case_no, 5)::bigint), 0) as last from land_case where case_no like 'BARE%') as there,
         generate_series(last + 1, last + $1::bigint) as n`, [count]);
    await this.pool.query('analyze land_case');
  }

  /** An account that may read and add rows of the return table, and nothing else; its address. */
  async grantReturnTable(url: string, account: string, password: string): Promise<string> {
    const { rowCount } = await this.pool.query('select 1 from pg_roles where rolname = $1', [account]);
    await this.pool.query(`${rowCount === 0 ? 'create' : 'alter'} role ${pg.escapeIdentifier(account)} login password ${pg.escapeLiteral(password)}`);
    await this.pool.query(`grant select, insert on land_return to ${pg.escapeIdentifier(account)}`);
    const own = new URL(url);
    own.username = account;
    own.password = password;
    return own.href;
  }

  /** Rows of the return table, and cases whose newest row says cleared. */
  async countReturns(): Promise<{ rows: number; cleared: number }> {
    const { rows } = await this.pool.query<{ n: string; cleared: string }>(`select count(*) as n, count(*) filter (where is_cleared and return_no = (select max(return_no) from land_return m where m.case_no = r.case_no)) as cleared from land_return r`);
    return { rows: Number(rows[0]!.n), cleared: Number(rows[0]!.cleared) };
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async inTransaction(work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      await work(client);
      await client.query('commit');
      client.release();
    } catch (error) {
      // The connection is thrown away with whatever it had begun.
      client.release(true);
      throw error;
    }
  }
}

/** Inserts whole cases within the caller's transaction. */
export async function insertRecords(client: pg.ClientBase, records: readonly CaseRecord[]): Promise<void> {
  await insertRows(client, 'case', records.map((record) => record.case));
  for (const child of childNames) await insertRows(client, child, records.flatMap((record) => childRows(record, child)));
}

/** Writes one row change within the caller's transaction; throws where the row is not there. */
export async function writeChange(client: pg.ClientBase, caseNo: string, change: RowChange): Promise<void> {
  const { table, key } = bureauTables[change.table];
  if (change.operation === 'insert') {
    const file: Row = change.file === undefined ? {} : { file_content: hexOf(change.file.content) };
    await insertRows(client, change.table, [{ ...change.values, ...file, case_no: caseNo }]);
    return;
  }
  const columns = checkedColumns(change.table, change.values);
  const where = key === null ? 'case_no = $1' : `case_no = $1 and ${key} = $2`;
  const keys = key === null ? [caseNo] : [caseNo, change.key];
  const sets = columns.map((column, i) => `${column} = $${keys.length + i + 1}`).join(', ');
  const sql = change.operation === 'delete' ? `delete from ${table} where ${where}` : `update ${table} set ${sets} where ${where}`;
  const values = change.operation === 'delete' ? keys : [...keys, ...columns.map((column) => change.values[column])];
  const { rowCount } = await client.query(sql, values);
  if (rowCount !== 1) throw new Error(`no such row to ${change.operation} in ${table}`);
}

function hexOf(content: Uint8Array): string {
  return `\\x${Buffer.from(content).toString('hex')}`;
}

/** Rows of a child as they go to the database: with the case number, and with the scanned file for a material. */
function childRows(record: CaseRecord, child: Exclude<TableName, 'case'>): Row[] {
  return record.children[child].map((row) => {
    const file = child === 'materials' ? record.files.find((candidate) => candidate.materialNo === row['material_no']) : undefined;
    return { ...row, case_no: record.caseNo, ...(child === 'materials' ? { file_content: file === undefined ? null : hexOf(file.content) } : {}) };
  });
}

function columnsOf(table: TableName): readonly string[] {
  const own = bureauTables[table].columns;
  return table === 'case' ? own : ['case_no', ...own, ...(table === 'materials' ? ['file_content'] : [])];
}

function checkedColumns(table: TableName, values: Row): string[] {
  const known = columnsOf(table);
  const columns = Object.keys(values);
  const strange = columns.find((column) => !known.includes(column));
  if (strange !== undefined) throw new Error(`${bureauTables[table].table} has no column ${strange}`);
  return columns;
}

/** One statement for many rows: JSON carries control characters and nulls unharmed, and the column types read the text. */
async function insertRows(client: pg.ClientBase, table: TableName, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  for (const row of rows) checkedColumns(table, row);
  const name = bureauTables[table].table;
  const columns = columnsOf(table).join(', ');
  await client.query(`insert into ${name} (${columns}) select ${columns} from json_populate_recordset(null::${name}, $1::json)`, [JSON.stringify(rows)]);
}
