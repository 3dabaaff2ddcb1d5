import type { ClockObject } from '../domain/supervision-facts.js';
import type { Opinion, OpinionAppeal, OpinionResult, OpinionState, OpinionSubject, SupervisionQuery } from '../domain/supervision-opinion.js';
import type { Row } from './read-returned.js';

const text = (row: Row, name: string): string => String(row.values[name]);
const maybe = (row: Row, name: string): string | undefined => (row.values[name] === undefined ? undefined : String(row.values[name]));
const number = (row: Row, name: string): number | undefined => (row.values[name] === undefined ? undefined : Number(row.values[name]));

/** A card of theirs; one that names no object is about the case. */
export function takeOpinion(row: Row): Opinion {
  return {
    theirNo: text(row, 'theirNo'), caseNo: text(row, 'caseNo'), subject: text(row, 'subject') as OpinionSubject, object: (maybe(row, 'object') ?? 'case') as ClockObject, sequence: maybe(row, 'sequence') ?? '1',
    result: text(row, 'result') as OpinionResult, state: text(row, 'state') as OpinionState, ruleCode: maybe(row, 'ruleCode'), committed: number(row, 'committed'), statutory: number(row, 'statutory'), used: number(row, 'used'),
    startsAt: maybe(row, 'startsAt'), judgedAt: text(row, 'judgedAt'), appeal: maybe(row, 'appeal') as OpinionAppeal | undefined, department: maybe(row, 'department'), text: maybe(row, 'explanation'),
  };
}

export function takeQuery(row: Row): SupervisionQuery {
  return {
    theirNo: text(row, 'theirNo'), caseNo: text(row, 'caseNo'), text: text(row, 'content'), organisation: maybe(row, 'organisation'), department: maybe(row, 'department'), itemKind: maybe(row, 'itemKind'), ruleCode: maybe(row, 'ruleCode'),
    result: maybe(row, 'result') as OpinionResult | undefined, askedAt: text(row, 'askedAt'), stateAt: maybe(row, 'stateAt'), answerBy: maybe(row, 'answerBy'), outcome: maybe(row, 'outcome'),
  };
}
