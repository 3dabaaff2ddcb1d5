import { describe, expect, test } from '@jest/globals';
import { WorkingCalendar, type CalendarTable } from '../../src/domain/working-calendar.js';
import { overlayLocalDays } from '../../src/ledger/overlay-local-days.js';
import { judgeExpected } from '../../src/ops/channels/judge-expected.js';
import { FindingGroups } from '../../src/ops/dry-run/group-findings.js';
import { maskIncoming } from '../../src/ops/inbox/mask-incoming.js';

const hour = 3_600_000;
const file: CalendarTable = {
  version: 'file', national: [{ year: 2026, source: 'test', days: [] }], local: [{ day: '2026-11-26', working: false, reason: 'by file' }],
  hours: [{ spans: [{ fromMs: 8 * hour, untilMs: 12 * hour }, { fromMs: 14 * hour, untilMs: 18 * hour }] }],
};
const shanghai = (text: string): number => Date.parse(`${text}+08:00`);

describe('local days', () => {
  test.each([
    ['nothing decided: the very calendar of the file', [], 'file', [['2026-11-26', false]]],
    ['what was taken back leaves the file as it is', [{ day: '2026-11-27', kind: 'none', reason: 'r' }], 'file', [['2026-11-26', false]]],
    ['a decision goes over the file', [{ day: '2026-11-26', kind: 'working', reason: 'r' }, { day: '2026-11-28', kind: 'working', reason: 'r' }], undefined, [['2026-11-26', true], ['2026-11-28', true]]],
  ] as const)('%s', (_, decided, version, local) => {
    const table = overlayLocalDays(file, decided);
    if (version !== undefined) expect(table.version).toBe(version);
    else expect(table.version).toMatch(/^[0-9a-f]{12}$/);
    expect(table.local.map((d) => [d.day, d.working])).toEqual(local);
  });
});

describe('by when something is expected', () => {
  const calendar = new WorkingCalendar(file);
  test.each([
    ['within the morning', '2026-11-25T08:00', 2 * hour, '2026-11-25T10:00'],
    ['over the break', '2026-11-25T11:00', 2 * hour, '2026-11-25T15:00'],
    ['over a local day off', '2026-11-25T17:00', 2 * hour, '2026-11-27T09:00'],
    ['over a weekend', '2026-11-27T17:00', 2 * hour, '2026-11-30T09:00'],
  ])('%s', (_, since, limit, by) => {
    expect(judgeExpected('pick-up', { count: 3, sinceMs: shanghai(since) }, limit, calendar, shanghai(by))).toMatchObject({ waiting: 3, by: new Date(shanghai(by)).toISOString(), overdue: false });
    expect(judgeExpected('pick-up', { count: 3, sinceMs: shanghai(since) }, limit, calendar, shanghai(by) + 1)!.overdue).toBe(true);
  });
  test('nothing where nothing is waited for, no limit is set, or the calendar has no year', () => {
    expect(judgeExpected('capture', undefined, hour, calendar, 0)).toEqual({ what: 'capture', limitMs: hour, waiting: 0, overdue: false });
    expect(judgeExpected('capture', { count: 1, sinceMs: 0 }, 0, calendar, 0)).toBeUndefined();
    expect(judgeExpected('capture', { count: 1, sinceMs: shanghai('2027-03-01T09:00') }, hour, calendar, 0)).toMatchObject({ overdue: false });
  });
});

test.each([
  ['acknowledgement', '{"reason":"张三丰的材料不全"}', ['张三丰'], '{"reason":"张＊＊的材料不全"}'],
  ['acknowledgement', '{"reason":"联系 13807310001"}', [], '{"reason":"联系 138＊＊＊＊＊＊01"}'],
  ['other', '<FKR>欧阳小明</FKR><NSRSBH>91430900MA4L0001XA</NSRSBH><JE>12.50</JE>', [], '<FKR>欧＊＊＊</FKR><NSRSBH>914＊＊＊＊＊＊＊＊＊＊＊＊＊XA</NSRSBH><JE>12.50</JE>'],
  ['other', '<A>𠅤𬍛 43010219900101123X</A>', [], '<A>𠅤＊ 430＊＊＊＊＊＊＊＊＊＊＊＊＊3X</A>'],
] as const)('what came in is shown without persons: %s %s', (kind, text, values, shown) => expect(maskIncoming(text, kind, values)).toBe(shown));

test('causes of many messages are counted once a case, whatever rows they stand in, and no more than can be looked at', () => {
  const groups = new FindingGroups();
  const message = (findings: { element: string; source: string }[]) => ({ channel: 'center', event: 'application', sequence: '1', version: 1, operation: 'I' as const, at: '', messageId: '', standing: '', encoding: 'UTF-8', xml: '', findings: findings.map((f) => ({ ...f, rule: 'length', text: 'too long', remedy: `shorten ${f.source}` })), notes: [], attachments: [] });
  groups.add('A', message([{ element: 'SQR[1]/XM', source: 'land_applicant.name (applicant_no=1)' }, { element: 'SQR[2]/XM', source: 'land_applicant.name (applicant_no=2)' }]));
  groups.add('B', message([{ element: 'SQR[1]/XM', source: 'land_applicant.name (applicant_no=1)' }]));
  groups.add('C', message([]));
  expect(groups.list()).toEqual([{ channel: 'center', event: 'application', rule: 'length', element: 'SQR/XM', source: 'land_applicant.name', text: 'too long', remedy: 'shorten land_applicant.name', count: 2, examples: ['A', 'B'] }]);
  expect([groups.messages, groups.good]).toEqual([3, 1]);
  for (let i = 0; i < 500; i += 1) groups.add('D', message([{ element: `E${i}`, source: '' }]));
  expect(groups.list().length).toBeLessThanOrEqual(202);
});
