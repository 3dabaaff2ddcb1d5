import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import iconv from 'iconv-lite';
import type { XsdValidator } from 'libxml2-wasm';
import { openAcknowledgementSchema } from '../../src/acknowledgement/acknowledgement-schema.adapter.js';
import { matchAddress } from '../../src/acknowledgement/match-address.adapter.js';
import { readAcknowledgements } from '../../src/acknowledgement/read-acknowledgements.js';
import { takeToken } from '../../src/acknowledgement/take-token.js';
import { judgeFile } from '../../src/collection/judge-file.js';

let schema: XsdValidator;
beforeAll(async () => { schema = await openAcknowledgementSchema('mappings'); });
afterAll(() => schema.dispose());

const id = '0123456789abcdef0123456789abcdef';
const ack = (inner = `<ID>${id}</ID><LEVEL>accepted</LEVEL>`): string => `<ACK>${inner}</ACK>`;
const xml = (inner = ack(), head = ''): string => `${head}<ACKNOWLEDGEMENTS CHANNEL="center">${inner}</ACKNOWLEDGEMENTS>`;
const read = (body: string | Buffer, type = 'application/xml'): ReturnType<typeof readAcknowledgements> =>
  readAcknowledgements(typeof body === 'string' ? Buffer.from(body) : body, type, { schema, channel: 'center' });
const json = (body: unknown): ReturnType<typeof readAcknowledgements> => read(typeof body === 'string' ? body : JSON.stringify(body), 'application/json');
const faults = (document: ReturnType<typeof readAcknowledgements>): string[] => {
  if (document.ok) throw new Error('it was read');
  return document.faults.map((f) => `${f.path}${f.line === undefined ? '' : `:${f.line}`} ${f.expected}`);
};

