import { accepted, at, brief, hunan, readCase, shown } from '../support/clock-facts.js';

describe("Hunan's own example", () => {
  // accepted 2018-10-15 10:00:00, committed 7, statutory 10: 监察规则说明-客户.doc
  const facts = accepted('2018-10-15 10:00:00');
  it.each([
    ['2018-10-15 10:00:00', 'green 0/7 0/10'],
    ['2018-10-19 10:00:00', 'green 4/7 4/10'],
    ['2018-10-19 10:00:01', 'warning 5/7 5/10'],
    ['2018-10-24 10:00:00', 'warning 7/7 7/10'],
    ['2018-10-24 10:00:01', 'yellow 8/7 8/10'],
    ['2018-10-29 10:00:00', 'yellow 10/7 10/10'],
    ['2018-10-29 10:00:01', 'red 11/7 11/10'],
  ])('%s: %s', (now, expected) => {
    expect(brief(facts, hunan, now)).toBe(expected);
  });
  it('knows each crossing beforehand and the last moment in time', () => {
    const o = readCase(facts, hunan, '2018-10-15 10:00:00');
    expect(shown(o.nextAt)).toBe('2018-10-19 10:00:01');
    expect(o.limits.map((l) => shown(l.dueAt))).toEqual(['2018-10-24 10:00:00', '2018-10-29 10:00:00']);
    expect(shown(readCase(facts, hunan, '2018-10-19 10:00:01').nextAt)).toBe('2018-10-24 10:00:01');
    expect(shown(readCase(facts, hunan, '2018-10-24 10:00:01').nextAt)).toBe('2018-10-29 10:00:01');
    expect(readCase(facts, hunan, '2018-10-29 10:00:01').reached).toEqual([
      { level: 'warning', limit: 'committed', at: at('2018-10-19 10:00:01') }, { level: 'yellow', limit: 'committed', at: at('2018-10-24 10:00:01') }, { level: 'red', limit: 'statutory', at: at('2018-10-29 10:00:01') },
    ]);
  });
});
