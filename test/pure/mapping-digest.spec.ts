import type { CaseSnapshot } from '../../src/domain/snapshot.js';
import { produceMessage } from '../../src/mapping/produce-message.js';
import { readDigestInput } from '../../src/mapping/read-digest-input.js';
import { facts, goodMapping, snapshotOf } from '../support/mapping-fixture.js';

const mapping = goodMapping('acceptance');
const stepMapping = goodMapping('process-step');
type Changes = NonNullable<Parameters<typeof snapshotOf>[0]>;
const digest = (s: CaseSnapshot): string => readDigestInput(mapping, s, undefined);
const people = (change: (rows: Record<string, string | null>[]) => void): Changes => {
  const rows = snapshotOf().children['applicants']!.map((r) => ({ ...r }));
  change(rows);
  return { applicants: rows };
};

// Every row: does the change alter what is sent?
test.each<[string, Changes, boolean]>([
  ['nothing', {}, false],
  ['a column that no field reads', { case: { unsent: 'y' } }, false],
  ['spaces at the ends', { case: { item: ' A ' } }, false],
  ['blank instead of null', { case: { reason: '  ' } }, false],
  ['a step, which this message does not send', { steps: [] }, false],
  ['a person whom `where` leaves out', people((r) => (r[1]!['name'] = '别人')), false],
  ['a person left out who goes', people((r) => r.splice(1, 1)), false],
  ['a value that is sent', { case: { total: '81' } }, true],
  ['a value that is sent under a condition', { case: { result: 'F' } }, true],
  ['a value of an alternative that is not taken', { case: { result: 'X' } }, false],
  ['a rule that begins to hold', { case: { result: 'R' } }, true],
  ['a person who is sent', people((r) => (r[2]!['name'] = '丙')), true],
  ['a person who comes in by `where`', people((r) => (r[1]!['role'] = 'A')), true],
  ['a person who goes', people((r) => r.pop()), true],
  ['the kind that only the check reads', people((r) => (r[2]!['cert_kind'] = 'SFZ')), true],
  ['the signature of a scanned file', { materials: [{ material_no: '1', name: 'm', file_name: 'a.pdf', file_md5: 'ffffffffffffffffffffffffffffffff' }] }, true],
  ['the name of a material, which is not sent', { materials: [{ material_no: '1', name: 'other', file_name: 'a.pdf', file_md5: 'd41d8cd98f00b204e9800998ecf8427e' }] }, false],
])('%s', (_, changes, altered) => {
  expect(digest(snapshotOf(changes)) !== digest(snapshotOf())).toBe(altered);
});

test('values do not run into each other', () => {
  const swapped = people((r) => {
    r[0]!['name'] = '甲","乙';
    r[0]!['cert_no'] = '';
  });
  expect(digest(snapshotOf(swapped))).not.toBe(digest(snapshotOf(people((r) => { r[0]!['name'] = '甲'; r[0]!['cert_no'] = '乙'; }))));
});

test('the same digest makes the same message, whatever is the rest of the case', () => {
  const a = snapshotOf();
  const b = snapshotOf({ case: { unsent: 'other', item: ' A' }, steps: [] });
  expect(digest(a)).toBe(digest(b));
  const channel = { encoding: 'UTF-8', illegalCharacters: 'finding' } as const;
  expect(produceMessage(mapping, a, undefined, facts, channel).sha256).toBe(produceMessage(mapping, b, undefined, facts, channel).sha256);
});

test('an event about a row looks at that row', () => {
  const row = { step_no: '7', opinion: 'yes', started_at: '2026-11-24 09:00:00.000' };
  const read = (steps: Record<string, string | null>[]): string => readDigestInput(stepMapping, snapshotOf({ steps }), steps[0]);
  expect(read([row, { step_no: '8', opinion: 'a', started_at: null }])).toBe(read([row]));
  expect(read([{ ...row, opinion: 'no' }])).not.toBe(read([row]));
  expect(read([{ ...row, started_at: '2026-11-25 09:00:00.000' }])).toBe(read([row])); // this mapping does not send the time
});
