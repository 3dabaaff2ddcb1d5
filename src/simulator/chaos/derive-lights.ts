import type { Row } from '../../domain/snapshot.js';
import { beginOf, firstOver, joinStretches, secondOf, type Counts, type Stretch } from './reckon-time.js';
import type { BureauCase, StepLimit } from './witness.js';

/**
 * What the bureau's rows say of lights and cards under the rules of Hunan, written from config/supervision/hunan.yaml and the
 * documents that it names, not from the gateway's code: a second opinion.
 */

export type CardLevel = 'warning' | 'yellow' | 'red';
/** Codes of the channel (mappings/supervision/codes): 0 out, 1 green, 2 yellow, 3 red, 4 grey. */
export type LightCode = '0' | '1' | '2' | '3' | '4';

/** One thing under supervision, as the rows have it at one moment. Seconds since 1970. */
export interface Supervised {
  readonly object: 'case' | 'special' | 'certificate' | 'pre-acceptance' | 'step';
  readonly sequence: string;
  readonly startsAt: number;
  readonly endedAt: number | undefined;
  /** Whether something may have stopped its clock. */
  readonly stopped: boolean;
  /** When each level is reached if nothing more happens. */
  readonly crossings: Readonly<Partial<Record<CardLevel, number>>>;
  /** Levels that are reached and for which a card stands; none where its end forbids cards. */
  readonly reached: readonly CardLevel[];
}

export interface SupervisedCase {
  readonly endedAt: number | undefined;
  readonly objects: readonly Supervised[];
  readonly light: LightCode;
}

interface Limit {
  readonly length: number;
  readonly unit: 'W' | 'N' | 'H';
}

const certificateExcepted = ['JY12', 'DJ08', 'DJ10', 'DJ14', 'DJ15'];
const uncarded = ['withdrawn', 'refused', 'void'];

/** A limit of a row; an immediate case has the same working day, an empty or zero limit is none. */
function limitOf(row: Row, length: string, unit: string): Limit | undefined {
  const n = Number(row[length] ?? '');
  const u = row[unit] ?? 'W';
  if (u === 'I') return n > 0 ? { length: 1, unit: 'W' } : undefined;
  return n > 0 && (u === 'W' || u === 'N' || u === 'H') ? { length: n, unit: u } : undefined;
}

