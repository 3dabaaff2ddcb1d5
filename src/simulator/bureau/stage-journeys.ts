import { enterStage } from './advance-case.js';
import type { CaseRecord, Stage, StageChange } from './case-record.js';
import { composeApplication } from './compose-application.js';
import { makeRandom } from './make-random.js';
import type { Catalogue } from './read-catalogue.js';

/** A case whose stages are laid down: the record as applied for, and what happens to it afterwards. */
export interface Journey {
  readonly applied: CaseRecord;
  /** In order; each `record` is the case after the stage. */
  readonly stages: readonly StageChange[];
}

export interface JourneyOptions {
  readonly catalogue: Catalogue;
  readonly caseNo?: string;
  readonly seed?: number;
}

const wholeJourney: readonly (readonly [Stage, string])[] = [
  ['supplement-notice', '2026-11-02 10:05:30.000'],
  ['supplement-received', '2026-11-04 15:20:00.000'],
  ['accept', '2026-11-05 09:10:00.120'],
  ['step-open', '2026-11-05 09:40:00.000'],
  ['step-done', '2026-11-06 11:15:00.000'],
  ['special-start', '2026-11-06 14:45:00.000'],
  ['special-end', '2026-11-16 10:00:00.000'],
  ['step-open', '2026-11-16 10:30:00.000'],
  ['step-done', '2026-11-16 16:05:00.000'],
  ['step-open', '2026-11-17 08:50:00.000'],
  ['step-done', '2026-11-17 11:40:00.000'],
  ['charge', '2026-11-17 15:00:00.000'],
  ['close', '2026-11-18 09:30:00.000'],
  ['pickup', '2026-11-19 10:20:00.000'],
];
const refusedJourney: readonly (readonly [Stage, string])[] = [
  ['supplement-notice', '2026-11-02 10:05:30.000'],
  ['supplement-received', '2026-11-04 15:20:00.000'],
  ['refuse', '2026-11-05 09:10:00.000'],
];

function layDown(options: JourneyOptions, caseNo: string, plan: readonly (readonly [Stage, string])[]): Journey {
  const random = makeRandom(options.seed ?? 20261102);
  const applied = composeApplication(options.catalogue, {
    caseNo: options.caseNo ?? caseNo, itemCode: 'DJ05', appliedAt: '2026-11-02 09:00:00.000', applicants: 2, materials: 4, scans: 2, handledOffline: false,
  }, random);
  let record = applied;
  const done: StageChange[] = [];
  for (const [stage, at] of plan) {
    // Chance may close a case without a certificate or send a step back; a journey takes neither way.
    let change = enterStage(record, stage, options.catalogue, random, at);
    while (!isStraight(change)) change = enterStage(record, stage, options.catalogue, random, at);
    done.push(change);
    record = change.record;
  }
  return { applied, stages: done };
}

function isStraight({ stage, record }: StageChange): boolean {
  if (stage === 'close') return record.case['result_code'] === 'PASS' && record.children.certificates.length > 0;
  return stage !== 'step-done' || record.children.steps.at(-1)?.['action'] === 'PASS';
}

/**
 * A transfer registration whose stages give every message but refusal: application, supplement-notice, supplement-received,
 * acceptance, three process-steps with special-start and special-end between them, result, pickup.
 */
export function journeyCase(options: JourneyOptions): Journey {
  return layDown(options, 'YYGT202611000001', wholeJourney);
}

/** The same application refused: application, supplement-notice, supplement-received, refusal. */
export function refusedJourneyCase(options: JourneyOptions): Journey {
  return layDown(options, 'YYGT202611000002', refusedJourney);
}
