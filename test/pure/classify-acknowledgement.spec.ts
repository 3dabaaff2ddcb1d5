import { describe, expect, test } from '@jest/globals';
import { exchangeStates, type ExchangeState } from '../../src/domain/exchange-states.js';
import { acknowledgementLevels, type AcknowledgementLevel } from '../../src/domain/receiver-messages.js';
import { classifyAcknowledgement, type AcknowledgementClass, type EarlierAcknowledgement } from '../../src/ledger/classify-acknowledgement.js';

const ours = 'a'.repeat(64);
const other = 'b'.repeat(64);

describe('the first acknowledgement of an exchange', () => {
  const table: Record<ExchangeState, [AcknowledgementClass, AcknowledgementClass, AcknowledgementClass]> = {
    //           picked-up      accepted         refused
    captured: ['early', 'early', 'early'],
    rendered: ['early', 'early', 'early'],
    parked: ['early', 'early', 'early'],
    held: ['early', 'early', 'early'],
    staged: ['applied', 'applied', 'applied'],
    picked_up: ['late', 'applied', 'applied'],
    accepted: ['late', 'late', 'contradictory'],
    refused: ['late', 'contradictory', 'late'],
    superseded: ['late', 'late', 'late'],
    cancelled: ['late', 'late', 'late'],
  };
  test.each(exchangeStates.flatMap((state) => acknowledgementLevels.map((level, i) => [state, level, table[state][i]] as const)))('%s + %s is %s', (state, level, expected) => {
    expect(classifyAcknowledgement({ state, sha256: ours }, [], { level }).class).toBe(expected);
  });
});

test.each<[ExchangeState, AcknowledgementLevel, ExchangeState]>([
  ['staged', 'picked-up', 'picked_up'],
  ['staged', 'accepted', 'accepted'],
  ['staged', 'refused', 'refused'],
  ['picked_up', 'accepted', 'accepted'],
  ['picked_up', 'refused', 'refused'],
])('%s + %s leads to %s', (state, level, to) => {
  expect(classifyAcknowledgement({ state, sha256: ours }, [], { level, sha256: ours })).toEqual({ class: 'applied', to });
});

test.each<[string, ExchangeState, EarlierAcknowledgement[], EarlierAcknowledgement, AcknowledgementClass]>([
  ['the same again', 'accepted', [{ level: 'accepted' }], { level: 'accepted' }, 'duplicate'],
  ['the same again, now with our digest', 'accepted', [{ level: 'accepted' }], { level: 'accepted', sha256: ours }, 'duplicate'],
  ['the same level with another code', 'refused', [{ level: 'refused', code: 'E1' }], { level: 'refused', code: 'E2' }, 'late'],
  ['the same code again', 'refused', [{ level: 'refused', code: 'E1' }], { level: 'refused', code: 'E1' }, 'duplicate'],
  ['picked up again after it was accepted', 'accepted', [{ level: 'picked-up' }, { level: 'accepted' }], { level: 'picked-up' }, 'duplicate'],
  ['picked up for the first time after it was accepted', 'accepted', [{ level: 'accepted' }], { level: 'picked-up' }, 'late'],
  ['refused after accepted', 'accepted', [{ level: 'accepted' }], { level: 'refused', code: 'E1' }, 'contradictory'],
  ['the contradiction again', 'accepted', [{ level: 'accepted' }, { level: 'refused', code: 'E1' }], { level: 'refused', code: 'E1' }, 'duplicate'],
  ['about other bytes', 'staged', [], { level: 'accepted', sha256: other }, 'contradictory'],
  ['about other bytes, again', 'staged', [{ level: 'accepted', sha256: other }], { level: 'accepted', sha256: other }, 'duplicate'],
  ['about ours after one about other bytes', 'staged', [{ level: 'accepted', sha256: other }], { level: 'accepted', sha256: ours }, 'applied'],
  ['without digest after one about other bytes', 'staged', [{ level: 'accepted', sha256: other }], { level: 'accepted' }, 'applied'],
  ['early, again', 'rendered', [{ level: 'accepted' }], { level: 'accepted' }, 'duplicate'],
  ['early about other bytes: judged when staged', 'rendered', [], { level: 'accepted', sha256: other }, 'early'],
  ['refused again after the correction took its place', 'superseded', [{ level: 'refused' }], { level: 'refused' }, 'duplicate'],
])('%s', (_what, state, earlier, acknowledgement, expected) => {
  expect(classifyAcknowledgement({ state, sha256: ours }, earlier, acknowledgement).class).toBe(expected);
});

test('an id that we never gave is unknown', () => {
  expect(classifyAcknowledgement(undefined, [], { level: 'accepted' })).toEqual({ class: 'unknown' });
});

test('a digest that we do not have contradicts nothing', () => {
  expect(classifyAcknowledgement({ state: 'staged' }, [], { level: 'accepted', sha256: other }).class).toBe('applied');
});