describe('XML', () => {
  test('is read whole', () => {
    const body = xml(`\n${ack(`<ID>${id.toUpperCase()}</ID><LEVEL>refused</LEVEL><SHA256>${'AB'.repeat(32)}</SHA256><CODE>E102</CODE><REASON>缺少<![CDATA[受理<单位>]]>𠀀</REASON><TIME>20261123T100000</TIME>`)}<!-- and -->${ack()}`, '<?xml version="1.0" encoding="UTF-8"?>\n');
    expect(read(body)).toEqual({
      ok: true, channel: 'center',
      acknowledgements: [{ messageId: id, level: 'refused', sha256: 'ab'.repeat(32), code: 'E102', reason: '缺少受理<单位>𠀀', at: '20261123T100000' }, { messageId: id, level: 'accepted' }],
    });
  });

  const reason = (text: string): string => xml(ack(`<ID>${id}</ID><LEVEL>refused</LEVEL><REASON>${text}</REASON>`));
  const declared = (encoding: string, text = '镕𠀀'): string => `<?xml version='1.0' encoding='${encoding}'?>\n${reason(text)}`;
  test.each<[string, Buffer, string, string]>([
    ['GB18030 by declaration', iconv.encode(declared('GB18030'), 'gb18030'), 'application/xml', '镕𠀀'],
    ['GBK by declaration', iconv.encode(declared('gbk', '镕'), 'gbk'), 'text/xml', '镕'],
    ['GB18030 by content type', iconv.encode(reason('镕𠀀'), 'gb18030'), 'application/xml; charset="GB18030"', '镕𠀀'],
    ['the declaration before a charset nobody thought about', iconv.encode(declared('GB18030'), 'gb18030'), 'application/xml;charset=utf-8', '镕𠀀'],
    ['a byte order mark before both', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(declared('GB18030'))]), 'application/xml;charset=gbk', '镕𠀀'],
    ['UTF-8 unless told otherwise', Buffer.from(reason('镕𠀀')), 'application/xml', '镕𠀀'],
  ])('%s', (_what, bytes, type, expected) => {
    const document = read(bytes, type);
    expect(document.ok && document.acknowledgements[0]?.reason).toBe(expected);
  });

  test.each<[string, string | Buffer, string[]]>([
    ['nothing', '', ['/ well-formed XML of at most 10 levels']],
    ['cut off', xml().slice(0, -30), ['/:1 well-formed XML of at most 10 levels']],
    ['two roots', xml() + xml(), ['/:1 well-formed XML of at most 10 levels']],
    ['a NUL', xml(ack(`<ID>${id}</ID>\n<LEVEL>accepted\0</LEVEL>`)), ['/:2 no control characters']],
    ['a NUL after the end', `${xml()}\0`, ['/:1 no control characters']],
    ['a forbidden character reference', xml(ack(`<ID>${id}</ID><LEVEL>accepted</LEVEL><REASON>&#0;</REASON>`)), ['/:1 well-formed XML of at most 10 levels']],
    ['a DOCTYPE', xml(ack(), '<?xml version="1.0"?>\n<!-- x --><?p i?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), ['/:3 no DOCTYPE']],
    ['an entity nobody declared', xml(ack(`<ID>${id}</ID><LEVEL>&x;</LEVEL>`)), ['/:1 well-formed XML of at most 10 levels']],
    ['12 levels', '<a>'.repeat(12) + '</a>'.repeat(12), ['/ at most 10 levels']],
    ['300 levels', '<a>'.repeat(300) + '</a>'.repeat(300), ['/:1 well-formed XML of at most 10 levels']],
    ['5001 acknowledgements', xml(ack().repeat(5001)), ['/ACKNOWLEDGEMENTS at most 5000 acknowledgements']],
    ['none', xml(''), ['/ACKNOWLEDGEMENTS:1 here: ACK']],
    ['another root', '<secret-name/>', ['/*:1 the root ACKNOWLEDGEMENTS without a namespace']],
    ['a namespace', xml().replace('CHANNEL', 'xmlns="urn:x" CHANNEL'), ['/*:1 the root ACKNOWLEDGEMENTS without a namespace']],
    ['an element too many', xml(ack(`<ID>${id}</ID><LEVEL>accepted</LEVEL><PHONE>13800000000</PHONE>`)), ['/ACKNOWLEDGEMENTS/ACK/*:1 here: SHA256, CODE, REASON, TIME']],
    ['an attribute too many', xml().replace('<ACK>', '<ACK phone="13800000000">'), ['/ACKNOWLEDGEMENTS/ACK:1 no attribute but CHANNEL of the root']],
    ['an unknown level and a short id', xml(`${ack()}\n${ack(`<ID>${id.slice(1)}</ID><LEVEL>approved</LEVEL>`)}`), ['/ACKNOWLEDGEMENTS/ACK[2]/ID:2 32 hexadecimal digits, the MSGID of the message', '/ACKNOWLEDGEMENTS/ACK[2]/LEVEL:2 picked-up, accepted or refused']],
    ['another channel', xml().replace('center', 'provincial'), ['/ACKNOWLEDGEMENTS/@CHANNEL the channel that the acknowledgements are sent on']],
    ['no channel', xml().replace(' CHANNEL="center"', ''), ['/ACKNOWLEDGEMENTS:1 attribute CHANNEL']],
    ['bytes that are not UTF-8', Buffer.from([...Buffer.from(xml()), 0xff]), ['/ bytes that are UTF-8 throughout']],
    ['bytes that are not GB18030', Buffer.concat([Buffer.from('<?xml version="1.0" encoding="GB18030"?><a>'), Buffer.from([0x81, 0x20]), Buffer.from('</a>')]), ['/ bytes that are GB18030 throughout']],
    ['UTF-16', Buffer.from(`\ufeff${xml()}`, 'utf16le'), ['/ UTF-8, GB18030 or GBK']],
    ['an encoding of its own', `<?xml version="1.0" encoding="EBCDIC"?>${xml()}`, ['/ UTF-8, GB18030 or GBK']],
    ['an encoding named like a property', `<?xml version="1.0" encoding="constructor"?>${xml()}`, ['/ UTF-8, GB18030 or GBK']],
  ])('%s is a fault that names the place', (_what, body, expected) => {
    const found = faults(read(body));
    expect(found).toEqual(expected);
    expect(found.join()).not.toMatch(/13800000000|secret-name|approved/);
  });

  test('billion laughs end before they begin', () => {
    const bomb = `<!DOCTYPE a [<!ENTITY a "ha">${Array.from({ length: 20 }, (_, i) => `<!ENTITY ${'b'.repeat(i + 1)} "${`&${i === 0 ? 'a' : 'b'.repeat(i)};`.repeat(10)}">`).join('')}]>${xml()}`;
    expect(faults(read(bomb))).toEqual(['/:1 no DOCTYPE']);
  });

  test('at most 50 faults are told', () => {
    expect(faults(read(xml(ack('<ID>x</ID><LEVEL>y</LEVEL>').repeat(3000))))).toHaveLength(50);
  });
});

