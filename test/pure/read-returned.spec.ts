import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import iconv from 'iconv-lite';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { returnOutcomes, type ReturnOutcome } from '../../src/domain/return-outcomes.js';
import { countBytes } from '../../src/reconciliation/count-bytes.js';
import { nameReceipt, type JudgedFile } from '../../src/domain/returned-file.js';
import { judgeReturned } from '../../src/reconciliation/judge-returned.js';
import { loadReturnMappings } from '../../src/reconciliation/load-return-mappings.adapter.js';
import { writeReceipt } from '../../src/reconciliation/write-receipt.js';

const dir = path.resolve('mappings');
const messages = ['center/return/fee-record', 'center/return/tax-record', 'center/return/control'];
const { mappings, faults } = loadReturnMappings(dir, [{ channel: 'center', returns: { messages, files: true } }]);
const center = mappings.get('center')!;
const sample = (kind: string, name: string): Buffer => readFileSync(path.join(dir, 'center/return', kind, 'samples', name));
const feeName = 'fee-20261120-430900001-001.1.xml';
const taxName = 'tax-20261120-14309000000-001.1.xml';
const fee = sample('fee-record', feeName);
const tax = sample('tax-record', taxName);
const control = sample('control', 'control-20261120.1.xml');
const judge = (bytes: Uint8Array, name: string | undefined = undefined, charset = ''): JudgedFile => judgeReturned(bytes, charset, name, center);
const changed = (bytes: Buffer, ...changes: readonly (readonly [string, string])[]): Buffer =>
  Buffer.from(changes.reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, bytes.toString('utf8')));

test('the mappings of the repository compile', () => {
  expect(faults).toEqual([]);
  expect(center.map((m) => m.kind)).toEqual(['fees', 'taxes', 'control']);
});

describe('golden samples', () => {
  test('fee records, in both encodings, with characters of four bytes', () => {
    const read = judge(fee, feeName);
    if (!read.ok) throw new Error(JSON.stringify(read));
    expect(read.contents).toMatchObject({ message: 'fee-record', fileId: 'fee-20261120-430900001-001', issue: 1, day: '2026-11-20', count: 5 });
    expect(read.contents.fees![0]).toEqual({
      serial: 'JK2026112000001', paymentCode: '43090020261120000101', caseNo: 'YY-2026-000101', unitCode: '430900001', amountFen: 10_000n, day: '2026-11-20', paidAt: '20261120T091500', payer: '㛃𠅤䶮', method: 'mobile',
      status: 'paid', originalSerial: undefined,
      lines: [{ feeItemCode: 'GT0101', feeItemName: '不动产登记费', amountFen: 8_000n }, { feeItemCode: 'GT0103', feeItemName: '证书工本费', amountFen: 2_000n }],
    });
    expect(read.contents.fees!.map((f) => [f.status, f.originalSerial, f.caseNo, f.paymentCode === undefined])).toEqual([
      ['paid', undefined, 'YY-2026-000101', false], ['paid', undefined, 'YY-2026-000102', false], ['paid', undefined, undefined, true],
      ['reversed', 'JK2026112000003', undefined, true], ['refunded', 'JK2026110300009', 'YY-2026-000077', true],
    ]);
    const gb = judge(sample('fee-record', 'fee-20261120-430900001-001.1.gb18030.xml'), feeName);
    expect(gb).toEqual(read);
  });

  test('tax records: several slips of one contract, parties and kinds in the words of the house', () => {
    const read = judge(tax, taxName);
    if (!read.ok) throw new Error(JSON.stringify(read));
    expect(read.contents.taxes!.map((t) => [t.ticketNo, t.contractNo, t.caseNo, t.taxKind, t.party, t.paidFen, t.status, t.originalTicketNo])).toEqual([
      ['343096261100000011', 'YYHT-2026-0318', 'YY-2026-000201', '增值税', 'transferor', 4_500_000n, 'paid', undefined],
      ['343096261100000012', 'YYHT-2026-0318', 'YY-2026-000201', '契税', 'transferee', 180_000n, 'paid', undefined],
      ['343096261100000013', undefined, 'YY-2026-000202', '印花税', 'transferee', 45_000n, 'paid', undefined],
      ['343096261100000013', undefined, 'YY-2026-000202', '印花税', 'transferee', 45_000n, 'reversed', '343096261100000013'],
    ]);
    expect(read.contents.taxes![0]).toMatchObject({ authorityCode: '14309000000', taxpayerNo: '91430900MA4SAMPLE1', taxableFen: 90_000_000n, dueFen: 4_500_000n, day: '2026-11-20', paidAt: '20261120T094500' });
    expect(judge(sample('tax-record', 'tax-20261120-14309000000-001.1.gb18030.xml'), taxName)).toEqual(read);
  });

  test('the control file', () => {
    const read = judge(control, 'control-20261120.1.xml');
    if (!read.ok) throw new Error(JSON.stringify(read));
    expect(read.contents.control).toMatchObject({
      day: '2026-11-20', issue: 1, fees: { count: 3, amountFen: 73_000n, reversedCount: 1, reversedFen: 8_000n, refundCount: 1, refundFen: 55_050n }, taxes: { count: 3, amountFen: 4_725_000n, refundCount: 1, refundFen: 45_000n },
    });
    expect(read.contents.control!.files).toMatchObject([{ fileName: feeName, size: fee.length, count: 5 }, { fileName: taxName, size: tax.length, count: 4 }]);
  });
});

