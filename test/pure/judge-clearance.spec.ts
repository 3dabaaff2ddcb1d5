import { describe, expect, it } from '@jest/globals';
import type { CaseSettlementFacts, DueItem } from '../../src/domain/case-clearance.js';
import { judgeClearance } from '../../src/reconciliation/judge-clearance.js';
import { standards } from '../support/reconciliation-facts.js';

const due = (id: string, more: Partial<DueItem> = {}): DueItem => ({ id, zh: `应收 ${id}`, en: `charge ${id}`, fen: 8000n, settled: true, reason: undefined, ...more });
const facts = (more: Partial<CaseSettlementFacts>): CaseSettlementFacts => ({ caseNo: 'YY1', charges: [due('1')], taxes: [], unread: false, against: [], besides: [], ...more });
const judge = (more: Partial<CaseSettlementFacts>): ReturnType<typeof judgeClearance> => judgeClearance(facts(more), standards.reasons);

describe('clearance of a case', () => {
  it.each([
    ['all settled, no tax expected', {}, 'cleared'],
    ['all settled, taxes too', { taxes: [due('2', { fen: undefined })] }, 'cleared'],
    ['a charge open', { charges: [due('1'), due('2', { settled: false, reason: 'missing-there' as const })] }, 'not-cleared'],
    ['a tax open', { taxes: [due('2', { settled: false, reason: 'tax-slip-missing' as const })] }, 'not-cleared'],
    ['not looked at yet', { charges: [due('1', { settled: false })] }, 'not-cleared'],
    ['a newer state of the case not read yet', { unread: true }, 'not-cleared'],
    ['unread and nothing charged so far', { charges: [], unread: true }, 'not-cleared'],
    ['nothing charged', { charges: [] }, 'nothing-charged'],
    ['refunded after the day was closed', { against: [{ what: 'fee' as const, zh: '退付 S2', en: 'refund S2', fen: -8000n, reason: 'refunded' as const }] }, 'contradicted'],
    ['open and refunded', { charges: [due('1', { settled: false, reason: 'refunded' as const })], against: [{ what: 'fee' as const, zh: '', en: '', fen: -1n, reason: 'refunded' as const }] }, 'not-cleared'],
    ['paid twice', { besides: [{ what: 'fee' as const, zh: '缴款 S2', en: 'payment S2', fen: 8000n, reason: 'duplicate-payment' as const }] }, 'cleared'],
  ] as const)('%s', (_, more, state) => {
    const answer = judge(more);
    expect(answer.state).toBe(state);
    expect(answer.cleared).toBe(state === 'cleared');
  });

  it('says what is missing and what to do', () => {
    expect(judge({ taxes: [due('2', { settled: false, reason: 'tax-slip-missing', fen: undefined, en: 'tax 契税' })] })).toMatchObject({
      fees: { state: 'settled', count: 1, settled: 1 }, taxes: { state: 'open', count: 1, settled: 0 }, missing: [{ what: 'tax', en: 'tax 契税', reason: 'tax-slip-missing', amountYuan: undefined, nextZh: expect.stringContaining('未完税不得发证') }],
    });
  });
});
