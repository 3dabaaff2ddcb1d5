import { alarmKinds, type AlarmKind } from '../../src/domain/alarm-kinds.js';
import { alarmWords, type AlarmWords } from '../../src/domain/alarm-words.js';
import { formatDurationZh } from '../../src/domain/format-duration.js';

const hour = 3_600_000;
const silence = { channel: 'center', count: 3, forMs: 26 * hour, withinMs: 4 * hour };
const found = { count: 12, shown: [{ en: 'refund R1', zh: '退付 R1' }] };
const card = { level: 'yellow', body: 'hunan', caseNo: 'C1', object: 'case', sequence: '1', itemCode: 'DJ05', used: 8, limits: '7 W committed' };

/** Every kind with facts as its producers give them, each way of saying it once. A kind that is missing here does not compile. */
const samples: { readonly [K in AlarmKind]: readonly Parameters<(typeof alarmWords)[K]>[] } = {
  'capture-silent': [[{ stream: 'case', forMs: hour, withinMs: hour }]],
  'pick-up-silent': [[silence]],
  'acknowledgement-silent': [[{ ...silence, count: 1 }]],
  'return-files-silent': [[{ channel: 'center', forMs: hour, withinMs: hour }]],
  'oldest-due': [[{ channel: 'center', count: 1, forMs: hour }]],
  'lanes-blocked': [[{ channel: 'center', count: 5 }], [{ channel: 'center', count: 5, forMs: hour }]],
  'breaker-open': [[{ channel: 'center' }], [{ channel: 'center', forMs: hour, code: 'staging-login' }]],
  'channel-paused': [[{ channel: 'center', forMs: hour, carried: false }], [{ channel: 'center', forMs: hour, carried: true }]],
  'stream-fault': [[{ stream: 'case', forMs: hour, code: 'bureau-unreachable' }]],
  'polling-stopped': [[{ stream: 'case' }], [{ stream: 'case', agoMs: hour }]],
  'watermark-standing': [[{ stream: 'case', forMs: hour }]],
  'disk-low': [[{ host: 'h', path: '/data', problem: 'ENOENT' }], [{ host: 'h', path: '/data', freeMiB: 12, percent: '1.0', minFreeMiB: 100, minFreePercent: 5 }]],
  'ledger-large': [[{ sizeMiB: 12, maxMiB: 10 }]],
  'ledger-unfit': [[{ faults: ['fsync-off', 'commits-not-awaited'] }], [{ faults: ['commits-delayed', 'reads-many-moments'] }]],
  'queue-unreachable': [[{ problem: 'ECONNREFUSED' }]],
  'queue-volatile': [[{ faults: ['appendonly no', 'maxmemory-policy allkeys-lru'] }]],
  'queue-emptied': [[]],
  'calendar-year-missing': [[{ year: 2027, now: false }], [{ year: 2026, now: true }]],
  'mirror-findings': [[{ channel: 'center', kind: 'half-written', count: 2 }]],
  'completeness-findings': [[{ stream: 'case', agoMs: hour, count: 4 }], [{ stream: 'case', agoMs: hour }]],
  'completeness-held': [[{ stream: 'case', agoMs: hour, count: 4 }]],
  'acknowledgement-odd': [[{ channel: 'center', class: 'contradictory', count: 2, withinMs: 24 * hour }]],
  'worker-killed': [[{ channel: 'center', count: 1 }]],
  'notifier-failed': [[{ notifier: 'webhook', count: 2, forMs: hour, failure: '503' }]],
  'dead-man-failed': [[{ host: 'h', way: 'file', problem: 'EACCES' }], [{ host: 'h', way: 'url', problem: '503' }]],
  'card-issued': [[{ cards: [card] }], [{ cards: [{ ...card, object: 'special', sequence: '2' }, { ...card, level: 'red', itemCode: undefined }] }]],
  'query-open': [[{ count: 2, shown: [{ no: 'DB1', caseNo: 'C1' }] }], [{ count: 1, shown: [{ no: 'DB1', caseNo: 'C1' }], answerBy: '2026-12-01' }]],
  'settlement-contradicted': [[found]],
  'clearance-contradicted': [[{ count: 1, shown: ['C1'] }], [{ count: 12, shown: ['C1', 'C2'] }]],
  'write-back-failed': [[{ count: 2, oldest: '2026-11-26T00:00:00.000Z' }], [{ count: 1, oldest: '2026-11-26T00:00:00.000Z', failure: 'ETIMEDOUT' }]],
  'statement-not-delivered': [[{ count: 1, shown: ['center 2026-11-26'], failure: 'staging-login' }]],
  'charge-irregular': [[found]],
  'suspense-old': [[{ ...found, days: 5 }]],
  'inquiry-guessed': [[{ perHour: 200 }]],
  'stage-alarm': [[{ en: 'the statement does not balance', zh: '对账单不平' }]],
};
const kinds = Object.keys(alarmKinds) as AlarmKind[];
const say = (kind: AlarmKind): AlarmWords[] => samples[kind].map((facts) => (alarmWords[kind] as (...facts: unknown[]) => AlarmWords)(...facts));
/** Names, numbers and codes, which are the same in every language: words of two and more letters, and numbers. */
const names = ['center', 'case', 'webhook', 'hunan', 'DJ05', 'DB1', 'C1', 'R1', 'staging-login', 'bureau-unreachable', 'ENOENT', 'EACCES', 'ECONNREFUSED', 'ETIMEDOUT', 'appendonly no', '/data', '2026-12-01'];

