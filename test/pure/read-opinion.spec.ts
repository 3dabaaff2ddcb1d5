import iconv from 'iconv-lite';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { canonicalName, type JudgedFile } from '../../src/domain/returned-file.js';
import type { ReturnOutcome } from '../../src/domain/return-outcomes.js';
import { judgeReturned } from '../../src/reconciliation/judge-returned.js';
import { loadReturnMappings } from '../../src/reconciliation/load-return-mappings.adapter.js';

const dir = path.resolve('mappings');
const { mappings, faults } = loadReturnMappings(dir, [{ channel: 'supervision', returns: { messages: ['supervision/return/cards', 'supervision/return/queries'], files: true } }]);
const sample = (kind: string, form = ''): Buffer => readFileSync(path.join(dir, 'supervision/return', kind, 'samples', `${kind}-20261120.1${form}.xml`));
const [cards, queries] = [sample('cards'), sample('queries')];
const judge = (bytes: Uint8Array, name?: string): JudgedFile => judgeReturned(bytes, '', name, mappings.get('supervision')!);
const changed = (bytes: Buffer, ...changes: readonly (readonly [string, string])[]): Buffer =>
  Buffer.from(changes.reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, bytes.toString('utf8')));

test('the mappings compile', () => expect([faults, mappings.get('supervision')!.map((m) => m.kind)]).toEqual([[], ['cards', 'queries']]));

test('cards: every element where it belongs, times as instants, in both encodings', () => {
  const read = judge(cards, 'cards-20261120.1.xml');
  if (!read.ok) throw new Error(JSON.stringify(read));
  expect(canonicalName(read.contents)).toBe('cards-20261120.1.xml');
  expect(read.contents.opinions).toEqual([
    {
      theirNo: 'JC20261120000001', caseNo: 'YYGT202611000777', subject: 'case', object: 'case', sequence: '1', result: 'yellow', state: 'issued', ruleCode: 'HN-AJ-2', committed: 10, statutory: 30, used: 11,
      startsAt: '2026-11-03T01:32:02.000Z', judgedAt: '2026-11-19T17:01:02.000Z', appeal: undefined, department: '地籍管理科', text: '超过承诺时限 1 日',
    },
    {
      theirNo: 'JC20261120000002', caseNo: 'YYGT202611000778', subject: 'case', object: 'special', sequence: '3', result: 'red', state: 'revoked', ruleCode: undefined, committed: 5, statutory: undefined, used: 7,
      startsAt: undefined, judgedAt: '2026-11-19T17:01:03.000Z', appeal: 'revoked', department: '益阳市国土资源局窗口 䶮𠅤', text: undefined,
    },
    expect.objectContaining({ theirNo: 'JC20261120000003', caseNo: 'TS2026-0088', subject: 'complaint', object: 'case', result: 'warning', state: 'supervised' }),
  ]);
  expect(judge(sample('cards', '.gb18030'), 'cards-20261120.1.xml')).toEqual(read);
});

test('queries: every element where it belongs, in both encodings', () => {
  const read = judge(queries, 'queries-20261120.1.xml');
  if (!read.ok) throw new Error(JSON.stringify(read));
  expect(read.contents.queries![0]).toEqual({
    theirNo: 'DB20261120000001', caseNo: 'YYGT202611000777', text: '该件已出黄牌，请说明原因 <限三日内>', organisation: '省电子监察中心', department: '地籍管理科', itemKind: '07', ruleCode: 'HN-AJ-2', result: 'yellow',
    askedAt: '2026-11-20T09:15:02.000Z', stateAt: '2026-11-19T17:01:02.000Z', answerBy: '2026-11-25T09:30:00.000Z', outcome: '督办中',
  });
  expect(read.contents.queries![1]).toMatchObject({ text: '群众反映未按时办结', result: undefined, answerBy: undefined });
  expect(judge(sample('queries', '.gb18030'), 'queries-20261120.1.xml')).toEqual(read);
});

test.each<[string, string, string]>([
  ['result', '<RESULT>2</RESULT>', 'normal:0 warning:1 yellow:2 red:3'],
  ['state', '<STATE>Y</STATE>', 'issued:Y pending:D revoked:C cancelled:Q supervised:B'],
  ['subject', '<SUPERVISE_TYPE>1011</SUPERVISE_TYPE>', 'case:1011 complaint:1012 consultation:1013 case:1014 consultation:1015'],
])('every code of %s', (target, from, codes) => {
  for (const [word, code] of codes.split(' ').map((c) => c.split(':') as [string, string])) {
    const read = judge(changed(cards, [from, from.replace(/>[^<]+</, `>${code}<`)]));
    expect(read).toMatchObject({ ok: true, contents: { opinions: [{ [target]: word }, {}, {}] } });
  }
});
test('every code of an appeal', () => {
  for (const [word, code] of [['revoked', 'C'], ['sent-back', 'D'], ['escalated', 'B']] as const) {
    expect(judge(changed(cards, ['<APPEAL_RESULT>C</APPEAL_RESULT>', `<APPEAL_RESULT>${code}</APPEAL_RESULT>`]))).toMatchObject({ ok: true, contents: { opinions: [{}, { appeal: word }, {}] } });
  }
});

