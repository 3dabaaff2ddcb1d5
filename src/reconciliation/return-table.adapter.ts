import type { WriteBackSettings } from '../domain/write-back-settings.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql, type Sql } from '../platform/database/sql.js';
import type { ToldClearance } from './tell-clearance.js';

/** A row of the bureau's return table. */
export interface ReturnRow {
  readonly caseNo: string;
  readonly number: number;
  readonly digest: string;
  /** Nothing newer was said of the case. */
  readonly current: boolean;
  readonly decidedAt: string;
  readonly told: ToldClearance;
}

/** Local time as the bureau writes it; Asia/Shanghai has had no summer time since 1991. */
const localTime = (iso: string): string => new Date(Date.parse(iso) + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');

/**
 * The bureau's return table: the one table of the bureau into which the gateway writes, by an account of its own that needs SELECT
 * and INSERT on it. Rows are added, never changed; the bureau reads the newest of a case, or follows them in their order.
 */
export class ReturnTable {
  private constructor(
    readonly database: DatabaseAdapter,
    private readonly settings: Pick<WriteBackSettings, 'table' | 'columns'>,
  ) {}

  /** Throws the driver's error when the server does not answer or refuses the account. */
  static async open(settings: WriteBackSettings & { readonly url: string }, tls: { encrypt: boolean; trustServerCertificate: boolean }): Promise<ReturnTable> {
    const database = await DatabaseAdapter.open({ engine: settings.engine, url: settings.url, poolSize: 1, statementTimeoutMs: 30_000, applicationName: 'exchange-gateway write-back', ...tls });
    return new ReturnTable(database, settings);
  }

  close(): Promise<void> {
    return this.database.close();
  }

  /** Reads nothing; throws when a column is missing or may not be read. */
  async probe(): Promise<void> {
    const { columns } = this.settings;
    await this.database.run(sql`select ${raw(Object.values(columns).join(', '))} from ${raw(this.settings.table)} where 1 = 0`);
  }

  /**
   * Adds the rows in their order, in one transaction. A row that is there already is not added again. Where the table has gone
   * ahead of the ledger (an older one was restored), a row takes the next free number, and what is true now ends up as the newest
   * of its case. Returns the numbers under which they stand.
   */
  async add(rows: readonly ReturnRow[]): Promise<number[]> {
    return this.database.transaction(async (runner) => {
      const there = await this.there(runner, rows.map((r) => r.caseNo));
      const numbers: number[] = [];
      for (const row of rows) {
        const known = there.get(row.caseNo) ?? new Map<number, string>();
        const newest = Math.max(0, ...known.keys());
        const same = row.current ? (known.get(newest) === row.digest && newest >= row.number ? newest : undefined) : known.get(row.number) === row.digest ? row.number : undefined;
        const number = same ?? Math.max(row.number, newest + 1);
        if (same === undefined) await runner.run(this.insert(row, number));
        there.set(row.caseNo, known.set(number, row.digest));
        numbers.push(number);
      }
      return numbers;
    });
  }

  /** Digests of the rows of these cases, by number. */
  private async there(runner: Runner, caseNos: readonly string[]): Promise<Map<string, Map<number, string>>> {
    const { table, columns: c } = this.settings;
    const out = new Map<string, Map<number, string>>();
    const { dialect } = this.database;
    const unique = [...new Set(caseNos)];
    for (let i = 0; i < unique.length; i += dialect.mostListed) {
      const { rows } = await runner.run(sql`select t.${raw(c.caseNo)} as case_no, t.${raw(c.number)} as return_no, t.${raw(c.digest)} as digest from ${raw(table)} t where ${dialect.among(`t.${c.caseNo}`, 'text', unique.slice(i, i + dialect.mostListed))}`);
      for (const r of rows) out.set(String(r['case_no']), (out.get(String(r['case_no'])) ?? new Map<number, string>()).set(Number(r['return_no']), String(r['digest']).trim()));
    }
    return out;
  }

  /** Values travel as text; each column converts them to what it holds. */
  private insert({ caseNo, digest, decidedAt, told }: ReturnRow, number: number): Sql {
    const { table, columns: c } = this.settings;
    const names = [c.caseNo, c.number, c.cleared, c.state, c.feesDue, c.feesSettled, c.taxesDue, c.taxesSettled, c.missing, c.decidedAt, c.digest].join(', ');
    return sql`insert into ${raw(table)} (${raw(names)}) values (${caseNo}, ${String(number)}, ${told.cleared ? '1' : '0'}, ${told.state}, ${String(told.feesDue)}, ${String(told.feesSettled)}, ${String(told.taxesDue)}, ${String(told.taxesSettled)},
      ${told.missing}, ${localTime(decidedAt)}, ${digest})`;
  }
}