test.each(kinds)('%s says in both languages what is wrong and what to do', (kind) => {
  expect(samples[kind].length).toBeGreaterThan(0);
  for (const { en, zh } of say(kind)) {
    expect(zh).toMatch(/[\u4e00-\u9fff]/);
    // What is left of a Chinese sentence without names and codes is no English.
    const rest = [...names, 'Redis', 'fsync', 'synchronous_commit', 'MiB', 'maxmemory-policy allkeys-lru', 'url', '7 W committed'].reduce((text, name) => text.replaceAll(name, ''), zh);
    expect(rest).not.toMatch(/[A-Za-z]{3}/);
    // In English only the term 督办 and the names of records may be Chinese.
    expect(en.replace('(督办)', '')).not.toMatch(/[\u4e00-\u9fff]/);
    for (const name of names) expect([name, zh.includes(name)]).toEqual([name, en.includes(name) && !(name === 'case' && !/stream case/.test(en))]);
    expect(`${en}${zh}`).not.toMatch(/undefined|NaN|\[object/);
  }
  const { text, zh, remedy, remedyZh } = alarmKinds[kind];
  expect([text, remedy].join('')).not.toMatch(/[\u4e00-\u9fff]/);
  expect([zh, remedyZh].every((t) => /[\u4e00-\u9fff]/.test(t))).toBe(true);
});

test.each([[850, '850 毫秒'], [12_000, '12 秒'], [250_000, '4 分 10 秒'], [hour, '1 小时'], [52 * hour, '2 天 4 小时']])('%i ms are %s', (ms, text) => expect(formatDurationZh(ms)).toBe(text));

test('a sentence with facts reads as people say it', () => {
  expect(alarmWords['pick-up-silent'](silence)).toEqual({
    en: 'channel center: 3 messages not picked up, the oldest for 1 d 2 h of working time, expected within 4 h', zh: '通道 center：3 份报文未被取走，最久的已等 1 天 2 小时工作时间，预期 4 小时内',
  });
  expect(alarmWords['card-issued']({ cards: [card, { ...card, level: 'red' }] }).zh).toBe('共 2 张：预警 0、黄牌 1、红牌 1；第一张：hunan 对办件 C1 发黄牌，事项 DJ05：已用 8，时限 7 W committed');
});
