import { judgeOrder, orderRules } from '../../src/simulator/center/judge-order.js';

/** What the simulated center asks for before it takes a message. */

const center = orderRules(undefined);
const provincial = orderRules(new Set(['acceptance', 'result']));
const result = (code: string, operation = 'I') => ({ message: 'result', sequence: '1', operation, field: (name: string) => (name === 'BJJGDM' || name === 'PROJECT_STATE' ? code : undefined) });

test.each([
  ['a result of an accepted case', center, result('6'), ['application', 'acceptance'], undefined],
  ['a result without acceptance', center, result('6'), ['application'], '021'],
  ['withdrawn before acceptance', center, result('1'), ['application'], undefined],
  ['void before acceptance', center, result('2'), ['application'], undefined],
  ['withdrawn, and nobody applied', center, result('1'), [], '021'],
  ['withdrawn on a channel that carries no applications', provincial, result('8'), [], undefined],
  ['closed on a channel that carries no applications', provincial, result('6'), [], '021'],
  ['taken back', center, result('6', 'D'), [], undefined],
] as const)('%s', (_, rules, head, standing, expected) => {
  expect(judgeOrder(rules, head, (message) => (standing as readonly string[]).includes(message))).toBe(expected);
});
