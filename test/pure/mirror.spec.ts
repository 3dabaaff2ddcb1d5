import { checkHashList, decodeHashList } from '../../src/delivery/check-hash-list.js';
import { compareMirror, tellMisread, unknownFiles, verifiableFiles, type LedgerFile, type MirrorView } from '../../src/delivery/compare-mirror.js';
import { writeHashList, writePackageReadme } from '../../src/delivery/write-hand-over.js';
import { parseMoment } from '../../src/cli/parse-moment.js';
import { exchangeStates, nextState, throughStates, type ExchangeState } from '../../src/domain/exchange-states.js';
import { planCancel } from '../../src/ledger/plan-cancel.js';
import { describeReplay, planReplay } from '../../src/ledger/plan-replay.js';
import { finalNameOf, temporaryName } from '../../src/platform/staging/name-staged-file.js';

const hash = (c: string): string => c.repeat(64);
const file = (over: Partial<LedgerFile> = {}): LedgerFile => ({ name: 'a.xml', exchangeId: '1', state: 'staged', manifestSeq: '1', size: 10, sha256: hash('a'), sinceMs: 0, ...over });
const view = (over: Partial<MirrorView> = {}): MirrorView => ({
  outboxDir: 'in', manifestDir: 'manifest', outbox: [], manifests: [], files: [], ledgerManifests: [], archive: new Map(), hashes: new Map(), byHash: new Map(), nowMs: 1_000, overdueMs: 500, ...over,
});
const listed = (name: string, size = 10) => ({ name, size, mtimeMs: 1 });
const kinds = (v: MirrorView): string[] => compareMirror(v).map((f) => `${f.kind} ${f.directory}/${f.name}`);

describe('comparing the outbox', () => {
  it.each<[string, Partial<MirrorView>, string[]]>([
    ['whole', { files: [file()], outbox: [listed('a.xml')] }, []],
    ['whole by hash', { files: [file()], outbox: [listed('a.xml')], hashes: new Map([['in/a.xml', hash('a')]]) }, []],
    ['other size', { files: [file()], outbox: [listed('a.xml', 9)] }, ['altered in/a.xml']],
    ['other content', { files: [file()], outbox: [listed('a.xml')], hashes: new Map([['in/a.xml', hash('b')]]) }, ['altered in/a.xml']],
    ['bytes pruned', { files: [file({ size: undefined, sha256: undefined })], outbox: [listed('a.xml', 3)] }, []],
    ['gone', { files: [file()] }, ['missing in/a.xml']],
    ['taken', { files: [file()], archive: new Map([['a.xml', [10]]]) }, []],
    ['taken otherwise', { files: [file()], archive: new Map([['a.xml', [4]]]) }, ['missing in/a.xml']],
    ['gone, no archive, young', { files: [file({ sinceMs: 900 })], archive: undefined }, []],
    ['gone, no archive, old', { files: [file()], archive: undefined }, ['missing in/a.xml']],
    ['gone, no archive, seen so before', { files: [file({ sinceMs: 900 })], archive: undefined, absentBefore: new Set(['a.xml']) }, ['missing in/a.xml']],
    ['not listable', { files: [file()], outbox: undefined }, []],
    ['renamed', { files: [file()], outbox: [listed('b.xml')], hashes: new Map([['in/b.xml', hash('a')]]) }, ['missing in/a.xml', 'renamed in/b.xml']],
    ['doubled', { files: [file()], outbox: [listed('a.xml'), listed('b.xml')], hashes: new Map([['in/b.xml', hash('a')]]) }, ['doubled in/b.xml']],
    ['a copy of what was taken long ago', { outbox: [listed('b.xml')], hashes: new Map([['in/b.xml', hash('c')]]), byHash: new Map([[hash('c'), { exchangeId: '9', name: 'c.xml' }]]) }, ['doubled in/b.xml']],
    ['foreign', { outbox: [listed('b.xml')] }, ['foreign in/b.xml']],
    ['answered and changed: the receiver may', { files: [file({ state: 'accepted' })], outbox: [listed('a.xml', 1)] }, []],
    ['being delivered', { files: [file({ state: 'rendered' })], outbox: [listed('a.xml', 1)] }, []],
    ['cancelled, never listed', { files: [file({ state: 'cancelled', manifestSeq: undefined })], outbox: [listed('a.xml')] }, ['unlisted in/a.xml']],
    ['parked for a foreign file of its name', { files: [file({ state: 'parked', manifestSeq: undefined })], outbox: [listed('a.xml', 3)] }, ['altered in/a.xml']],
  ])('%s', (_what, over, expected) => {
    expect(kinds(view(over))).toEqual(expected);
  });
});

