import type { ReportedEvent } from '../../src/supervision/judge-delays.js';
import { forecastDelays } from '../../src/supervision/forecast-delays.js';
import { accepted, at, hunan, meters, shown, special } from '../support/clock-facts.js';

const reported = (event: string, captured: string, taken?: string, more: Partial<ReportedEvent> = {}): ReportedEvent => ({
  exchangeId: `${event}`, channel: 'center', event, sequence: '1', version: 1, happenedAt: at(captured), capturedAt: at(captured), acceptedAt: taken === undefined ? undefined : at(taken), ...more,
});
const acceptance = reported('acceptance', '2026-09-14 08:30:05', '2026-09-14 08:36:00');
const day = 24 * 3_600_000;
const look = (facts: Parameters<typeof forecastDelays>[0], now: string, events: readonly ReportedEvent[], days = 2): string[] =>
  forecastDelays(facts, hunan, meters, Date.parse(at(now)), days * day, events).map((f) => `${f.channel} ${f.level} ${shown(f.at)!} ${f.reached ? 'reached' : 'coming'} ${f.event.event} ${f.event.exchangeId}`);

// Accepted 2026-09-14 08:30, committed 7: warning from 09-18 08:30:01, yellow from 09-22 08:30:01 (20 September works).
const suspended = accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-15 08:30:00', undefined, 20, { sequence: '1' })] });
const stuck = reported('special-start', '2026-09-15 08:31:00');
const closed = accepted('2026-09-14 08:30:00', { closedAt: at('2026-09-21 16:00:00'), result: 'PASS' });

test.each([
  ['a suspension that is stuck: the warning of the day after tomorrow', suspended, '2026-09-17 09:00:00', [acceptance, stuck], ['center warning 2026-09-18 08:30:01 coming special-start special-start']],
  ['too far away yet', suspended, '2026-09-15 09:00:00', [acceptance, stuck], []],
  ['reached there already', suspended, '2026-09-22 10:00:00', [acceptance, stuck], ['center yellow 2026-09-22 08:30:01 reached special-start special-start']],
  ['accepted meanwhile', suspended, '2026-09-17 09:00:00', [acceptance, { ...stuck, acceptedAt: at('2026-09-16 09:00:00') }], []],
  ['an earlier version was accepted: the receiver knows of it', suspended, '2026-09-17 09:00:00', [acceptance, { ...stuck, acceptedAt: at('2026-09-16 09:00:00') }, { ...stuck, version: 2, exchangeId: 'v2' }], []],
  ['a closing that is stuck: the case runs on there', closed, '2026-09-21 17:00:00', [acceptance, reported('result', '2026-09-21 16:01:00')], ['center warning 2026-09-18 08:30:01 reached result result']],
  ['the receiver knows of no acceptance: it has no clock', suspended, '2026-09-17 09:00:00', [{ ...acceptance, acceptedAt: undefined }, stuck], []],
  ['what is late by itself is no forecast', accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-24 08:30:00', undefined, 20, { sequence: '1' })] }), '2026-09-24 09:00:00', [acceptance, reported('special-start', '2026-09-24 08:31:00')], []],
  ['nothing is stuck', suspended, '2026-09-17 09:00:00', [acceptance], []],
] as const)('%s', (_what, facts, now, events, expected) => {
  expect(look(facts, now, events)).toEqual(expected);
});

test('each receiver by itself', () => {
  const other = [acceptance, stuck].map((e) => ({ ...e, channel: 'provincial', exchangeId: `p-${e.event}` }));
  expect(look(suspended, '2026-09-17 09:00:00', [acceptance, { ...stuck, acceptedAt: at('2026-09-16 09:00:00') }, ...other])).toEqual(['provincial warning 2026-09-18 08:30:01 coming special-start p-special-start']);
});

test('the red card behind a yellow one of our own', () => {
  const late = accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-24 08:30:00', undefined, 20, { sequence: '1' })] });
  expect(look(late, '2026-09-26 09:00:00', [acceptance, reported('special-start', '2026-09-24 08:31:00')], 3)).toEqual(['center red 2026-09-28 08:30:01 coming special-start special-start']);
});