const tooLong = '益'.repeat(67);
const gb = (text: string): Buffer => iconv.encode(text.replace('encoding="UTF-8"', 'encoding="GB18030"'), 'gb18030');

describe('every bad input has its outcome, with element and line and without the value', () => {
  test.each<[string, Uint8Array, ReturnOutcome, { path: string; line?: number; expected?: string }]>([
    ['cut off inside a record', fee.subarray(0, 1500), 'truncated', { path: '/' }],
    ['cut off inside a character', fee.subarray(0, fee.indexOf('不动产') + 1), 'truncated', { path: '/' }],
    ['cut off inside a GB18030 character of four bytes', (() => { const all = gb(fee.toString()); return all.subarray(0, all.indexOf(iconv.encode('𠅤', 'gb18030')) + 3); })(), 'truncated', { path: '/' }],
    ['cut off before the last tag', fee.subarray(0, fee.length - 12), 'truncated', { path: '/', line: 77 }],
    ['empty', Buffer.alloc(0), 'truncated', { path: '/' }],
    ['GBK bytes that say UTF-8', iconv.encode(fee.toString(), 'gb18030'), 'encoding', { path: '/' }],
    ['an encoding nobody agreed on', changed(fee, ['encoding="UTF-8"', 'encoding="Big5"']), 'encoding', { path: '/' }],
    ['UTF-16', Buffer.from(`\ufeff${fee.toString()}`, 'utf16le'), 'encoding', { path: '/' }],
    ['a tag that does not fit', changed(fee, ['</JFMX>', '</JFMY>']), 'not-xml', { path: '/', line: 32 }],
    ['a DOCTYPE', changed(fee, ['<JFJLWJ>', '<!DOCTYPE JFJLWJ [<!ENTITY a "b">]><JFJLWJ>']), 'not-xml', { path: '/', line: 2 }],
    ['not XML', Buffer.from('JKDH,JE\n1,80\n'), 'not-xml', { path: '/' }],
    ['another root', Buffer.from('<QITA/>'), 'unknown-kind', { path: '/', line: 1 }],
    ['an unknown element', changed(fee, ['<FKR>', '<XM>x</XM><FKR>']), 'schema', { path: 'JFJL[1]/*', line: 24 }],
    ['a missing element', changed(fee, ['<JFSJ>20261120T101500</JFSJ>', '']), 'schema', { path: 'JFJL[2]/ZT', line: 42, expected: 'here: JFSJ' }],
    ['an amount with three decimals', changed(fee, ['<JE>550</JE>', '<JE>550.125</JE>']), 'schema', { path: 'JFJL[2]/JE', line: 43 }],
    ['a negative amount', changed(fee, ['<JE>550</JE>', '<JE>-550</JE>']), 'schema', { path: 'JFJL[2]/JE', line: 43 }],
    ['a name with too many bytes', changed(fee, ['益阳样例置业有限公司', tooLong]), 'too-long', { path: 'JFJL[2]/FKR', line: 39, expected: 'at most 200 bytes in UTF-8' }],
    ['a day no calendar has', changed(fee, ['<KJRQ>20261120', '<KJRQ>20261131']), 'value-unreadable', { path: 'HEAD/KJRQ', line: 7 }],
    ['a payment code of another length', changed(fee, ['43090020261120000101', '4309002026112000010']), 'value-unreadable', { path: 'JFJL[1]/JKM', line: 21 }],
    ['a unit that is not the file’s', changed(fee, ['<ZXDWBM>430900001</ZXDWBM>\n    <FKR>', '<ZXDWBM>430900002</ZXDWBM>\n    <FKR>']), 'value-unreadable', { path: 'JFJL[1]' }],
    ['a reversal of nothing', changed(fee, ['<YJKDH>JK2026112000003</YJKDH>', '']), 'value-unreadable', { path: 'JFJL[4]' }],
    ['an unknown status', changed(fee, ['<ZT>1</ZT>', '<ZT>7</ZT>']), 'unknown-code', { path: 'JFJL[1]/ZT', line: 27 }],
    ['an unknown tax kind', changed(tax, ['10119', '10120']), 'unknown-code', { path: 'HT[1]/SP[2]/ZSXMDM', line: 37 }],
    ['another name than its head says', fee, 'file-name', { path: '/' }],
    ['a wrong count', changed(fee, ['<BS>3</BS>', '<BS>4</BS>']), 'wrong-count', { path: 'ZS/BS' }],
    ['a wrong total', changed(fee, ['<JE>730.00</JE>', '<JE>730.01</JE>']), 'wrong-total', { path: 'ZS/JE' }],
    ['wrong refunds', changed(fee, ['<TFJE>550.5</TFJE>', '<TFJE>550</TFJE>']), 'wrong-total', { path: 'ZS/TFJE' }],
    ['items that do not add up', changed(fee, ['<JE>20</JE>', '<JE>10</JE>']), 'wrong-total', { path: 'JFJL[1]', line: 19 }],
    ['a number twice', changed(fee, ['JK2026112000002', 'JK2026112000001']), 'repeated-number', { path: 'JFJL[2]' }],
    ['a contract that does not add up', changed(tax, ['<HJSE>46800.00', '<HJSE>46800.01']), 'wrong-total', { path: 'HT[1]' }],
    ['a wrong count of slips', changed(tax, ['<TFBS>1', '<TFBS>0']), 'wrong-count', { path: 'ZS/TFBS' }],
    ['a control file whose counts do not add up', changed(control, ['<BS>5</BS>', '<BS>6</BS>']), 'wrong-count', { path: 'JF/BS' }],
    ['a control file that lists a file twice', changed(control, [taxName, feeName]), 'repeated-number', { path: 'WJLIST/WJ[2]' }],
  ])('%s', (what, bytes, outcome, fault) => {
    const name = what === 'another name than its head says' ? 'fee-20261120-430900001-001.2.xml' : undefined;
    const judged = judge(bytes, name);
    expect(judged).toMatchObject({ ok: false, outcome });
    if (judged.ok) return;
    expect(judged.faults[0]).toMatchObject(fault);
    expect(returnOutcomes[outcome].taken).toBe(false);
    expect(JSON.stringify(judged.faults)).not.toMatch(/益阳|550\.125|JK2026|43090020/);
  });

  test('lengths are counted in the bytes of the file', () => {
    // 67 characters are 201 bytes of UTF-8 and 134 of GB18030; 51 of four bytes are 204 in both.
    expect(judge(gb(changed(fee, ['益阳样例置业有限公司', tooLong]).toString())).ok).toBe(true);
    expect(judge(gb(changed(fee, ['益阳样例置业有限公司', '𠅤'.repeat(51)]).toString()))).toMatchObject({ outcome: 'too-long', faults: [{ path: 'JFJL[2]/FKR', expected: 'at most 200 bytes in GB18030' }] });
    for (const text of ['a1-', '益阳㛃𠅤䶮', 'é€']) expect(countBytes(text, 'gb18030')).toBe(iconv.encode(text, 'gb18030').length);
    expect(countBytes('\u9fb4', 'gb18030')).toBe(2);
  });

  test('a file without records is a file', () => {
    const empty = changed(fee, ['<BS>3</BS>', '<BS>0</BS>'], ['<JE>730.00</JE>', '<JE>0</JE>'], ['<CZBS>1', '<CZBS>0'], ['<CZJE>80.00', '<CZJE>0.00'], ['<TFBS>1', '<TFBS>0'], ['<TFJE>550.5', '<TFJE>0']).toString().replace(/<JFJL>[^]*<\/JFJL>/, '');
    expect(judge(Buffer.from(empty))).toMatchObject({ ok: true, contents: { count: 0, fees: [] } });
  });

  test('the charset of a content type counts only where the document names none', () => {
    const bare = iconv.encode(fee.toString().replace(/^<\?xml[^>]*\?>\n/, ''), 'gb18030');
    expect(judge(bare, feeName, 'gbk').ok).toBe(true);
    expect(judge(fee, feeName, 'gbk').ok).toBe(true);
  });
});