/** A case as it is at a second: what the rows date later has not happened yet. */
export function superviseCase({ case: root, children }: BureauCase, now: number, counts: Counts, stepLimits: readonly StepLimit[]): SupervisedCase {
  const happened = (text: string | null | undefined): number | undefined => {
    const at = secondOf(text);
    return at === undefined || at > now ? undefined : at;
  };
  const first = (...at: readonly (number | undefined)[]): number | undefined => at.filter((x) => x !== undefined).sort((a, b) => a - b)[0];
  const [acceptedAt, withdrawn, closed] = [happened(root['accepted_at']), happened(root['withdrawn_at']), happened(root['closed_at'])];
  const refused = secondOf(root['accepted_at']) === undefined ? happened(root['refused_at']) : undefined;
  const ending = withdrawn !== undefined ? 'withdrawn' : closed !== undefined ? (root['result_code'] === 'VOID' ? 'void' : root['result_code'] === 'RETURN' ? 'returned' : 'closed') : refused !== undefined ? 'refused' : undefined;
  const endedAt = withdrawn !== undefined ? first(withdrawn, closed) : (closed ?? refused);
  const still = joinStretches((children['specials'] ?? []).flatMap((s) => standstill(s, happened, counts)));
  const objects: Supervised[] = [];
  const add = (what: Pick<Supervised, 'object' | 'sequence' | 'startsAt'>, ends: readonly (number | undefined)[], stops: readonly Stretch[], levels: readonly (readonly [level: CardLevel, limit: Limit | undefined, over: number])[]): void => {
    const end = first(...ends);
    const over = end === undefined ? undefined : Math.max(end, what.startsAt);
    const crossings: Partial<Record<CardLevel, number>> = {};
    for (const [level, limit, more] of levels) if (limit !== undefined) crossings[level] = firstOver(counts[limit.unit], what.startsAt, stops, (limit.length + more) * counts[limit.unit].size);
    const carded = what.object !== 'case' || ending === undefined || !uncarded.includes(ending);
    const reached = (['warning', 'yellow', 'red'] as const).filter((level) => carded && (crossings[level] ?? Infinity) <= Math.min(now, over ?? now) && (level !== 'warning' || over === undefined));
    objects.push({ ...what, endedAt: over, stopped: stops.length > 0, crossings, reached });
  };

  const [committed, statutory] = [limitOf(root, 'committed_limit', 'committed_unit'), limitOf(root, 'statutory_limit', 'statutory_unit')];
  if (acceptedAt !== undefined && (committed ?? statutory) !== undefined) {
    // A warning comes when two days are left: from the beginning of the last but two on.
    add({ object: 'case', sequence: '1', startsAt: acceptedAt }, [endedAt], still, [['warning', committed, -3], ['yellow', committed, 0], ['red', statutory, 0]]);
  }
  const whole = objects[0];
  for (const s of children['specials'] ?? []) {
    const [startsAt, approved] = [happened(s['started_at']), limitOf(s, 'approved_length', 'approved_unit')];
    // Of a case that closed as it should, a procedure that nobody ended runs on.
    if (startsAt !== undefined && approved !== undefined) add({ object: 'special', sequence: String(s['special_no']), startsAt }, [happened(s['ended_at']), ending === 'closed' ? undefined : endedAt], [], [['warning', approved, -3], ['yellow', approved, 0], ['red', approved, 1]]);
  }
  if (ending === 'closed' && endedAt !== undefined && root['result_code'] === 'PASS' && !certificateExcepted.includes(root['item_code'] ?? '')) {
    const issued = (children['certificates'] ?? []).flatMap((c) => c['issued_on']?.slice(0, 10) ?? []).sort()[0];
    const issuedAt = issued === undefined ? undefined : beginOf(Date.parse(`${issued}T00:00:00Z`) / 86_400_000);
    add({ object: 'certificate', sequence: '1', startsAt: endedAt }, [issuedAt === undefined || issuedAt > now ? undefined : issuedAt], [], [['yellow', { length: 3, unit: 'W' }, 0]]);
  }
  const appliedAt = happened(root['applied_at']);
  if (appliedAt !== undefined && root['apply_source'] === 'N') {
    const asked = (children['supplements'] ?? []).map((s) => happened(s['notified_at']));
    const two: Limit = { length: 2, unit: 'W' };
    add({ object: 'pre-acceptance', sequence: '1', startsAt: appliedAt }, [acceptedAt, endedAt, ...asked], [], [['warning', two, 0], ['yellow', two, 3], ['red', two, 5]]);
  }
  for (const s of acceptedAt === undefined ? [] : (children['steps'] ?? [])) {
    const [startsAt, limit] = [happened(s['started_at']), stepLimits.find((l) => l.stage === s['stage'])];
    if (startsAt !== undefined && limit !== undefined) add({ object: 'step', sequence: String(s['step_no']), startsAt }, [happened(s['ended_at']), endedAt], still, [['yellow', limit, 0]]);
  }
  return { endedAt, objects, light: lightOf(whole?.object === 'case' ? whole : undefined, still, now) };
}

/** When a special procedure stops the clock: with a written notice, at most for its approved length; without a length until it ends. */
function standstill(s: Row, happened: (text: string | null | undefined) => number | undefined, counts: Counts): Stretch[] {
  const [from, until, approved] = [happened(s['started_at']), happened(s['ended_at']) ?? Infinity, limitOf(s, 'approved_length', 'approved_unit')];
  if (from === undefined || until < from || (s['notice_no'] ?? '').trim() === '') return [];
  if (approved === undefined) return [[from, until]];
  return [[from, Math.min(until, firstOver(counts[approved.unit], from, [], approved.length * counts[approved.unit].size - 1))]];
}

function lightOf(whole: Supervised | undefined, still: readonly Stretch[], now: number): LightCode {
  if (whole === undefined || whole.endedAt !== undefined) return '0';
  // What is late stays late while it stands still.
  if (whole.reached.includes('yellow') || whole.reached.includes('red')) return '3';
  if (still.some(([from, until]) => from <= now && now < until)) return '4';
  return whole.reached.includes('warning') ? '2' : '1';
}
