import { enterStage } from '../bureau/advance-case.js';
import type { CaseRecord, StageChange } from '../bureau/case-record.js';
import type { Random } from '../bureau/make-random.js';
import { limitAt, type Catalogue } from '../bureau/read-catalogue.js';
import { beginFor, bureauText, secondOf, type Counts } from './reckon-time.js';

/** Limits that a load makes pass while the storm lasts, and how many for each new case. */
export interface Deadlines {
  readonly counts: Counts;
  readonly perCase: number;
}

/** The acceptance of an application, dated so that a limit of its case passes at `target` (seconds since 1970); undefined where that would be before what happened to it already, which has been reported by then. */
export function dateAcceptance(record: CaseRecord, catalogue: Catalogue, counts: Counts, target: number, random: Random): StageChange | undefined {
  const today = bureauText(target).slice(0, 10);
  const { committedLimit, committedUnit, statutoryLimit, statutoryUnit } = limitAt(catalogue, String(record.case['item_code']), today);
  const at = (length: number, unit: string, over: number): number => {
    const count = counts[unit === 'N' || unit === 'H' ? unit : 'W'];
    return beginFor(count, target, (length + over) * count.size);
  };
  const [committed, statutory] = [committedUnit === 'I' ? 1 : Number(committedLimit), Number(statutoryLimit)];
  const moments = [...(committed > 2 ? [at(committed, committedUnit, -3)] : []), ...(committed > 0 ? [at(committed, committedUnit, 0)] : []), ...(statutory > 0 ? [at(statutory, statutoryUnit, 0)] : [])];
  const before = [record.case['applied_at'], ...record.children.supplements.flatMap((row) => [row['notified_at'], row['received_at']])].map((at) => secondOf(at) ?? 0);
  const possible = moments.filter((moment) => moment > Math.max(...before));
  // A second later nothing passes at the target yet: the limit passes then, or a few seconds after it.
  return possible.length === 0 ? undefined : enterStage(record, 'accept', catalogue, random, bureauText(random.pick(possible) + 1));
}

/** The present moment as the bureau writes it. */
export const bureauNow = (): string => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 23).replace('T', ' ');