describe('receipts', () => {
  const xsd = XsdValidator.fromDoc(XmlDocument.fromString(readFileSync(path.join(dir, 'center/return/receipt/receipt.xsd'), 'utf8')));
  test.each(Object.keys(returnOutcomes) as ReturnOutcome[])('%s fits receipt.xsd and is the same every time', (outcome) => {
    const facts = {
      channel: 'center', fileName: 'fee & <1>.xml', size: 12, sha256: 'a'.repeat(64), fileId: undefined, issue: undefined, outcome, records: returnOutcomes[outcome].taken ? 3 : undefined,
      faults: [{ path: 'JFJL[1]/JE', line: 3, expected: 'a < b' }, { path: '/', expected: 'x' }], judgedAt: '2026-11-20T10:30:00.000Z',
    };
    const bytes = writeReceipt(facts);
    expect(writeReceipt(facts).equals(bytes)).toBe(true);
    const document = XmlDocument.fromString(bytes.toString('utf8'));
    xsd.validate(document);
    expect(document.get('/WJHZ/SJ')?.content).toBe('20261120T183000');
    expect(document.get('/WJHZ/JG')?.content).toBe(returnOutcomes[outcome].taken ? 'accepted' : 'refused');
    document.dispose();
  });
  test('have plain names whatever the file was called', () => {
    expect(nameReceipt('收费/..\u0000 1.xml', 'ab'.repeat(32), 2, 'accepted')).toMatch(/^[0-9A-Za-z_.-]+\.abababababab\.2\.accepted\.receipt\.xml$/);
    expect(nameReceipt(feeName, 'ab'.repeat(32), 1, 'wrong-count')).toBe('fee-20261120-430900001-001_1.abababababab.1.wrong-count.receipt.xml');
  });
});

