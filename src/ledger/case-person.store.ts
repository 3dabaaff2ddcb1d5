import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, sql } from '../platform/database/sql.js';

/** Reads what names the persons of cases; the capture writes it with the snapshot that says so. */
export class CasePersonStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** Terms of the cases of these rows, by stream, a zero character and case number. */
  async of(rows: readonly { readonly stream: string; readonly caseNo: string }[]): Promise<Map<string, string[]>> {
    const out = new Map<string, string[]>();
    for (const stream of new Set(rows.map((r) => r.stream))) {
      const caseNos = [...new Set(rows.filter((r) => r.stream === stream).map((r) => r.caseNo))];
      const found = await this.database.run(sql`select term, case_no from case_person where stream = ${stream} and case_no in (${list(caseNos)}) order by case_no, term`);
      for (const r of found.rows) {
        const key = `${stream}\u0000${String(r['case_no'])}`;
        out.set(key, [...(out.get(key) ?? []), String(r['term'])]);
      }
    }
    return out;
  }
}