describe('JSON', () => {
  test('a list, or one by itself; what is null or empty is not there', () => {
    const one = { messageId: id, level: 'accepted' };
    expect(json({ channel: 'center', acknowledgements: [{ id, level: 'accepted' }] })).toEqual({ ok: true, channel: 'center', acknowledgements: [one] });
    expect(json({ id, level: 'accepted' })).toEqual({ ok: true, acknowledgements: [one] });
    expect(json({ channel: 'center', id, level: 'accepted', sha256: null, code: '', reason: null, time: '' })).toEqual({ ok: true, channel: 'center', acknowledgements: [one] });
    expect(json({ id, level: 'refused', reason: '行\n二', time: '2026-11-23T10:00:00+08:00' })).toEqual({ ok: true, acknowledgements: [{ messageId: id, level: 'refused', reason: '行\n二', at: '2026-11-23T10:00:00+08:00' }] });
  });

  test.each<[string, unknown, string[]]>([
    ['garbage', '{"id": secret', ['/ well-formed JSON']],
    ['cut off', '{"id":"', ['/ well-formed JSON']],
    ['nothing', '', ['/ well-formed JSON']],
    ['null', 'null', ['/ an object with channel and acknowledgements, or one acknowledgement with id and level, and nothing else']],
    ['a list of nothing', '{"acknowledgements":[]}', ['acknowledgements a list of at least one acknowledgement']],
    ['too deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, ['/:1 at most 10 levels']],
    ['too deep in a member', { id, level: 'accepted', reason: JSON.parse('['.repeat(9) + ']'.repeat(9)) }, ['reason at most 2000 characters without control characters, or nothing']],
    ['5001', { acknowledgements: Array.from({ length: 5001 }, () => ({ id, level: 'accepted' })) }, ['acknowledgements at most 5000 acknowledgements']],
    ['a NUL by escape', { id, level: 'refused', reason: 'a\0b' }, ['reason at most 2000 characters without control characters, or nothing']],
    ['half a character by escape', { id, level: 'refused', code: '\ud800' }, ['code at most 50 characters without control characters, or nothing']],
    ['a number as id', { id: 17, level: 'accepted' }, ['id 32 hexadecimal digits, the MSGID of the message']],
    ['faults of several', { acknowledgements: [{ id, level: 'accepted' }, { id, level: 'ok' }, 7] }, ['acknowledgements[1].level picked-up, accepted or refused', 'acknowledgements[2] an object with id, level and, where known, sha256, code, reason, time, and nothing else']],
    ['a channel that is none', { channel: {}, id, level: 'accepted' }, ['channel the channel that the acknowledgements are sent on']],
    ['another channel', { channel: 'provincial', id, level: 'accepted' }, ['channel the channel that the acknowledgements are sent on']],
    ['a constructor', `{"id":"${id}","level":"accepted","constructor":{"prototype":{"polluted":1}}}`, ['/ an object with id, level and, where known, sha256, code, reason, time, and nothing else']],
    ['a level named like a property', { id, level: 'toString' }, ['level picked-up, accepted or refused']],
    ['a long reason', { id, level: 'refused', reason: '很'.repeat(2001) }, ['reason at most 2000 characters without control characters, or nothing']],
    ['a time that is none', { id, level: 'refused', time: 'yesterday' }, ['time YYYYMMDDThhmmss, YYYYMMDDhhmmss, YYYYMMDDhh:mm:ss or YYYY-MM-DD hh:mm:ss, or nothing']],
  ])('%s is a fault that names the place', (_what, body, expected) => {
    expect(faults(json(body)).map((f) => f.replace(/^\/:1 well/, '/ well'))).toEqual(expected);
  });

  test('a prototype in the text pollutes nothing', () => {
    const document = json(`{"__proto__":{"polluted":1},"id":"${id}","level":"accepted","acknowledgements":{"__proto__":{"polluted":1}}}`);
    expect(document.ok).toBe(false);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

test('other content types are named, not guessed', () => {
  expect(faults(read(xml(), 'text/plain'))).toEqual(['/ application/xml, text/xml, application/json']);
});

test.each<[string[], string, boolean]>([
  [[], '203.0.113.9', true],
  [['192.0.2.0/24'], '192.0.2.77', true],
  [['192.0.2.0/24'], '::ffff:192.0.2.77', true],
  [['192.0.2.0/24'], '192.0.3.1', false],
  [['192.0.2.7'], '192.0.2.8', false],
  [['2001:db8::/32', '192.0.2.7'], '2001:db8:1::5', true],
  [['2001:db8::/32'], 'garbage', false],
])('allowing %j lets %s in: %s', (allow, address, expected) => {
  expect(matchAddress(allow)(address)).toBe(expected);
});

test.each(['192.0.2.0/33', 'center.example', '192.0.2.0/24/1', ''])('%j is no range and stops the start', (entry) => {
  expect(() => matchAddress([entry])).toThrow(/expected an address or a CIDR range/);
});

test('a minute holds its number of requests, and refills evenly', () => {
  let bucket = takeToken(undefined, 0, 60).bucket;
  for (let i = 1; i < 60; i++) bucket = takeToken(bucket, 0, 60).bucket;
  expect(takeToken(bucket, 0, 60).waitSeconds).toBe(1);
  expect(takeToken(bucket, 1000, 60).waitSeconds).toBeUndefined();
  expect(takeToken(bucket, -5000, 60).waitSeconds).toBe(1);
  expect(takeToken({ tokens: 0, atMs: 0 }, 0, 2).waitSeconds).toBe(30);
});

test.each<[string, string, boolean, string]>([
  ['a.xml', '<a/>\n', true, 'application/xml'],
  ['a.XML', '<a><b', false, 'application/xml'],
  ['a.json', '{"a":1} \n', true, 'application/json'],
  ['a.json', '{"a":1', false, 'application/json'],
  ['a.xml', '', false, 'application/xml'],
  ['a.zip', 'PK', true, 'application/octet-stream'],
])('%s with %j looks whole: %s', (name, text, looksWhole, contentType) => {
  expect(judgeFile(name, Buffer.from(text))).toEqual({ contentType, looksWhole });
});
