import { opinionDifferences, tellReason, type CaseComparison, type StoredOpinion, type StoredQuery } from '../domain/supervision-opinion.js';
import { shanghai } from './format-clock.js';
import { formatTable, indent } from './format-terminal.js';

/** Cards of the supervising side as a table. */
export function formatOpinions(opinions: readonly StoredOpinion[]): string {
  if (opinions.length === 0) return 'The supervising side has told of no card.\n';
  return `${formatTable(['their number', 'case', 'of', 'result', 'state', 'judged', 'used', 'limits', 'appeal', 'department'], opinions.map((o) => [
    o.theirNo, o.caseNo, o.subject === 'case' ? (o.object === 'case' ? 'case' : `${o.object} ${o.sequence}`) : o.subject, o.result, o.state, shanghai(o.judgedAt), o.used === undefined ? '' : String(o.used),
    [o.committed, o.statutory].map((n) => n ?? '-').join(' / '), o.appeal ?? '', o.department ?? '',
  ]))}\n`;
}

/** Each difference with what both sides say, and the reasons in words. */
export function formatComparisons(comparisons: readonly CaseComparison[]): string {
  const differing = comparisons.filter((c) => c.differences.length > 0);
  if (differing.length === 0) return comparisons.length === 0 ? '' : 'The supervising side judges as we do.\n';
  return `${differing.flatMap((c) => c.differences.map((d) => [
    `${c.channel}, case ${c.caseNo}${d.object === 'case' ? '' : `, ${d.object} ${d.sequence}`}: ${opinionDifferences[d.kind].en}`,
    ...(d.theirs ? [indent(`theirs: ${d.theirs.result}, ${d.theirs.state}${d.theirs.used === undefined ? '' : `, used ${d.theirs.used}`}, judged ${shanghai(d.theirs.judgedAt)} (${d.theirs.theirNo})`)] : []),
    ...(d.ours ? [indent(`ours:   ${d.ours.level ?? 'no card'}${d.ours.used === undefined ? '' : `, used ${d.ours.used}`}, crossed ${shanghai(d.ours.at)}${d.ours.cardId === undefined ? '' : ` (card ${d.ours.cardId})`}`)] : []),
    ...d.reasons.map((r) => indent(`because ${tellReason(r, 'en')}`)),
  ].join('\n'))).join('\n')}\n`;
}

export function formatQueries(queries: readonly StoredQuery[]): string {
  if (queries.length === 0) return 'No query.\n';
  return `${queries.map((q) => [
    `${q.id}  ${q.theirNo} about case ${q.caseNo}, asked ${shanghai(q.askedAt)}${q.answerBy === undefined ? '' : `, to be answered by ${shanghai(q.answerBy)}`}${q.department === undefined ? '' : `, to ${q.department}`}`,
    indent(q.text),
    indent(q.reply ? `answered ${shanghai(q.reply.at)} by ${q.reply.by}: ${q.reply.text}` : `not answered: gateway opinions --reply ${q.id} --text "..." --yes`),
  ].join('\n')).join('\n')}\n`;
}
