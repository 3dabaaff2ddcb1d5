import { describe, expect, test } from '@jest/globals';
import { bucketSeries } from '../../src/ops/bucket-series.js';
import { checkPassword } from '../../src/ops/check-password.js';
import { compareLeaves } from '../../src/ops/exchanges/compare-leaves.js';
import { judgeChannel, judgeLight } from '../../src/ops/judge-light.js';
import { maskSnapshot, maskText, personalValues } from '../../src/domain/mask-personal.js';

describe('masking', () => {
  const snapshot = {
    stream: 'case', caseNo: 'C1', case: { item_name: '宅基地审批', project_name: '诸葛亮<隆中>的住宅', remark: '电话 13807310001, 证件 43010219900101123X', query_password: 'abc' },
    children: { applicants: [{ name: '诸葛亮<隆中>', cert_no: '430102199001011234', phone: '0731-8888 1234', address: '长沙市', kind: 'P' }] },
  };
  test('hides who it is and leaves what the case is', () => {
    expect(maskSnapshot(snapshot, false)).toEqual({
      case: { item_name: '宅基地审批', project_name: '诸＊＊＊＊＊＊的住宅', remark: '电话 138＊＊＊＊＊＊01, 证件 430＊＊＊＊＊＊＊＊＊＊＊＊＊3X', query_password: '＊＊＊＊＊＊' },
      children: { applicants: [{ name: '诸＊＊＊＊＊＊', cert_no: '430＊＊＊＊＊＊＊＊＊＊＊＊＊34', phone: '073＊＊＊＊＊＊＊＊＊34', address: '长＊＊', kind: 'P' }] },
    });
  });
  test('shows it when it is asked for, but no secret', () => {
    const open = maskSnapshot(snapshot, true);
    expect(open.children).toEqual(snapshot.children);
    expect(open.case['query_password']).toBe('＊＊＊＊＊＊');
  });
  test('finds the values as XML writes them', () => {
    const masked = maskText('<A N="诸葛亮&lt;隆中&gt;">诸葛亮&lt;隆中&gt; 073188881234 430102199001011234</A>', personalValues(snapshot));
    expect(masked).not.toMatch(/葛亮|隆中|88881234|19900101/);
    expect(masked).toMatch(/^<A N="[^"<]+">[^<]+<\/A>$/);
  });
  test('leaves numbers that are no persons', () => {
    for (const text of ['YYGT202611000123', '20261124T101010', '1234567', '2026-11-24 10:00:00.000', 'a'.repeat(64)]) expect(maskText(text, [])).toBe(text);
  });
});

test.each([
  ['correct horse battery', undefined], ['kurz', '12 characters'], ['x'.repeat(200), 'at most 128'], ['li.na is a good name', 'name of its user'], ['abababababababab', 'different'], ['Password12345678', 'tried first'], ['qwerty password', 'tried first'],
])('password %s', (next, why) => {
  if (why === undefined) expect(checkPassword(next, 'li.na', 'old')).toBeUndefined();
  else expect(checkPassword(next, 'li.na', 'old')).toContain(why);
});

test('two versions are compared leaf by leaf', () => {
  expect(compareLeaves('<A x="1"><B>1</B><B>2</B><C>gone</C></A>', '<A x="2"><B>1</B><B>3</B><D>new</D></A>')).toEqual(
    expect.arrayContaining([{ path: '/A/@x', before: '1', after: '2' }, { path: '/A/B[2]', before: '2', after: '3' }, { path: '/A/D', before: undefined, after: 'new' }, { path: '/A/C', before: 'gone', after: undefined }]));
  expect(compareLeaves('<A>1</A>', '<A>1</A>')).toEqual([]);
});

test('a light is as bad as its worst reason', () => {
  const calm = { parked: 0, refused: 0, held: 0, carried: false, mirror: 0, odd: 0, alarms: [] };
  expect(judgeLight(judgeChannel(calm))).toBe('green');
  expect(judgeLight(judgeChannel({ ...calm, parked: 2 }))).toBe('yellow');
  const bad = judgeChannel({ ...calm, parked: 2, breaker: { code: 'staging-full' }, alarms: [{ severity: 'warning', text: 'x', remedy: 'y' }] });
  expect([judgeLight(bad), bad[0]!.code, bad.length]).toEqual(['red', 'breaker-open', 3]);
});

test('buckets leave none out and put a latency where its answer came', () => {
  const series = bucketSeries(
    [{ capturedAt: '2026-11-24T00:00:10.000Z', answeredAt: '2026-11-24T00:01:10.000Z', state: 'accepted' }, { capturedAt: '2026-11-23T00:00:00.000Z', answeredAt: '2026-11-24T00:02:00.000Z', state: 'refused' }, { capturedAt: '2026-11-24T00:02:59.999Z', state: 'captured' }],
    Date.parse('2026-11-24T00:02:59.999Z'), 60_000, 3);
  expect(series).toEqual([
    { at: '2026-11-24T00:00:00.000Z', captured: 1, accepted: 0, refused: 0 }, { at: '2026-11-24T00:01:00.000Z', captured: 0, accepted: 1, refused: 0, latencyP50Ms: 60_000, latencyP95Ms: 60_000 },
    { at: '2026-11-24T00:02:00.000Z', captured: 1, accepted: 0, refused: 1, latencyP50Ms: 86_520_000, latencyP95Ms: 86_520_000 },
  ]);
});
