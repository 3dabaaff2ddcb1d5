import { maskText } from '../../domain/mask-personal.js';
import type { CasePersonStore } from '../../ledger/case-person.store.js';
import type { ExchangeRow } from '../../ledger/exchange-row.js';

/** Hides in what receivers wrote the persons of the case that they wrote it about. */
export class ReasonMask {
  constructor(private readonly persons: CasePersonStore) {}

  /** What masks a text about one of these rows; only rows that say something are looked up. */
  async of(rows: readonly ExchangeRow[]): Promise<(row: ExchangeRow) => (text: string) => string> {
    const telling = rows.filter((r) => r.failureDetail !== undefined);
    const terms = telling.length === 0 ? new Map<string, string[]>() : await this.persons.of(telling);
    for (const values of terms.values()) values.sort((a, b) => b.length - a.length);
    return (row) => (text) => maskText(text, terms.get(`${row.stream}\u0000${row.caseNo}`) ?? []);
  }
}
