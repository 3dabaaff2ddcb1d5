import { childNames } from '../bureau/bureau-tables.js';
import type { CaseRecord } from '../bureau/case-record.js';
import type { Random } from '../bureau/make-random.js';
import type { BureauCase } from './witness.js';

/** What the load knows of the cases that it wrote. */
export class KnownCases {
  readonly records = new Map<string, CaseRecord>();
  /** Cases with a transaction under way: another one would wait for its row locks, and its stages would get out of order. */
  readonly busy = new Set<string>();
  /** Cases of which it is not known whether the last change was committed. */
  readonly uncertain = new Set<string>();
  /** Cases in which everything is entered when it happens. */
  readonly punctual = new Set<string>();

  /** A case without a transaction under way whose rows are known for certain; undefined where it is not. */
  free(caseNo: string): CaseRecord | undefined {
    return this.busy.has(caseNo) || this.uncertain.has(caseNo) ? undefined : this.records.get(caseNo);
  }

  /** One of those that are free and fit. */
  pick(random: Random, fits: (record: CaseRecord) => boolean = () => true): CaseRecord | undefined {
    const free = [...this.records.values()].filter((record) => this.free(record.caseNo) !== undefined && fits(record));
    // Younger cases are likelier: they have more before them.
    return free.length === 0 ? undefined : free[Math.floor(Math.max(random.next(), random.next()) * free.length)];
  }

  /** What a look at the bureau found of these cases; one that is not there was never committed, or is gone. */
  learn(caseNos: readonly string[], found: ReadonlyMap<string, BureauCase>): void {
    for (const caseNo of caseNos) {
      this.uncertain.delete(caseNo);
      const there = found.get(caseNo);
      const record = this.records.get(caseNo);
      if (there === undefined) this.records.delete(caseNo);
      else if (record !== undefined) this.records.set(caseNo, { ...record, case: there.case, children: Object.fromEntries(childNames.map((child) => [child, there.children[child] ?? []])) as unknown as CaseRecord['children'] });
    }
  }
}
