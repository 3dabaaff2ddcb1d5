import { advanceCase, type Inclination } from './advance-case.js';
import { awkwardKinds, type AwkwardKind, type CaseRecord, type Reach } from './case-record.js';
import { composeApplication } from './compose-application.js';
import { awkwardNeeds, makeAwkward } from './make-awkward.js';
import { makeRandom, seedOf, type Random } from './make-random.js';
import type { Catalogue } from './read-catalogue.js';
import { readLocal, toOfficeHours, workingDayFrom, writeLocal } from './shift-time.js';

export interface GenerateOptions {
  readonly catalogue: Catalogue;
  readonly seed: number;
  readonly count: number;
  /** First day of application, `YYYY-MM-DD`. */
  readonly from: string;
  /** Applications per working day; 20 by default, as the bureau's half-year figures say. */
  readonly casesPerDay?: number;
  /** Running number of the first case; the case number is YYGT + year and month + six digits. */
  readonly firstSequence?: number;
  readonly reach?: Reach | 'mixed';
  /** true: about every eighth case is awkward, each kind in turn. */
  readonly awkward?: boolean;
  /** Scanned files with their bytes; true by default. Without them only cases that are awkward by their file have one. */
  readonly scans?: boolean;
}

const shares: readonly (readonly [Reach, number])[] = [
  ['applied', 6], ['supplement', 3], ['accepted', 6], ['handling', 14], ['special', 4], ['closed', 12], ['picked-up', 46],
  ['refused', 4], ['withdrawn', 3], ['void', 2],
];
/** Items that make up most of the window's work; the rest of the catalogue shares what is left. */
const frequent: readonly (readonly [string, number])[] = [
  ['DJ07', 22], ['DJ08', 14], ['DJ05', 16], ['DJ01', 8], ['DJ03', 6], ['DJ06', 5], ['DC11', 4], ['JY01', 3], ['DC01', 2],
];

/** The n-th case number of a month: YYGT202611000123. */
export function caseNoOf(appliedAt: string, sequence: number): string {
  return `YYGT${appliedAt.slice(0, 4)}${appliedAt.slice(5, 7)}${String(sequence).padStart(6, '0')}`;
}

function hasReached(record: CaseRecord, reach: Reach): boolean {
  const { supplements, specials, steps, pickups } = record.children;
  switch (reach) {
    case 'applied': return true;
    case 'supplement': return supplements.length > 0;
    case 'accepted': return record.case['accepted_at'] !== null;
    case 'handling': return steps.length > 0;
    case 'special': return specials.length > 0;
    case 'closed': return record.case['status'] === 'CLOSED';
    case 'picked-up': return pickups.length > 0;
    case 'refused': return record.case['refused_at'] !== null;
    case 'withdrawn': return record.case['withdrawn_at'] !== null;
    case 'void': return record.case['status'] === 'VOID';
  }
}

const inclinations: Readonly<Partial<Record<Reach, Inclination>>> = { refused: 'refuse', withdrawn: 'withdraw', void: 'void' };

function pickItem(catalogue: Catalogue, random: Random, reach: Reach): string {
  for (;;) {
    const code = random.chance(0.8) ? random.weighted(frequent) : random.pick(catalogue.items).itemCode;
    const item = catalogue.items.find((candidate) => candidate.itemCode === code);
    // Only cases with a limit have special procedures, and only items with a certificate have something to fetch.
    if (reach === 'special' && item?.caseKind === 'J') continue;
    if (reach === 'picked-up' && item?.certificateName === null) continue;
    if (item !== undefined) return code;
  }
}

/** One case, moved on until it has come as far as wanted; tried again with other numbers if chance led elsewhere. */
function generateCase(options: GenerateOptions, index: number, day: string): CaseRecord {
  const awkward = options.awkward === true && index % 8 === 3 ? (awkwardKinds[Math.floor(index / 8) % awkwardKinds.length] ?? null) : null;
  const perDay = options.casesPerDay ?? 20;
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const random = makeRandom(seedOf(options.seed + attempt * 7919, index));
    const reach = awkward !== null ? awkwardNeeds[awkward] : options.reach === undefined || options.reach === 'mixed' ? random.weighted(shares) : options.reach;
    const start = Math.round((index % perDay) * (450 / perDay)) + 510;
    const appliedAt = writeLocal(toOfficeHours(readLocal(day) + start * 60_000 + random.int(0, 59) * 1_000, random));
    const record = driveCase(options, index, reach, appliedAt, awkward, random);
    if (record !== null) return awkward === null ? record : makeAwkward(record, awkward, random);
  }
  throw new Error('no case came as far as wanted');
}

function driveCase(options: GenerateOptions, index: number, reach: Reach, appliedAt: string, awkward: AwkwardKind | null, random: Random): CaseRecord | null {
  const materials = random.int(3, 7);
  const awkwardByFile = awkward === 'wrong-file-signature' || awkward === 'missing-file';
  const crowd = awkward === 'many-applicants' || (awkward === null && random.chance(0.02));
  let record = composeApplication(options.catalogue, {
    caseNo: caseNoOf(appliedAt, (options.firstSequence ?? 1) + index),
    itemCode: pickItem(options.catalogue, random, reach),
    appliedAt,
    applicants: crowd ? random.int(awkward === null ? 6 : 30, 30) : random.weighted([[1, 60], [2, 30], [3, 10]]),
    materials,
    scans: Math.max(awkwardByFile ? 1 : 0, random.weighted([[0, 60], [1, 25], [2, 15]])),
    handledOffline: reach !== 'applied' && random.chance(0.03),
  }, random);
  const inclination = inclinations[reach] ?? (random.chance(0.5) ? 'through' : 'ordinary');
  while (!hasReached(record, reach)) {
    const change = advanceCase(record, options.catalogue, random, { inclination });
    if (change === null) return null;
    record = change.record;
  }
  // Some of those in handling are at a later step.
  const extra = reach === 'handling' ? random.int(0, 4) : reach === 'special' || reach === 'supplement' ? random.int(0, 1) : 0;
  for (let i = 0; i < extra; i += 1) record = advanceCase(record, options.catalogue, random, { inclination: 'through' })?.record ?? record;
  return options.scans === false && !awkwardByFile ? withoutScans(record) : record;
}

function withoutScans(record: CaseRecord): CaseRecord {
  const materials = record.children.materials.map((row) => ({ ...row, file_name: null, file_md5: null, file_size: null }));
  return { ...record, files: [], children: { ...record.children, materials } };
}

/** Invented cases one by one, in the order of application; the same options give the same cases. */
export function* streamCases(options: GenerateOptions): Generator<CaseRecord> {
  const perDay = options.casesPerDay ?? 20;
  let day = workingDayFrom(options.from, 0);
  for (let index = 0; index < options.count; index += 1) {
    if (index > 0 && index % perDay === 0) day = workingDayFrom(day, 1);
    yield generateCase(options, index, day);
  }
}

/** Invented cases as a list; for tens of thousands take streamCases. */
export function generateCases(options: GenerateOptions): CaseRecord[] {
  return [...streamCases(options)];
}
