import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { readCodeList } from '../../src/domain/read-code-list.js';
import { yiyangDivisions } from '../../src/mapping/transforms.js';
import { loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import { channels, mappingsDir, messagesOf } from './sample-messages.js';

const listOf = (channel: string, name: string): Record<string, string> => {
  const { list, faults } = readCodeList(name, readFileSync(path.join(mappingsDir, channel, 'codes', `${name}.csv`), 'utf8'));
  expect(faults).toEqual([]);
  return Object.fromEntries([...list.entries].map(([source, entries]) => [source, entries.at(-1)!.target]));
};

test.each([
  ['center', 'item-code', 'basicCode'],
  ['center', 'implementation-code', 'implementCode'],
  ['provincial', 'catalog-code', 'basicCode'],
  ['provincial', 'approve-code', 'implementCode'],
  ['supervision', 'approve-code', 'implementCode'],
] as const)('%s/%s has every item of the bureau with its own code', (channel, name, column) => {
  expect(listOf(channel, name)).toEqual(Object.fromEntries(loadCatalogue().items.map((item) => [item.itemCode, item[column]])));
});

test('lists that look alike are kept apart', () => {
  // 办件类型: GB/T 39046 numbers immediate 1 and committed 2, Hunan the other way round.
  expect(listOf('center', 'case-kind')).toEqual({ J: '1', C: '2', Q: '9' });
  expect(listOf('provincial', 'approve-type')).toEqual({ J: '2', C: '1', Q: '1' });
  expect(listOf('supervision', 'approve-type')).toEqual({ J: '0', C: '1', Q: '1' });
  // 环节状态: GB/T 39046 numbers pending 1 and done 2, Hunan the other way round.
  expect(listOf('center', 'step-status')).toEqual({ TODO: '1', DONE: '2' });
  expect(listOf('supervision', 'link-flag')).toEqual({ DONE: '1', TODO: '2' });
  // 申请人类型: six kinds of GB/T 39046, two of Hunan.
  expect(listOf('center', 'applicant-kind')).toEqual({ P: '1', E: '2', I: '3', S: '4', G: '5', O: '6' });
  expect(listOf('provincial', 'apply-type')).toEqual({ P: '1', E: '2', I: '2', S: '2', G: '2', O: '2' });
  // 特别程序种类: GB/T 39046 knows extension and everything else.
  expect(listOf('center', 'special-kind')).toEqual({ YC: '1', TZ: '2', ZB: '2', JC: '2', PS: '2', GS: '2' });
  // 办结结果: Guangdong; 1 is returned, not "licence denied" as at Inspur.
  expect(listOf('center', 'result-code')).toEqual({ PASS: '0', DENY: '1', RETURN: '1', VOID: '2', EXPIRED: '5', OTHER: '6' });
});

test('areas of e-supervision come from a table: every division of the bureau has one, and nothing is cut or lengthened by rule', () => {
  const areas = listOf('supervision', 'area-code');
  expect(Object.keys(areas).sort()).toEqual([...yiyangDivisions].sort());
  expect(areas['430903']).toBe('4309030000');
  // Statistical divisions have no civil-affairs code of their own: they are told under the city.
  expect([areas['430971'], areas['430972']]).toEqual(['4309000000', '4309000000']);
});

/** Names of code lists that the mappings of a channel use. */
function usedBy(channel: string): Set<string> {
  const found = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const codes = (node as { codes?: unknown }).codes;
    if (typeof codes === 'string') found.add(codes);
    Object.values(node).forEach(walk);
  };
  for (const below of Object.values(messagesOf(channels.find((c) => c.channel === channel)!))) walk(parse(readFileSync(path.join(mappingsDir, below, 'mapping.yaml'), 'utf8')));
  return found;
}

test.each(['center', 'provincial', 'supervision'])('%s keeps no code list that nothing uses', (channel) => {
  const files = readdirSync(path.join(mappingsDir, channel, 'codes')).map((f) => path.basename(f, '.csv'));
  expect(files.sort()).toEqual([...usedBy(channel)].sort());
});