describe('a wrong mapping is told with file, line and key', () => {
  let copy: string;
  beforeEach(() => {
    copy = mkdtempSync(path.join(os.tmpdir(), 'gw-return-'));
    cpSync(path.join(dir, 'center', 'return'), path.join(copy, 'center', 'return'), { recursive: true });
  });
  afterEach(() => rmSync(copy, { recursive: true, force: true }));
  test.each<[string, string, string, string, { line: number; key: string; expected: string }]>([
    ['an unknown target', 'fee-record/mapping.yaml', 'to: serial,', 'to: serialNo,', { line: 22, key: 'lists.records.fields[0].to', expected: "'serialNo' is none" }],
    ['an element that the XSD does not have', 'fee-record/mapping.yaml', 'from: JKDH', 'from: JKDX', { line: 22, key: 'lists.records.fields[0].from', expected: "'JKDX' is none" }],
    ['a list that is not there', 'fee-record/mapping.yaml', 'codes: payment-status', 'codes: status', { line: 30, key: 'lists.records.fields[8].codes', expected: 'codes/status.csv' }],
    ['a code that leads nowhere', 'codes/payment-status.csv', '2,reversed', '2,undone', { line: 30, key: 'lists.records.fields[8].codes', expected: 'line 3 of the list' }],
    ['a pattern that is none', 'fee-record/mapping.yaml', '"[0-9]{20}"', '"[0-9"', { line: 23, key: 'lists.records.fields[1].pattern', expected: 'a regular expression' }],
    ['an unknown key', 'control/mapping.yaml', 'kind: control', 'kind: control\nsort: 1', { line: 5, key: 'sort', expected: '' }],
  ])('%s', (_, file, from, to, fault) => {
    const full = path.join(copy, 'center', 'return', file);
    const text = readFileSync(full, 'utf8');
    expect(text).toContain(from);
    writeFileSync(full, text.replace(from, to));
    const found = loadReturnMappings(copy, [{ channel: 'center', returns: { messages, files: true } }]).faults;
    expect(found).toContainEqual({ file: expect.stringContaining('mapping.yaml'), line: fault.line, key: fault.key, expected: expect.stringContaining(fault.expected) });
  });
});