test('what the receiver read otherwise is told once: not where the look has told of the exchange', () => {
  const of = (exchangeId: string, level: string, code?: string) => ({ exchangeId, fileName: `${exchangeId}.xml`, manifestSeq: '1', level, code, sha256: hash('b') });
  const findings = tellMisread('in', [of('1', 'refused', '902'), of('2', 'refused', '902'), of('2', 'accepted')], [{ kind: 'missing', directory: 'in', name: '1.xml', exchangeId: '1', detail: '' }]);
  expect(findings).toEqual([{ kind: 'misread', directory: 'in', name: '2.xml', exchangeId: '2', manifestSeq: '1', sha256: hash('b'), detail: `what was read has SHA-256 ${hash('b')}: refused (902), accepted` }]);
});

describe('comparing manifests', () => {
  const m = (over = {}) => ({ seq: '1', name: 'M0000000001.xml', sha256: hash('d'), stagedMs: 800, waiting: 3, ...over });
  const there = listed('M0000000001.xml');
  it.each<[string, Partial<MirrorView>, string[]]>([
    ['waits', { ledgerManifests: [m()], manifests: [there] }, []],
    ['overdue', { ledgerManifests: [m({ stagedMs: 0 })], manifests: [there] }, ['overdue manifest/M0000000001.xml']],
    ['answered', { ledgerManifests: [m({ stagedMs: 0, waiting: 0 })], manifests: [there] }, []],
    ['gone', { ledgerManifests: [m()] }, ['missing manifest/M0000000001.xml']],
    ['gone and answered', { ledgerManifests: [m({ waiting: 0 })] }, []],
    ['taken', { ledgerManifests: [m()], archive: new Map([['M0000000001.xml', [7]]]) }, []],
    ['altered', { ledgerManifests: [m()], manifests: [there], hashes: new Map([['manifest/M0000000001.xml', hash('e')]]) }, ['altered manifest/M0000000001.xml']],
    ['copied', { ledgerManifests: [m()], manifests: [there, listed('copy')], hashes: new Map([['manifest/copy', hash('d')]]) }, ['doubled manifest/copy']],
    ['foreign', { manifests: [listed('M0000000077.xml')] }, ['foreign manifest/M0000000077.xml']],
  ])('%s', (_what, over, expected) => {
    expect(kinds(view(over))).toEqual(expected);
  });

  it('reads foreign files and those of ours whose size is right', () => {
    const v = view({ files: [file(), file({ name: 'b.xml' })], outbox: [listed('a.xml'), listed('b.xml', 1), listed('x')], ledgerManifests: [m()], manifests: [there, listed('y')] });
    expect(unknownFiles(v).map((u) => u.file.name)).toEqual(['x', 'y']);
    expect(verifiableFiles(v).map((u) => u.file.name)).toEqual(['M0000000001.xml', 'a.xml']);
  });
});