describe('a bad or hostile file is refused as a whole, with element and line and without the value', () => {
  test.each<[string, Uint8Array, ReturnOutcome, { path: string; line?: number }]>([
    ['cut off', cards.subarray(0, 1300), 'truncated', { path: '/' }],
    ['empty', Buffer.alloc(0), 'truncated', { path: '/' }],
    ['GB18030 bytes that say UTF-8', iconv.encode(cards.toString(), 'gb18030'), 'encoding', { path: '/' }],
    ['a DOCTYPE with an entity', changed(cards, ['<JC_CARDS>', '<!DOCTYPE JC_CARDS [<!ENTITY x SYSTEM "file:///etc/passwd">]><JC_CARDS>']), 'not-xml', { path: '/', line: 2 }],
    ['a billion laughs', Buffer.from('<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><JC_CARDS>&c;</JC_CARDS>'), 'not-xml', { path: '/' }],
    ['a fee file on this channel', Buffer.from('<JFJLWJ/>'), 'unknown-kind', { path: '/' }],
    ['another namespace', changed(cards, ['<JC_CARDS>', '<JC_CARDS xmlns="urn:x">']), 'unknown-kind', { path: '/' }],
    ['no number', changed(cards, ['<SUPERVISE_NO>JC20261120000001</SUPERVISE_NO>', '']), 'schema', { path: 'CARD[1]/INSTANCE_CODE' }],
    ['a number with a path in it', changed(cards, ['JC20261120000001', '../../etc']), 'schema', { path: 'CARD[1]/SUPERVISE_NO' }],
    ['a number of 21 characters', changed(cards, ['JC20261120000001', 'JC2026112000000100001']), 'schema', { path: 'CARD[1]/SUPERVISE_NO' }],
    ['a result nobody agreed on', changed(cards, ['<RESULT>2</RESULT>', '<RESULT>4</RESULT>']), 'unknown-code', { path: 'CARD[1]/RESULT', line: 18 }],
    ['a state nobody agreed on', changed(cards, ['<STATE>Y</STATE>', '<STATE>X</STATE>']), 'unknown-code', { path: 'CARD[1]/STATE', line: 19 }],
    ['a type nobody agreed on', changed(cards, ['>1012<', '>1099<']), 'unknown-code', { path: 'CARD[3]/SUPERVISE_TYPE' }],
    ['an object nobody agreed on', changed(cards, ['<OBJECT_TYPE>2</OBJECT_TYPE>', '<OBJECT_TYPE>9</OBJECT_TYPE>']), 'unknown-code', { path: 'CARD[2]/OBJECT_TYPE' }],
    ['a time no clock has', changed(cards, ['20261120010102', '20261120250102']), 'value-unreadable', { path: 'CARD[1]/STATE_TIME', line: 20 }],
    ['a day no calendar has', changed(cards, ['<DAY>20261120', '<DAY>20261131']), 'value-unreadable', { path: 'HEAD/DAY', line: 7 }],
    ['a used time that is none', changed(cards, ['<TIME_USE>11<', '<TIME_USE>-1<']), 'schema', { path: 'CARD[1]/TIME_USE' }],
    ['a number twice', changed(cards, ['JC20261120000002', 'JC20261120000001']), 'repeated-number', { path: 'CARD[2]' }],
    ['a wrong count', changed(cards, ['<COUNT>3<', '<COUNT>2<']), 'wrong-count', { path: 'HEAD/COUNT' }],
    ['another name than its head says', changed(cards, ['<ISSUE>1<', '<ISSUE>2<']), 'file-name', { path: '/' }],
    ['a query without text', changed(queries, ['<CONTENT>群众反映未按时办结</CONTENT>', '<CONTENT></CONTENT>']), 'schema', { path: 'QUERY[2]/CONTENT' }],
    ['a query about nothing', changed(queries, ['<INSTANCE_CODE>YYGT202611000001</INSTANCE_CODE>', '<INSTANCE_CODE> </INSTANCE_CODE>']), 'value-unreadable', { path: 'QUERY[2]/INSTANCE_CODE' }],
    ['an item kind that is none', changed(queries, ['<ITEM_TYPE>07', '<ITEM_TYPE>7a']), 'value-unreadable', { path: 'QUERY[1]/ITEM_TYPE' }],
    ['a wrong count of queries', changed(queries, ['<COUNT>2<', '<COUNT>0<']), 'wrong-count', { path: 'HEAD/COUNT' }],
  ])('%s', (_, bytes, outcome, fault) => {
    const judged = judge(bytes, outcome === 'file-name' ? 'cards-20261120.1.xml' : undefined);
    expect(judged).toMatchObject({ ok: false, outcome });
    if (!judged.ok) expect(judged.faults[0]).toMatchObject(fault);
    expect(JSON.stringify(judged)).not.toMatch(/passwd|地籍管理科|群众反映/);
  });
});
