import { tellViolations } from '../../src/simulator/chaos/storm-report.js';
import type { Violation } from '../../src/simulator/chaos/witness.js';

test('thousands of one kind do not hide the one of another', () => {
  const of = (kind: Violation['kind'], n: number): Violation[] => Array.from({ length: n }, (_, i) => ({ kind, channel: 'center', caseNo: `C${i}`, text: 'what is wrong' }));
  const told = tellViolations([...of('unsettled', 3000), ...of('false-success', 1)]);
  expect(told[0]).toBe('  false-success center C0 : what is wrong');
  expect(told).toHaveLength(32);
  expect(told.at(-1)).toBe('  unsettled: 2970 more');
});
