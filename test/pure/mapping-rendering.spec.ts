import fc from 'fast-check';
import { XmlDocument } from 'libxml2-wasm';
import type { Finding } from '../../src/domain/mapping-language.js';
import { produceMessage } from '../../src/mapping/produce-message.js';
import type { ChannelText } from '../../src/mapping/render-message.js';
import { acceptanceXsd, acceptanceYaml, facts, goodMapping, sampleIdentity, snapshotOf } from '../support/mapping-fixture.js';

const mapping = goodMapping('acceptance');
const stepMapping = goodMapping('process-step');
const utf8: ChannelText = { encoding: 'UTF-8', illegalCharacters: 'finding' };
const gb18030: ChannelText = { encoding: 'GB18030', illegalCharacters: 'finding' };
type Changes = Parameters<typeof snapshotOf>[0];
const produce = (changes: Changes = {}, channel = utf8): ReturnType<typeof produceMessage> => produceMessage(mapping, snapshotOf(changes), undefined, facts, channel);
const person = (no: number, more: Record<string, string | null> = {}): Record<string, string | null> => ({ no: String(no), role: 'A', name: '甲', cert_kind: 'HZ', cert_no: null, ...more });

describe('a message without findings', () => {
  test('stands in the order of the XSD, not of the mapping, and is the same every time', () => {
    const first = produce();
    expect(first.findings).toEqual([]);
    expect(first.bytes?.toString('utf8')).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>
<CASE>
<HEAD><MSGID>0123456789abcdef0123456789abcdef</MSGID><VERSION>1</VERSION></HEAD>
<BODY><NO>C1</NO><ITEM>200</ITEM><AT>20261123T100000</AT><STATE>1</STATE><TOTAL>80.50</TOTAL>
<LIST>
<PERSON><NAME>甲</NAME><CERT>${sampleIdentity}</CERT></PERSON>
<PERSON><NAME>乙</NAME></PERSON></LIST></BODY></CASE>`,
    );
    const again = produce();
    expect(again.bytes).toEqual(first.bytes);
    expect(again.sha256).toBe(first.sha256);
    expect(first.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(first.attachments).toEqual([{ child: 'materials', key: '1', fileName: 'a.pdf', signature: 'd41d8cd98f00b204e9800998ecf8427e' }]);
  });

  test.each<[string, Changes, RegExp]>([
    ['the code valid on the day of the event', { case: { item: 'B' } }, /<ITEM>200<\/ITEM>/],
    ['the second alternative where the first does not hold', { case: { closed_at: '2026-11-25 00:00:00.000', result: 'P' } }, /<STATE>P<\/STATE>/],
    ['an optional group once its condition holds', { case: { result: 'F' } }, /\n<CHARGE><AMOUNT>8050<\/AMOUNT><UNIT>FEN<\/UNIT><\/CHARGE>/],
    ['markup characters escaped', { case: { reason: 'a<b>&"c' } }, /<REASON>a&lt;b&gt;&amp;"c<\/REASON>/],
    ['carriage returns as line feeds', { case: { reason: 'a\r\nb\rc' } }, /<REASON>a\nb\nc<\/REASON>/],
  ])('has %s', (_, changes, expected) => {
    const { text, findings } = produce(changes);
    expect(findings).toEqual([]);
    expect(text).toMatch(expected);
  });

  test('leaves out a list without rows, and an optional group whose sources are blank', () => {
    const { text, findings } = produce({ applicants: [] });
    expect(findings).toEqual([]);
    expect(text).not.toMatch(/LIST|CHARGE|null|undefined/);
  });

  test('the event about a row reads that row, and writes what stands for blank', () => {
    const snapshot = snapshotOf();
    const { text, findings } = produceMessage(stepMapping, snapshot, snapshot.children['steps']![0], { ...facts, event: 'process-step' }, utf8);
    expect(findings).toEqual([]);
    expect(text).toContain('<NO>7</NO><OPINION>none given</OPINION><FIRST>甲</FIRST>');
    expect(() => produceMessage(stepMapping, snapshot, undefined, facts, utf8)).toThrow(/mapping-broken/);
  });
});

const finding = (element: string, source: string, rule: string): Partial<Finding> => ({ element, source, rule });
test.each<[string, Changes, Partial<Finding>, RegExp]>([
  ['a mandatory value is blank', { case: { item: '  ' } }, finding('BODY/ITEM', 'land_case.item', 'required'), /a value is required/],
  ['a mandatory value in a row is blank', { applicants: [person(1), person(2, { name: null })] }, finding('BODY/LIST/PERSON[2]/NAME', 'land_applicant.name (no=2)', 'required'), /required/],
  ['a code is unknown', { case: { item: 'X9' } }, finding('BODY/ITEM', 'land_case.item', 'code-unknown'), /the code X9 does not stand in code list item/],
  ['a code unknown and long is not shown', { case: { item: sampleIdentity } }, finding('BODY/ITEM', 'land_case.item', 'code-unknown'), /the code does not stand/],
  ['an amount has too many decimals', { case: { total: '1.005' } }, finding('BODY/TOTAL', 'land_case.total', 'decimal'), /at most 2 digits after the point/],
  ['a date does not exist', { case: { accepted_at: '2026-02-30 10:00:00' } }, finding('BODY/AT', 'land_case.accepted_at', 'datetime'), /a date and time that exist/],
  ['a check digit is wrong', { applicants: [person(3, { cert_kind: 'SFZ', cert_no: '110105194912310021' })] }, finding('BODY/LIST/PERSON[1]/CERT', 'land_applicant.cert_no (no=3)', 'check-digit'), /GB 11643/],
  ['a name is damaged', { applicants: [person(1, { name: '?某' })] }, finding('BODY/LIST/PERSON[1]/NAME', 'land_applicant.name (no=1)', 'data-quality'), /question marks/],
  ['a text is too long, counted in characters', { case: { reason: '𠀀'.repeat(9) } }, finding('BODY/REASON', 'land_case.reason', 'length'), /^9 characters, expected at most 8$/],
  ['a text in a later row is too long', { applicants: [person(1), { ...person(2), role: 'Z' }, person(4, { name: '一二三四五六七八九' })] }, finding('BODY/LIST/PERSON[2]/NAME', 'land_applicant.name (no=4)', 'length'), /expected at most 8/],
  ['a number is out of range', { case: { total: '-1' } }, finding('BODY/TOTAL', 'land_case.total', 'minInclusive'), /minInclusive of the XSD, which is 0$/],
  ['a code of a plain field is refused by the XSD', { case: { closed_at: '2026-11-25 00:00:00.000', result: '123456789' } }, finding('BODY/STATE', 'land_case.result', 'length'), /9 characters/],
  ['there are more rows than the XSD takes', { applicants: [1, 2, 3, 4].map((n) => person(n)) }, finding('BODY/LIST/PERSON[4]', '', 'order'), /not so many/],
  ['a rule demands a value', { case: { result: 'R' } }, finding('BODY/REASON', 'land_case.reason', 'rule'), /^a refusal needs a reason$/],
  ['a rule demands a row', { case: { result: 'P' }, applicants: [] }, finding('BODY/LIST/PERSON', 'land_applicant', 'rule'), /^a person must be there$/],
  ['a control character', { case: { reason: 'a\u0007b' } }, finding('BODY/REASON', 'land_case.reason', 'charset'), /U\+0007/],
  ['half of a character', { applicants: [person(1, { name: '\uD840' })] }, finding('BODY/LIST/PERSON[1]/NAME', 'land_applicant.name (no=1)', 'charset'), /U\+D840/],
])('%s', (_, changes, expected, text) => {
  const { findings, bytes, sha256 } = produce(changes);
  expect(findings).toContainEqual(expect.objectContaining({ ...expected, text: expect.stringMatching(text) }));
  expect([bytes, sha256]).toEqual([undefined, undefined]);
  expect(findings.filter((f) => f.element === expected.element)).toHaveLength(1);
});

test('all findings come at once, with the remedy and without the values', () => {
  const { findings } = produce({
    case: { item: 'X9', reason: '机密的理由很长很长', total: 'eighty' },
    applicants: [person(1, { cert_kind: 'SFZ', cert_no: '110105194912310021', name: '?张' })],
  });
  expect(findings.map((f) => f.element)).toEqual(['BODY/ITEM', 'BODY/TOTAL', 'BODY/LIST/PERSON[1]/NAME', 'BODY/LIST/PERSON[1]/CERT', 'BODY/REASON']);
  expect(findings.find((f) => f.element === 'BODY/LIST/PERSON[1]/CERT')?.remedy).toBe('correct land_applicant.cert_no (no=1) in the bureau; the correction is sent by itself');
  expect(JSON.stringify(findings)).not.toMatch(/110105|机密|张|eighty/);
});

test('a mandatory list without rows is one finding, however empty what stands in its place', () => {
  const xsd = acceptanceXsd.replace('name="LIST" minOccurs="0"', 'name="LIST"');
  const strict = goodMapping('acceptance', { 'center/acceptance/acceptance.xsd': xsd });
  const { findings } = produceMessage(strict, snapshotOf({ applicants: [] }), undefined, facts, utf8);
  expect(findings).toEqual([{ element: 'BODY/LIST/PERSON', source: 'land_applicant', rule: 'required', text: 'at least one is required', remedy: expect.stringContaining('enter a row of land_applicant') }]);
});

test('characters XML cannot carry are removed and noted where the channel says so', () => {
  const { text, bytes, findings, notes } = produce({ case: { reason: ' \u0007a\u0000b\uFFFE ' } }, { encoding: 'UTF-8', illegalCharacters: 'remove' });
  expect(findings).toEqual([]);
  expect(bytes).toBeDefined();
  expect(text).toContain('<REASON>ab</REASON>');
  expect(notes).toEqual([expect.objectContaining({ element: 'BODY/REASON', source: 'land_case.reason', rule: 'charset', text: expect.stringMatching(/^removed: .*U\+0007, U\+0000, U\+FFFE$/) })]);
});

describe('GB 18030', () => {
  const read = (bytes: Buffer | undefined): string => new TextDecoder('gb18030', { fatal: true }).decode(bytes);
  test.each(['䶮', '㛃㙍', '𠅤𬍛', '𰻝', '\u9FB4\u9FBB\uFE10\uFE19\uFE12', '€ÿ'])('%s reads back', (name) => {
    const { bytes, findings, text } = produce({ applicants: [person(1, { name })] }, gb18030);
    expect(findings).toEqual([]);
    expect(read(bytes)).toBe(text);
    expect(text).toContain(`encoding="GB18030"?>`);
    expect(text).toContain(`<NAME>${name}</NAME>`);
  });

  test('the 18 characters of 2022 have two bytes, as the standard gives them', () => {
    expect(produce({ case: { reason: '\u9FB4' } }, gb18030).bytes?.includes(Buffer.from([0xfe, 0x59]))).toBe(true);
  });

  test('a private-use character that cannot be carried is a finding, never a question mark', () => {
    const { findings, bytes } = produce({ case: { reason: 'a\uE81E' } }, gb18030);
    expect(bytes).toBeUndefined();
    expect(findings).toEqual([expect.objectContaining({ element: 'BODY/REASON', source: 'land_case.reason', rule: 'charset', text: 'characters that GB18030 cannot carry: U+E81E' })]);
    expect(produce({ case: { reason: 'a\uE81E' } }, utf8).bytes).toBeDefined();
  });

  test('what the XSD says does not depend on the encoding', () => {
    expect(produce({ case: { reason: '𠀀'.repeat(9) } }, gb18030).findings).toEqual(produce({ case: { reason: '𠀀'.repeat(9) } }, utf8).findings);
  });
});

test('whatever a value is, a reader gets it back or there is a finding', () => {
  const free = goodMapping('acceptance', { 'center/acceptance/mapping.yaml': acceptanceYaml.replace('{ to: BODY/NO, from: case.case_no }', '{ to: BODY/NO, from: case.unsent }') });
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), fc.constantFrom(utf8, gb18030), (value, channel) => {
      fc.pre(value.trim() !== '');
      const { bytes, findings } = produceMessage(free, snapshotOf({ case: { unsent: value } }), undefined, facts, channel);
      if (!bytes) {
        expect(findings).toEqual([expect.objectContaining({ element: 'BODY/NO', source: 'land_case.unsent', rule: 'charset' })]);
        return;
      }
      const xml = new TextDecoder(channel.encoding, { fatal: true }).decode(bytes).replace(/^<\?.*?\?>/, '');
      const document = XmlDocument.fromString(xml);
      try {
        expect(document.get('/CASE/BODY/NO')?.content).toBe(value.trim().replace(/\r\n?/g, '\n'));
      } finally {
        document.dispose();
      }
    }),
    { numRuns: 500 },
  );
});
