import { judgeDelays, type ReportedEvent } from '../../src/supervision/judge-delays.js';
import { accepted, at, hunan, meters, special } from '../support/clock-facts.js';

const event = (name: string, happened: string, captured: string, staged: string, picked: string, taken: string | undefined, sequence = '1'): ReportedEvent => ({
  exchangeId: `${name}-${sequence}`, channel: 'center', event: name, sequence, version: 1, happenedAt: at(happened), capturedAt: at(captured), stagedAt: at(staged), pickedUpAt: at(picked), acceptedAt: taken === undefined ? undefined : at(taken),
});
const acceptance = event('acceptance', '2026-09-14 08:30:00', '2026-09-14 08:30:05', '2026-09-14 08:30:06', '2026-09-14 08:35:00', '2026-09-14 08:36:00');
// 7 working days from 2026-09-14 08:30:00 are over after 2026-09-22 08:30:00
const facts = accepted('2026-09-14 08:30:00', { closedAt: at('2026-09-21 16:00:00'), result: 'PASS' });

test('the shares of bureau, gateway, staging machine and center', () => {
  const { events, caused } = judgeDelays(facts, hunan, meters, Date.parse(at('2026-09-23 12:00:00')), [acceptance]);
  expect(events[0]).toMatchObject({ bureauMs: 5_000, gatewayMs: 1_000, stagingMs: 294_000, centerMs: 60_000, waitsAt: undefined });
  expect(caused).toEqual([]);
});

test('closed in time and captured in time, accepted a day too late: the exchange caused the yellow card', () => {
  const result = event('result', '2026-09-21 16:00:00', '2026-09-21 16:00:05', '2026-09-23 09:00:00', '2026-09-23 09:05:00', '2026-09-23 09:06:00');
  const { caused } = judgeDelays(facts, hunan, meters, Date.parse(at('2026-09-23 12:00:00')), [acceptance, result]);
  expect(caused).toMatchObject([{ channel: 'center', level: 'yellow', ours: undefined, at: at('2026-09-22 08:30:01'), late: [{ exchangeId: 'result-1', gatewayMs: 40 * 3_600_000 + 3_595_000 }] }]);
});

test('still stuck: the card stands there now, and where it waits is told', () => {
  const result: ReportedEvent = { ...event('result', '2026-09-21 16:00:00', '2026-09-21 16:00:05', '2026-09-21 16:01:00', '2026-09-21 16:01:00', undefined), pickedUpAt: undefined };
  const { caused } = judgeDelays(facts, hunan, meters, Date.parse(at('2026-09-22 12:00:00')), [acceptance, result]);
  expect(caused).toMatchObject([{ level: 'yellow', late: [{ waitsAt: 'staging machine', acceptedAt: undefined }] }]);
});

test('entered in the bureau after the limit: not the exchange', () => {
  const result = event('result', '2026-09-21 16:00:00', '2026-09-22 10:00:00', '2026-09-22 10:00:01', '2026-09-22 10:05:00', '2026-09-22 10:06:00');
  expect(judgeDelays(facts, hunan, meters, Date.parse(at('2026-09-23 12:00:00')), [acceptance, result]).caused).toEqual([]);
});

test('late for everybody: the level is ours too', () => {
  const late = accepted('2026-09-14 08:30:00', { closedAt: at('2026-09-24 16:00:00'), result: 'PASS' });
  const result = event('result', '2026-09-24 16:00:00', '2026-09-24 16:00:05', '2026-09-24 16:01:00', '2026-09-24 16:05:00', '2026-09-24 16:06:00');
  expect(judgeDelays(late, hunan, meters, Date.parse(at('2026-09-30 12:00:00')), [acceptance, result]).caused).toEqual([]);
});

test('a suspension that reached the center too late', () => {
  const suspended = accepted('2026-09-14 08:30:00', { pauses: [special('2026-09-15 08:30:00', undefined, 20, { sequence: '3' })] });
  const start = event('special-start', '2026-09-15 08:30:00', '2026-09-15 08:30:05', '2026-09-18 10:00:00', '2026-09-18 10:05:00', '2026-09-18 10:06:00', '3');
  expect(judgeDelays(suspended, hunan, meters, Date.parse(at('2026-09-21 12:00:00')), [acceptance, start]).caused).toMatchObject([{ level: 'warning', ours: undefined, at: at('2026-09-18 08:30:01'), late: [{ exchangeId: 'special-start-3' }] }]);
});

test('a center that knows of no acceptance gives no card', () => {
  expect(judgeDelays(facts, hunan, meters, Date.parse(at('2026-10-22 12:00:00')), [{ ...acceptance, acceptedAt: undefined }]).caused).toEqual([]);
});
