import type { ClockObject } from '../domain/supervision-facts.js';
import type { Opinion, OpinionAppeal, OpinionResult, OpinionState, OpinionSubject, StoredOpinion, StoredQuery, SupervisionQuery } from '../domain/supervision-opinion.js';
import type { Instant } from '../domain/vocabulary.js';
import type { Column, ColumnKind } from '../platform/database/dialect.js';
import { instantText } from './exchange-row.js';

const column = (name: string, kind: ColumnKind): Column => ({ name, kind });
const origin: readonly Column[] = [
  column('channel', 'text'), column('inbox_id', 'big'), column('file_id', 'text'), column('issue', 'int'), column('received_at', 'instant'), column('is_current', 'flag'), column('their_no', 'text'), column('case_no', 'text'),
];

/** Where a row comes from: the file, and whether it is in force. */
export interface Origin {
  readonly channel: string;
  readonly inboxId: string;
  readonly fileId: string;
  readonly issue: number;
  readonly receivedAt: Instant;
  readonly isCurrent: boolean;
}

const originValues = (o: Origin, r: { theirNo: string; caseNo: string }): unknown[] => [o.channel, o.inboxId, o.fileId, o.issue, o.receivedAt, o.isCurrent ? 1 : 0, r.theirNo, r.caseNo];

export const opinionColumns: readonly Column[] = [
  ...origin, ...['subject', 'clock_object', 'sequence', 'result', 'state', 'rule_code'].map((n) => column(n, 'text')), ...['committed', 'statutory', 'used'].map((n) => column(n, 'int')),
  column('starts_at', 'instant'), column('judged_at', 'instant'), column('appeal', 'text'), column('department', 'text'), column('opinion_text', 'text'),
];
export const opinionValues = (o: Origin, r: Opinion): unknown[] => [
  ...originValues(o, r), r.subject, r.object, r.sequence, r.result, r.state, r.ruleCode ?? null, r.committed ?? null, r.statutory ?? null, r.used ?? null, r.startsAt ?? null, r.judgedAt, r.appeal ?? null, r.department ?? null, r.text ?? null,
];

export const queryColumns: readonly Column[] = [
  ...origin, ...['query_text', 'organisation', 'department', 'item_kind', 'rule_code', 'result'].map((n) => column(n, 'text')), ...['asked_at', 'state_at', 'answer_by'].map((n) => column(n, 'instant')), column('outcome', 'text'),
  column('reply', 'text'), column('replied_by', 'text'), column('replied_at', 'instant'),
];
export const queryValues = (o: Origin, r: SupervisionQuery, reply: StoredQuery['reply']): unknown[] => [
  ...originValues(o, r), r.text, r.organisation ?? null, r.department ?? null, r.itemKind ?? null, r.ruleCode ?? null, r.result ?? null, r.askedAt, r.stateAt ?? null, r.answerBy ?? null, r.outcome ?? null, reply?.text ?? null, reply?.by ?? null, reply?.at ?? null,
];

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
const count = (v: unknown): number | undefined => (v === null || v === undefined ? undefined : Number(v));
const at = (v: unknown): Instant | undefined => (v === null || v === undefined ? undefined : instantText(v));
const stored = (r: Record<string, unknown>): Pick<StoredOpinion, 'id' | 'channel' | 'inboxId' | 'receivedAt' | 'isCurrent' | 'theirNo' | 'caseNo'> => ({
  id: String(r['id']), channel: String(r['channel']), inboxId: String(r['inbox_id']), receivedAt: instantText(r['received_at']), isCurrent: Number(r['is_current']) === 1, theirNo: String(r['their_no']), caseNo: String(r['case_no']),
});

export function opinionRow(r: Record<string, unknown>): StoredOpinion {
  return {
    ...stored(r), subject: String(r['subject']) as OpinionSubject, object: String(r['clock_object']) as ClockObject, sequence: String(r['sequence']), result: String(r['result']) as OpinionResult, state: String(r['state']) as OpinionState,
    ruleCode: text(r['rule_code']), committed: count(r['committed']), statutory: count(r['statutory']), used: count(r['used']), startsAt: at(r['starts_at']), judgedAt: instantText(r['judged_at']),
    appeal: text(r['appeal']) as OpinionAppeal | undefined, department: text(r['department']), text: text(r['opinion_text']),
  };
}

export function queryRow(r: Record<string, unknown>): StoredQuery {
  const reply = text(r['reply']);
  return {
    ...stored(r), text: String(r['query_text']), organisation: text(r['organisation']), department: text(r['department']), itemKind: text(r['item_kind']), ruleCode: text(r['rule_code']), result: text(r['result']) as OpinionResult | undefined,
    askedAt: instantText(r['asked_at']), stateAt: at(r['state_at']), answerBy: at(r['answer_by']), outcome: text(r['outcome']),
    ...(reply === undefined ? {} : { reply: { text: reply, by: String(r['replied_by']), at: instantText(r['replied_at']) } }),
  };
}
