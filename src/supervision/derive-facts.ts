import type { CaseFacts, CaseLimits, Limit, LimitUnit, Pause, StepFact } from '../domain/supervision-facts.js';
import type { CaseSnapshot, Row } from '../domain/snapshot.js';
import type { Instant } from '../domain/vocabulary.js';
import { shanghaiDay } from '../domain/working-calendar.js';
import { limitsOn, type ItemLimits } from './read-item-limits.js';

/** Where the clock's facts stand in a stream's snapshot: the names that config/streams/case.yaml gives. */
const text = (row: Row, name: string): string | undefined => {
  const value = row[name];
  return value === null || value === undefined || value.trim() === '' ? undefined : value.trim();
};

/** A bureau time (Asia/Shanghai, no zone) as UTC ISO text; undefined where there is none or it cannot be one. */
function instant(row: Row, name: string): Instant | undefined {
  const value = text(row, name);
  if (value === undefined || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,7})?$/.test(value)) return undefined;
  const ms = Date.parse(`${value.slice(0, 23).replace(' ', 'T')}+08:00`);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

function limit(row: Row, lengthName: string, unitName: string): Limit | undefined {
  const length = text(row, lengthName);
  const unit = text(row, unitName) ?? 'W';
  return length === undefined || !/^\d{1,4}$/.test(length) || !['W', 'N', 'H', 'I'].includes(unit) ? undefined : { length: Number(length), unit: unit as LimitUnit };
}

/** What the clock needs of a snapshot, and nothing that names a person. */
export function deriveFacts(snapshot: CaseSnapshot, catalogue: ItemLimits): CaseFacts {
  const { case: row, children } = snapshot;
  const acceptedAt = instant(row, 'accepted_at');
  const certificates = (children['certificates'] ?? []).flatMap((c) => text(c, 'issued_on')?.slice(0, 10) ?? []).filter((d) => /^\d{4}-\d\d-\d\d$/.test(d)).sort();
  const pauses = [
    ...(children['supplements'] ?? []).flatMap((s): Pause[] => {
      const from = instant(s, 'notified_at');
      return from === undefined ? [] : [{ kind: 'supplement', sequence: text(s, 'supplement_no') ?? '', title: '补正', from, until: instant(s, 'received_at'), noticeNo: text(s, 'notice_no') }];
    }),
    ...(children['specials'] ?? []).flatMap((s): Pause[] => {
      const from = instant(s, 'started_at');
      if (from === undefined) return [];
      return [{ kind: 'special', sequence: text(s, 'special_no') ?? '', title: text(s, 'kind_name') ?? '特别程序', from, until: instant(s, 'ended_at'), approved: limit(s, 'approved_length', 'approved_unit'), noticeNo: text(s, 'notice_no') }];
    }),
  ];
  const steps = (children['steps'] ?? []).flatMap((s): StepFact[] => {
    const from = instant(s, 'started_at');
    return from === undefined ? [] : [{ sequence: text(s, 'step_no') ?? '', stage: text(s, 'stage') ?? '', from, until: instant(s, 'ended_at') }];
  });
  return {
    itemCode: text(row, 'item_code'), section: text(row, 'section'), office: text(row, 'accept_org'), source: text(row, 'apply_source'),
    appliedAt: instant(row, 'applied_at'), acceptedAt, refusedAt: acceptedAt === undefined ? instant(row, 'refused_at') : undefined, withdrawnAt: instant(row, 'withdrawn_at'),
    closedAt: instant(row, 'closed_at'), result: text(row, 'result_code'), removedAt: snapshot.removedAt,
    limits: acceptedAt === undefined ? undefined : frozenLimits(row, catalogue, shanghaiDay(Date.parse(acceptedAt))), pauses, steps, certificateOn: certificates[0],
  };
}

/** The catalogue of the day of acceptance decides; what the bureau froze in the row holds where the catalogue has nothing. */
function frozenLimits(row: Row, catalogue: ItemLimits, day: string): CaseLimits {
  const own: CaseLimits = { committed: limit(row, 'committed_limit', 'committed_unit'), statutory: limit(row, 'statutory_limit', 'statutory_unit'), source: "the bureau's row of the case" };
  const found = limitsOn(catalogue, text(row, 'item_code'), day);
  if (!found) return own;
  const told = (l: CaseLimits): string => `${shown(l.committed)} committed, ${shown(l.statutory)} statutory`;
  const differs = own.committed !== undefined && told(own) !== told(found);
  return differs ? { ...found, note: `the bureau's row says otherwise: ${told(own)}` } : found;
}

const shown = (l: Limit | undefined): string => (l ? `${l.length} ${l.unit}` : 'none');