describe('hashes of the receiving side', () => {
  const files = [{ path: 'in/a.xml', sha256: hash('a') }, { path: 'manifest/M1.xml', sha256: hash('b') }];
  const check = (text: string) => checkHashList(text, files);
  it('reads what sha256sum, PowerShell and certutil-like lists write', () => {
    expect(check(writeHashList(files))).toEqual({ matching: 2, differing: [], missing: [], others: 0, unreadable: [] });
    expect(check(`# note\r\n${hash('A')} *D:\\x\\in\\a.xml\r\n${hash('b')}  ./manifest/M1.xml\r\n\r\n`)).toMatchObject({ matching: 2, differing: [], missing: [] });
    expect(decodeHashList(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('ab', 'utf16le')]))).toBe('ab');
    expect(decodeHashList(Buffer.from('\uFEFFab'))).toBe('ab');
  });
  it('names what differs, what is missing, what it cannot read', () => {
    expect(check(`${hash('c')}  in/a.xml\nnonsense\n${hash('d')}  in/other`)).toEqual({
      matching: 0, differing: [{ path: 'in/a.xml', expected: hash('a'), received: hash('c') }], missing: ['manifest/M1.xml'], others: 1, unreadable: [2],
    });
    // one name twice: both have to match
    expect(check(`${hash('a')}  in/a.xml\n${hash('c')}  elsewhere/a.xml\n${hash('b')}  M1.xml`).differing.length).toBe(1);
  });
  it('tells the receiving side in both languages what to do', () => {
    const text = writePackageReadme({ id: 'center-1', title: '市政务中心', channel: 'center', outboxDir: 'in', manifestDir: 'manifest', manifests: ['7', '8'], messages: 3, files: 5 });
    expect(text.startsWith('\uFEFF数据包 center-1')).toBe(true);
    expect(text).toContain('清单 7、8');
    expect(text).toContain('Get-FileHash');
    expect(text.split('\n').every((l) => l === '' || l.endsWith('\r') || text.endsWith(l))).toBe(true);
  });
});

describe('plans', () => {
  it('sends again exactly from where resend leads', () => {
    const retry = { action: 'none', why: 'w' } as const;
    const actions = Object.fromEntries(exchangeStates.map((state) => [state, planReplay({ state, retry }).action]));
    expect(actions).toEqual({ captured: 'ring', rendered: 'ring', staged: 'resend', picked_up: 'resend', accepted: 'none', refused: 'none', parked: 'none', held: 'none', superseded: 'none', cancelled: 'none' });
    for (const state of exchangeStates) expect(nextState(state, 'resend')).toBe(actions[state] === 'resend' ? 'rendered' : undefined);
    // what goes back is not through: nothing of its lane overtakes it
    for (const rule of ['accepted', 'staged'] as const) expect(throughStates(rule)).not.toContain('rendered');
    expect(describeReplay(planReplay({ state: 'staged', retry, newerSent: { id: '9', version: 2 } }))).toContain('version 2 of the same event was sent after it (exchange 9)');
    expect(describeReplay(planReplay({ state: 'parked', retry: { action: 'return', to: 'rendered' } }))).toBe('back to rendered');
  });
  it.each<[ExchangeState, Partial<Parameters<typeof planCancel>[0]>, string]>([
    ['captured', {}, 'cancel'], ['rendered', {}, 'cancel'], ['parked', {}, 'cancel'], ['refused', { tried: true, manifest: 'staged' }, 'cancel'],
    ['rendered', { claimed: true }, 'none'], ['rendered', { manifest: 'prepared' }, 'none'], ['rendered', { manifest: 'carried' }, 'none'],
    ['staged', {}, 'none'], ['picked_up', {}, 'none'], ['accepted', {}, 'none'], ['superseded', {}, 'none'], ['cancelled', {}, 'none'],
  ])('cancel of %s %j: %s', (state, over, action) => {
    expect(planCancel({ state, tried: false, claimed: false, ...over }).action).toBe(action);
  });
  it('says when a file may be left behind', () => {
    expect(planCancel({ state: 'rendered', tried: true, claimed: false })).toMatchObject({ action: 'cancel', notice: expect.stringContaining('staging machine') });
  });
});

it.each([
  ['2026-11-23', '2026-11-22T16:00:00.000Z'], ['2026-11-23 09:30', '2026-11-23T01:30:00.000Z'], ['2026-11-23T09:30:15', '2026-11-23T01:30:15.000Z'], ['2026-11-23T09:30Z', '2026-11-23T09:30:00.000Z'],
  ['2026-11-23T09:30:00+09:00', '2026-11-23T00:30:00.000Z'], ['2026-02-31', undefined], ['2026-13-01', undefined], ['2026-11-23 25:00', undefined], ['23.11.2026', undefined], ['', undefined], ['2026-11-23Z', undefined],
])('moment %s', (text, expected) => {
  expect(parseMoment(text)).toBe(expected);
});

it('knows the name that a temporary file was to get', () => {
  expect(finalNameOf(temporaryName('a.b.xml', '0123456789ab'))).toBe('a.b.xml');
  expect(finalNameOf('.a.xml.part')).toBeUndefined();
});
