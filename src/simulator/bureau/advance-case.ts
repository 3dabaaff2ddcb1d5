import { applyChanges } from './apply-changes.js';
import type { CaseRecord, Stage, StageChange } from './case-record.js';
import { isChargedItem } from './compose-charges.js';
import type { Random } from './make-random.js';
import { nextStep, performStage } from './perform-stage.js';
import type { Catalogue } from './read-catalogue.js';
import { laterInOffice } from './shift-time.js';

/** How a case tends to go: ordinary draws refusal, withdrawal and voiding seldom; the others end the case that way. */
export type Inclination = 'ordinary' | 'through' | 'refuse' | 'withdraw' | 'void';

export interface AdvanceOptions {
  /** Bureau time of the stage; without it some plausible office time after the last one. */
  readonly at?: string;
  readonly inclination?: Inclination;
}

/** Minutes of wall time, least and most, from the last thing that happened to the stage. */
const waits: Readonly<Record<Stage, readonly [number, number]>> = {
  'supplement-notice': [20, 1_500],
  'supplement-received': [1_400, 8_000],
  accept: [10, 1_600],
  refuse: [60, 4_000],
  'step-open': [5, 400],
  'step-done': [20, 2_600],
  'special-start': [10, 600],
  'special-end': [4_000, 20_000],
  charge: [10, 500],
  close: [10, 900],
  certify: [60, 3_000],
  pickup: [60, 9_000],
  withdraw: [300, 4_000],
  void: [20, 600],
};

/** What happens next to a case; null when nothing is left to happen. */
export function nextStage(record: CaseRecord, catalogue: Catalogue, random: Random, inclination: Inclination = 'ordinary'): Stage | null {
  const { supplements, specials, steps, certificates, pickups, charges } = record.children;
  const root = record.case;
  const ordinary = inclination === 'ordinary';
  if (supplements.some((row) => row['received_at'] === null)) return 'supplement-received';
  switch (root['status']) {
    case 'APPLIED': {
      if (inclination === 'refuse' || inclination === 'withdraw' || inclination === 'void') return inclination;
      const never = supplements.length === 0;
      return random.weighted<Stage>([['accept', 84], ['supplement-notice', never ? 10 : 0], ['refuse', ordinary ? 4 : 0], ['withdraw', ordinary ? 1 : 0], ['void', ordinary ? 1 : 0]]);
    }
    case 'ACCEPTED':
      return inclination === 'void' || inclination === 'withdraw' ? inclination : 'step-open';
    case 'HANDLING': {
      if (specials.some((row) => row['ended_at'] === null)) return 'special-end';
      if (steps.some((row) => row['step_status'] === 'TODO')) {
        if (root['case_kind'] !== 'J' && specials.length < 2 && random.chance(0.06)) return 'special-start';
        return 'step-done';
      }
      if (nextStep(record) !== null) return 'step-open';
      return charges.length === 0 && isChargedItem(root['item_code']) ? 'charge' : 'close';
    }
    case 'CLOSED': {
      if (root['result_code'] !== 'PASS') return null;
      const certified = catalogue.items.find((item) => item.itemCode === root['item_code'])?.certificateName ?? null;
      if (certified !== null && certificates.length === 0) return 'certify';
      return certified !== null && pickups.length === 0 ? 'pickup' : null;
    }
    default:
      return null;
  }
}

/** Carries out one named stage. */
export function enterStage(record: CaseRecord, stage: Stage, catalogue: Catalogue, random: Random, at: string): StageChange {
  const changes = performStage[stage]({ record, catalogue, random, at });
  return { stage, at, changes, record: applyChanges(record, changes, at) };
}

/** Moves a case on by one stage; null when it is at its end. The same record and random numbers give the same stage. */
export function advanceCase(record: CaseRecord, catalogue: Catalogue, random: Random, options: AdvanceOptions = {}): StageChange | null {
  const stage = nextStage(record, catalogue, random, options.inclination);
  if (stage === null) return null;
  const [least, most] = waits[stage];
  // A case that is done at once is not left lying over night.
  const share = record.case['case_kind'] === 'J' ? 0.02 : 1;
  const at = options.at ?? laterInOffice(record.at, random, Math.ceil(least * share), Math.ceil(most * share));
  return enterStage(record, stage, catalogue, random, at);
}
