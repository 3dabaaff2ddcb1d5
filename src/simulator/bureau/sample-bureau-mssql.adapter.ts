import { readFileSync } from 'node:fs';
import sql from 'mssql';
import type { Row } from '../../domain/snapshot.js';
import { bureauTables, childNames, type TableName } from './bureau-tables.js';
import type { CaseRecord, MaterialFile, RowChange } from './case-record.js';
import { bureauFolder } from './catalogue.adapter.js';
import { catalogueRows, type Catalogue } from './read-catalogue.js';
import type { SampleBureau } from './sample-bureau.adapter.js';

/** A request takes 2100 parameters at the most. */
const maxParameters = 2_000;

/** The sample bureau on SQL Server; every value goes as nvarchar text and is converted by the column. */
export class SampleBureauMssqlAdapter implements SampleBureau {
  private constructor(private readonly pool: sql.ConnectionPool) {}

  /** Connects to `mssql://user:password@host:port/database`. */
  static async connect(address: string, trustServerCertificate: boolean): Promise<SampleBureauMssqlAdapter> {
    const url = new URL(address);
    const pool = new sql.ConnectionPool({
      server: url.hostname,
      port: url.port === '' ? 1433 : Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
      options: { encrypt: true, trustServerCertificate },
    });
    return new SampleBureauMssqlAdapter(await pool.connect());
  }

  async createSchema(): Promise<void> {
    const batches = readFileSync(`${bureauFolder}/sample.mssql.sql`, 'utf8').split(/^GO\s*$/m);
    for (const batch of batches) if (batch.trim() !== '') await this.pool.request().batch(batch);
  }

  async hasSchema(): Promise<boolean> {
    const result = await this.pool.request().query(`select 1 as one where object_id(N'land_case') is not null`);
    return result.recordset.length === 1;
  }

  async writeCatalogue(catalogue: Catalogue): Promise<void> {
    const { items, limits } = catalogueRows(catalogue);
    await this.inTransaction(async (transaction) => {
      await new sql.Request(transaction).query('delete from land_item_limit; delete from land_item');
      await insertText(transaction, 'land_item', items);
      await insertText(transaction, 'land_item_limit', limits);
    });
  }

  async insertCases(records: Iterable<CaseRecord>): Promise<number> {
    let count = 0;
    for (const record of records) {
      await this.inTransaction(async (transaction) => {
        await insertText(transaction, bureauTables.case.table, [record.case]);
        for (const child of childNames) {
          await insertText(transaction, bureauTables[child].table, record.children[child].map((row) => ({ case_no: record.caseNo, ...row })));
        }
        for (const file of record.files) await writeFile(transaction, record.caseNo, file);
      });
      count += 1;
    }
    return count;
  }

  async applyChanges(caseNo: string, changes: readonly RowChange[]): Promise<void> {
    await this.inTransaction(async (transaction) => {
      for (const change of changes) await applyChange(transaction, caseNo, change);
    });
  }

  async caseExists(caseNo: string): Promise<boolean> {
    const result = await this.pool.request().input('caseNo', sql.NVarChar(50), caseNo).query('select 1 as one from land_case where case_no = @caseNo');
    return result.recordset.length === 1;
  }

  async deleteCase(caseNo: string): Promise<boolean> {
    const result = await this.pool.request().input('caseNo', sql.NVarChar(50), caseNo).query('delete from land_case where case_no = @caseNo');
    return result.rowsAffected[0] === 1;
  }

  async close(): Promise<void> {
    await this.pool.close();
  }

  private async inTransaction(work: (transaction: sql.Transaction) => Promise<void>): Promise<void> {
    const transaction = new sql.Transaction(this.pool);
    await transaction.begin();
    try {
      await work(transaction);
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
    await transaction.commit();
  }
}

async function insertText(transaction: sql.Transaction, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) return;
  const perRequest = Math.floor(maxParameters / columns.length);
  for (let start = 0; start < rows.length; start += perRequest) {
    const request = new sql.Request(transaction);
    const lines = rows.slice(start, start + perRequest).map((row, r) => {
      const names = columns.map((column, c) => {
        request.input(`p${r}_${c}`, sql.NVarChar(sql.MAX), row[column] ?? null);
        return `@p${r}_${c}`;
      });
      return `(${names.join(', ')})`;
    });
    await request.query(`insert into ${table} (${columns.join(', ')}) values ${lines.join(', ')}`);
  }
}

async function writeFile(transaction: sql.Transaction, caseNo: string, file: MaterialFile): Promise<void> {
  await new sql.Request(transaction)
    .input('caseNo', sql.NVarChar(50), caseNo)
    .input('materialNo', sql.Int, Number(file.materialNo))
    .input('content', sql.VarBinary(sql.MAX), Buffer.from(file.content))
    .query('update land_material set file_content = @content where case_no = @caseNo and material_no = @materialNo');
}

function checkColumns(table: TableName, values: Row): void {
  const strange = Object.keys(values).find((column) => !bureauTables[table].columns.includes(column));
  if (strange !== undefined) throw new Error(`${bureauTables[table].table} has no column ${strange}`);
}

async function applyChange(transaction: sql.Transaction, caseNo: string, change: RowChange): Promise<void> {
  const { table, key } = bureauTables[change.table];
  checkColumns(change.table, change.values);
  if (change.operation === 'insert') {
    await insertText(transaction, table, [change.table === 'case' ? change.values : { case_no: caseNo, ...change.values }]);
    if (change.file !== undefined) await writeFile(transaction, caseNo, change.file);
    return;
  }
  const request = new sql.Request(transaction).input('caseNo', sql.NVarChar(50), caseNo);
  if (key !== null) request.input('rowKey', sql.Int, Number(change.key));
  const where = key === null ? 'case_no = @caseNo' : `case_no = @caseNo and ${key} = @rowKey`;
  const sets = Object.entries(change.values).map(([column, value], i) => {
    request.input(`v${i}`, sql.NVarChar(sql.MAX), value);
    return `${column} = @v${i}`;
  });
  const result = await request.query(change.operation === 'delete' ? `delete from ${table} where ${where}` : `update ${table} set ${sets.join(', ')} where ${where}`);
  if (result.rowsAffected[0] !== 1) throw new Error(`no such row to ${change.operation} in ${table}`);
}
