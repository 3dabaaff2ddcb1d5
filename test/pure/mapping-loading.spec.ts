import { readFileSync } from 'node:fs';
import { mappingJsonSchema } from '../../src/mapping/mapping-json-schema.js';
import { acceptanceXsd, acceptanceYaml, goodFiles, goodMapping, itemCsv, loadFiles, messages, stepYaml } from '../support/mapping-fixture.js';

const yaml = 'center/acceptance/mapping.yaml';
const step = 'center/process-step/mapping.yaml';
const xsd = 'center/acceptance/acceptance.xsd';
const csv = 'center/codes/item.csv';

/** The text with one piece replaced; the piece must be there, or the test would prove nothing. */
function swap(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the fixture has no ${from}`);
  return text.replace(from, to);
}

test('good mappings load without a fault, and say what they read', () => {
  const { mappings, faults } = loadFiles(goodFiles);
  expect(faults).toEqual([]);
  expect(mappings.map((m) => [m.channel, m.message, m.attachments?.child])).toEqual([
    ['center', 'acceptance', 'materials'],
    ['center', 'process-step', undefined],
  ]);
  expect(mappings[0]!.reads).toEqual([
    'applicants.cert_kind', 'applicants.cert_no', 'applicants.name', 'applicants.no', 'applicants.role',
    'case.accepted_at', 'case.case_no', 'case.closed_at', 'case.item', 'case.reason', 'case.result', 'case.total',
    'materials.file_md5', 'materials.file_name', 'materials.material_no',
  ]);
  expect(mappings[1]!.reads).toEqual(['applicants.name', 'applicants.role', 'item.opinion', 'item.step_no']);
});

test('the digest follows the mapping, the XSD and the code lists it uses, and nothing else', () => {
  const digest = (files: Record<string, string>): string => goodMapping('acceptance', files).digest;
  const before = digest({});
  expect(digest({})).toBe(before);
  expect(digest({ [yaml]: acceptanceYaml.replace('title: acceptance', 'title: changed') })).not.toBe(before);
  expect(digest({ [xsd]: acceptanceXsd.replace('value="8"', 'value="9"') })).not.toBe(before);
  expect(digest({ [csv]: `${itemCsv}C,100,,,\n` })).not.toBe(before);
  expect(digest({ 'center/codes/other.csv': itemCsv, [step]: stepYaml.replace('title: step', 'title: changed') })).toBe(before);
});

test('a code list beside the mapping goes before the one of the channel', () => {
  const mapping = goodMapping('acceptance', { 'center/acceptance/item.csv': 'source,target,label,valid_from,valid_to\nA,100,,,\n' });
  expect(mapping.digest).not.toBe(goodMapping('acceptance').digest);
});

test.each<[string, Record<string, string>, { file: string; key: string; line: number; expected: RegExp }]>([
  ['column unknown in the case', { [yaml]: swap(acceptanceYaml, 'from: case.case_no', 'from: case.case_nr') }, { file: yaml, key: 'fields[3].from', line: 11, expected: /column of case \(land_case\) \('case_nr' is none\)/ }],
  ['column unknown in a repeat', { [yaml]: swap(acceptanceYaml, 'from: each.name', 'from: each.nom') }, { file: yaml, key: 'fields[11].fields[1].from', line: 24, expected: /column of each \(applicants\) \('nom' is none\)/ }],
  ['each outside a repeat', { [yaml]: swap(acceptanceYaml, 'from: case.case_no', 'from: each.name') }, { file: yaml, key: 'fields[3].from', line: 11, expected: /each only inside a repeat/ }],
  ['item in an event of the case', { [yaml]: swap(acceptanceYaml, 'from: case.case_no', 'from: item.step_no') }, { file: yaml, key: 'fields[3].from', line: 11, expected: /no item/ }],
  ['column unknown in the item', { [step]: swap(stepYaml, 'item.opinion', 'item.view') }, { file: step, key: 'fields[1].from', line: 9, expected: /column of item \(steps\) \('view' is none\)/ }],
  ['child unknown in a path', { [step]: swap(stepYaml, 'applicants[role=A]', 'persons[role=A]') }, { file: step, key: 'fields[2].from', line: 10, expected: /applicants, steps, materials \('persons' is none\)/ }],
  ['column unknown in a choice', { [step]: swap(stepYaml, 'applicants[role=A]', 'applicants[rôle=A]') }, { file: step, key: 'fields[2].from', line: 10, expected: /a source path/ }],
  ['column unknown in a choice, plain', { [step]: swap(stepYaml, 'applicants[role=A]', 'applicants[part=A]') }, { file: step, key: 'fields[2].from', line: 10, expected: /column of applicants \('part' is none\)/ }],
  ['a fact the message does not have', { [yaml]: swap(acceptanceYaml, 'message.version', 'message.division') }, { file: yaml, key: 'fields[2].from', line: 10, expected: /message\.version, message\.operation/ }],
  ['column unknown in a condition', { [yaml]: swap(acceptanceYaml, 'path: case.closed_at', 'path: case.ended_at') }, { file: yaml, key: 'fields[6].when', line: 14, expected: /'ended_at' is none/ }],
  ['column unknown in where', { [yaml]: swap(acceptanceYaml, 'path: each.role', 'path: each.part') }, { file: yaml, key: 'fields[11].where', line: 21, expected: /'part' is none/ }],
  ['column unknown in a rule', { [yaml]: swap(acceptanceYaml, 'path: case.result, equals: R', 'path: case.outcome, equals: R') }, { file: yaml, key: 'rules[0].when', line: 26, expected: /'outcome' is none/ }],
  ['element unknown to the XSD', { [yaml]: swap(acceptanceYaml, 'to: BODY/NO', 'to: BODY/NR') }, { file: yaml, key: 'fields[3].to', line: 11, expected: /element of the XSD \('BODY\/NR' is none\)/ }],
  ['element that holds elements', { [yaml]: swap(acceptanceYaml, 'to: BODY/NO', 'to: BODY') }, { file: yaml, key: 'fields[3].to', line: 11, expected: /holds elements/ }],
  ['mandatory element without field', { [yaml]: swap(acceptanceYaml, '  - { to: BODY/NO, from: case.case_no }\n', '') }, { file: yaml, key: 'fields', line: 7, expected: /a field for BODY\/NO, which the XSD demands/ }],
  ['mandatory element missing in an optional group that is used', { [yaml]: swap(acceptanceYaml, '  - { to: BODY/CHARGE/UNIT, value: FEN }\n', '') }, { file: yaml, key: 'fields', line: 7, expected: /BODY\/CHARGE\/UNIT/ }],
  ['element written twice without condition', { [yaml]: swap(acceptanceYaml, 'to: BODY/REASON', 'to: BODY/NO') }, { file: yaml, key: 'fields[8].to', line: 16, expected: /BODY\/NO once/ }],
  ['transform unknown', { [yaml]: swap(acceptanceYaml, 'transform: [yuan]', 'transform: [truncate]') }, { file: yaml, key: 'fields[0].transform[0]', line: 8, expected: /'truncate' is none/ }],
  ['argument of a transform', { [yaml]: swap(acceptanceYaml, 'YYYYMMDDThhmmss', 'DDMMYYYY') }, { file: yaml, key: 'fields[5].transform[0]', line: 13, expected: /datetime with the argument YYYYMMDDhhmmss/ }],
  ['code list unknown', { [yaml]: swap(acceptanceYaml, 'codes: item', 'codes: items') }, { file: yaml, key: 'fields[4].codes', line: 12, expected: /codes\/items\.csv/ }],
  ['code list with a target the XSD refuses', { [csv]: `${itemCsv}C,300,,,\n` }, { file: yaml, key: 'fields[4].codes', line: 12, expected: /one of 100, 200\); item\.csv line 5/ }],
  ['fixed value the XSD refuses', { [yaml]: swap(acceptanceYaml, 'value: "1"', 'value: "far too long"') }, { file: yaml, key: 'fields[6].value', line: 14, expected: /at most 8 characters/ }],
  ['check unknown', { [yaml]: swap(acceptanceYaml, 'check: name-quality', 'check: nice-name') }, { file: yaml, key: 'fields[11].fields[1].check', line: 24, expected: /one of the checks/ }],
  ['check that reads an unknown column', { [yaml]: swap(acceptanceYaml, ':each.cert_kind', ':each.kind') }, { file: yaml, key: 'fields[11].fields[0].check', line: 23, expected: /'kind' is none/ }],
  ['repeat of an unknown child', { [yaml]: swap(acceptanceYaml, 'repeat: applicants', 'repeat: persons') }, { file: yaml, key: 'fields[11].repeat', line: 20, expected: /'persons' is none/ }],
  ['repeat of an element that stands once', { [yaml]: swap(acceptanceYaml, 'to: BODY/LIST/PERSON', 'to: BODY/LIST') }, { file: yaml, key: 'fields[11].to', line: 19, expected: /may stand once/ }],
  ['rule about an element nothing writes', { [yaml]: swap(acceptanceYaml, 'require: BODY/REASON', 'require: BODY/CAUSE') }, { file: yaml, key: 'rules[0].require', line: 26, expected: /'BODY\/CAUSE' is none/ }],
  ['attachments of a child without files', { [yaml]: swap(acceptanceYaml, 'attachments: materials', 'attachments: steps') }, { file: yaml, key: 'attachments', line: 28, expected: /has an attachment/ }],
  ['event unknown in the stream', { [yaml]: swap(swap(acceptanceYaml, 'event: acceptance', 'event: applause'), 'message: acceptance', 'message: applause') }, { file: yaml, key: 'event', line: 4, expected: /an event of stream case: acceptance, process-step/ }],
  ['message of another name', { [yaml]: swap(acceptanceYaml, 'message: acceptance', 'message: acceptence') }, { file: yaml, key: 'message', line: 1, expected: /acceptance: a message is named like its event/ }],
  ['stream of another channel', { [yaml]: swap(acceptanceYaml, 'stream: case', 'stream: deal') }, { file: yaml, key: 'stream', line: 3, expected: /case, the stream of channel center/ }],
  ['key unknown to the language', { [yaml]: swap(acceptanceYaml, 'codes: item', 'code: item') }, { file: yaml, key: 'fields[4].code', line: 12, expected: /no key code/ }],
  ['from and value at once', { [yaml]: swap(acceptanceYaml, 'value: FEN', 'value: FEN, from: case.item') }, { file: yaml, key: 'fields[10]', line: 18, expected: /exactly one of from, value, repeat/ }],
  ['number instead of text', { [yaml]: swap(acceptanceYaml, 'value: "1"', 'value: 1') }, { file: yaml, key: 'fields[6].value', line: 14, expected: /text \(in quotes/ }],
  ['XSD not there', { [yaml]: swap(acceptanceYaml, 'xsd: acceptance.xsd', 'xsd: accept.xsd') }, { file: yaml, key: 'xsd', line: 5, expected: /'accept\.xsd' is not there/ }],
  ['root unknown to the XSD', { [yaml]: swap(acceptanceYaml, 'root: CASE', 'root: CASES') }, { file: xsd, key: 'CASES', line: 2, expected: /top element CASES/ }],
  ['choice in the XSD', { [xsd]: acceptanceXsd.replace(/sequence>\n {14}<xs:element name="NO"/, 'sequence>\n<xs:choice><xs:element name="X" type="xs:string"/></xs:choice>\n<xs:element name="NO"') }, { file: xsd, key: 'BODY/choice', line: 18, expected: /only named elements/ }],
  ['attribute in the XSD', { [xsd]: swap(acceptanceXsd, '</xs:sequence>\n  </xs:complexType>', '</xs:sequence><xs:attribute name="A" type="xs:string"/>\n  </xs:complexType>') }, { file: xsd, key: 'HEAD', line: 9, expected: /one plain xs:sequence/ }],
  ['default in the XSD', { [xsd]: swap(acceptanceXsd, 'name="REASON" type="text8"', 'name="REASON" type="text8" default="none"') }, { file: xsd, key: 'BODY/REASON', line: 22, expected: /without default/ }],
  ['XSD that libxml2 refuses', { [xsd]: swap(acceptanceXsd, 'name="REASON" type="text8"', 'name="REASON" type="text9"') }, { file: xsd, key: 'schema', line: 22, expected: /text9/ }],
  ['header of a code list', { [csv]: itemCsv.replace('label', 'name') }, { file: csv, key: 'header', line: 1, expected: /source,target,label,valid_from,valid_to/ }],
  ['days of a code list that overlap', { [csv]: itemCsv.replace('2026-06-30', '2026-07-01') }, { file: csv, key: 'source', line: 3, expected: /overlap with those of A in line 2/ }],
  ['day of a code list that does not exist', { [csv]: itemCsv.replace('2026-06-30', '2026-06-31') }, { file: csv, key: 'valid_to', line: 2, expected: /YYYY-MM-DD/ }],
  ['code without target', { [csv]: `${itemCsv}C,,,,\n` }, { file: csv, key: 'target', line: 5, expected: /target code for C/ }],
])('%s is a fault with file, key and line', (_, files, fault) => {
  const { mappings, faults } = loadFiles({ ...goodFiles, ...files });
  expect(faults).toContainEqual({ ...fault, expected: expect.stringMatching(fault.expected) });
  const other = fault.file === step ? 'acceptance' : 'process-step';
  expect(mappings.map((m) => m.message)).toContain(other); // one wrong mapping hides nothing of the others
});

test('all faults of all files come at once', () => {
  const { faults } = loadFiles({
    ...goodFiles,
    [yaml]: acceptanceYaml.replace('case.case_no', 'case.a').replace('case.reason', 'case.b').replace('[yuan]', '[gold]'),
    [step]: stepYaml.replace('item.step_no', 'item.c'),
  });
  expect(faults.map((f) => `${f.file}:${f.line}`)).toEqual([`${yaml}:8`, `${yaml}:11`, `${yaml}:16`, `${step}:8`]);
});

test('broken YAML and a mapping that is not there', () => {
  const { faults } = loadFiles({ ...goodFiles, [yaml]: 'message: [\n' }, { channel: 'center', stream: 'case', messages: { ...messages, 'process-step': 'center/gone' } });
  expect(faults).toEqual([
    { file: yaml, key: '', line: expect.any(Number), expected: expect.stringMatching(/^YAML/) },
    { file: 'center/gone/mapping.yaml', key: 'messages.process-step', expected: 'a mapping file, since channel center sends process-step' },
  ]);
});

test('a mapping under the wrong event of its channel', () => {
  const { faults } = loadFiles(goodFiles, { channel: 'center', stream: 'case', messages: { 'process-step': 'center/acceptance' } });
  expect(faults).toEqual([expect.objectContaining({ file: yaml, key: 'event', line: 4, expected: 'process-step, under which channel center lists this mapping' })]);
});

test('mapping.schema.json is what the language says; write it anew with mappingJsonSchema()', () => {
  expect(readFileSync('mappings/mapping.schema.json', 'utf8')).toBe(mappingJsonSchema());
});
