import { checkStorm } from '../../src/simulator/chaos/check-storm.js';
import { superviseCase } from '../../src/simulator/chaos/derive-lights.js';
import { secondOf } from '../../src/simulator/chaos/reckon-time.js';
import { stepLimits } from '../../src/simulator/chaos/storm-supervision.js';
import type { BureauCase, StormInput, StormVerdict, ViolationKind } from '../../src/simulator/chaos/witness.js';
import { counts, entriesOf, healthyStorm, now, told, type DamagedInput, type StormWorld } from '../support/storm-world.js';

const check = (input: DamagedInput): StormVerdict => checkStorm(input as StormInput);
type Entry = ReturnType<typeof entriesOf>[number];
type Pick = <T>(list: readonly T[]) => T | undefined;

/** Messages of one kind that the supervising side applied of cases that the bureau still has. */
const held = (input: DamagedInput, message: 'light' | 'card'): Entry[] => entriesOf(input, 'supervision', 'applied').filter((e) => e.message === message && input.bureau.cases.has(e.caseNo));
const last = (input: DamagedInput): Entry[] => held(input, 'light').filter((e, _, all) => !all.some((o) => o.caseNo === e.caseNo && o.version > e.version));
const textsOf = (input: DamagedInput, e: Entry): Record<string, string[]> => input.centers['supervision']!.contents.get(e.messageId)!;
const textOf = (input: DamagedInput, e: Entry, element: string): string => textsOf(input, e)[`BODY/${element}`]![0]!;
const write = (input: DamagedInput, e: Entry, element: string, value: string): void => void (textsOf(input, e)[`BODY/${element}`] = [value]);
const rowsOf = (input: DamagedInput, caseNo: string): BureauCase => input.bureau.cases.get(caseNo) as BureauCase;
const specialsOf = (input: DamagedInput, e: Entry): number => rowsOf(input, e.caseNo).children['specials']!.length;
/** Neither ledger nor receiver knows of it: it was never said. */
function unsay(input: DamagedInput, e: Entry): void {
  const center = input.centers['supervision']!;
  center.journal = center.journal.filter((x) => !('messageId' in x) || x.messageId !== e.messageId);
  input.ledger.exchanges = input.ledger.exchanges.filter((x) => x.messageId !== e.messageId);
}
/** As if it had been said: known to the ledger, listed, archived, applied. */
function saySo(input: DamagedInput, like: Entry, change: { sequence?: string; version?: number }, texts: Record<string, string[]>): string {
  const messageId = `${like.messageId.slice(1)}f`;
  const center = input.centers['supervision']!;
  const exchange = input.ledger.exchanges.find((x) => x.messageId === like.messageId)!;
  const lane = String(Math.max(...input.ledger.exchanges.map((x) => Number(x.lanePosition))) + 1);
  input.ledger.exchanges.push({ ...exchange, ...change, id: lane, lanePosition: lane, messageId });
  center.journal.push({ ...like, ...change, number: 1_000_000, messageId });
  center.contents.set(messageId, { ...textsOf(input, like), ...texts });
  for (const m of [...input.ledger.manifests.filter((x) => x.channel === 'supervision'), ...center.manifests]) {
    const line = m.messages.find((l) => l.messageId === like.messageId);
    if (line) m.messages.push({ ...line, messageId } as never);
  }
  return messageId;
}
/** A special procedure that nobody told the gateway of stands in the bureau since the acceptance. */
function stopFromAcceptance(input: DamagedInput, e: Entry): void {
  const { case: root, children } = input.bureau.cases.get(e.caseNo)!;
  children['specials']!.push({ special_no: '9', started_at: root['accepted_at'] ?? null, ended_at: null, approved_length: '60', approved_unit: 'W', notice_no: '益国土告字1号' });
}

interface Damage {
  readonly name: string;
  readonly kind: ViolationKind;
  readonly spoil: (input: DamagedInput, pick: Pick) => { messageId?: string | undefined; caseNo?: string | undefined; text?: RegExp } | undefined;
}

const damages: readonly Damage[] = [
  { name: 'a light that is lost: the one before it stays', kind: 'misjudged', spoil: (input, pick) => { const e = pick(last(input).filter((x) => x.version > 1)); if (!e) return undefined; unsay(input, e); return { caseNo: e.caseNo, text: /the supervising side holds/ }; } },
  { name: 'the only light of a case is lost', kind: 'lost', spoil: (input, pick) => { const e = pick(last(input).filter((x) => textOf(input, x, 'LIGHT') !== '0')); if (!e) return undefined; for (const x of held(input, 'light').filter((l) => l.caseNo === e.caseNo)) unsay(input, x); return { caseNo: e.caseNo, text: /knows of none/ }; } },
  { name: 'a light that the ledger says accepted and the receiver does not hold', kind: 'false-success', spoil: (input, pick) => { const e = pick(held(input, 'light')); if (!e) return undefined; const c = input.centers['supervision']!; c.journal = c.journal.filter((x) => !(x.event === 'applied' && x.messageId === e.messageId)); return { messageId: e.messageId }; } },
  { name: 'a light of another colour', kind: 'misjudged', spoil: (input, pick) => { const e = pick(last(input)); if (!e) return undefined; write(input, e, 'LIGHT', textOf(input, e, 'LIGHT') === '3' ? '1' : '3'); return { messageId: e.messageId, text: /by the rows its light is/ }; } },
  {
    name: 'lights applied in the wrong order', kind: 'disorder',
    spoil: (input, pick) => {
      const later = pick(held(input, 'light').filter((x) => x.version > 1));
      const earlier = later && held(input, 'light').find((x) => x.caseNo === later.caseNo && x.version === later.version - 1);
      if (!later || !earlier) return undefined;
      [later.number, earlier.number] = [earlier.number, later.number];
      input.centers['supervision']!.journal.sort((a, b) => a.number - b.number);
      return { messageId: earlier.messageId };
    },
  },
  {
    name: 'a light lit before the one that it follows', kind: 'disorder',
    spoil: (input, pick) => { const e = pick(held(input, 'light').filter((x) => x.version > 1)); if (!e) return undefined; write(input, e, 'LIGHT_TIME', '20260101000000'); return { messageId: e.messageId, text: /was lit before/ }; },
  },
  {
    name: 'a red light before its moment', kind: 'misjudged',
    spoil: (input, pick) => {
      const e = pick(held(input, 'light').filter((x) => textOf(input, x, 'LIGHT') === '3' && specialsOf(input, x) === 0));
      if (!e) return undefined;
      write(input, e, 'LIGHT_TIME', told(secondOf(`${textOf(input, e, 'LIGHT_TIME').replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3 $4:$5:$6')}`)! - 1));
      return { messageId: e.messageId, text: /before its moment/ };
    },
  },
  { name: 'a card applied twice', kind: 'doubled', spoil: (input, pick) => { const e = pick(held(input, 'card')); if (!e) return undefined; input.centers['supervision']!.journal.push({ ...e, number: 1_000_000 }); return { messageId: e.messageId }; } },
  {
    name: 'two cards of a level for one thing', kind: 'doubled',
    spoil: (input, pick) => { const e = pick(held(input, 'card')); if (!e) return undefined; return { messageId: saySo(input, e, { sequence: `${e.sequence}.again` }, { 'HEAD/XH': ['again'] }), text: /two (warning|yellow|red) cards/ }; },
  },
  { name: 'a card that is lost', kind: 'lost', spoil: (input, pick) => { const e = pick(held(input, 'card').filter((x) => stands(input, x))); if (!e) return undefined; unsay(input, e); return { caseNo: e.caseNo, text: /holds none/ }; } },
  { name: 'a card issued before its moment', kind: 'misjudged', spoil: (input, pick) => { const e = pick(held(input, 'card')); if (!e) return undefined; write(input, e, 'ISSUE_TIME', told(crossingOf(input, e) - 1)); return { messageId: e.messageId, text: /before its moment/ }; } },
  {
    name: 'a card that names another moment', kind: 'misjudged',
    spoil: (input, pick) => { const e = pick(held(input, 'card').filter((x) => specialsOf(input, x) === 0 && textOf(input, x, 'OBJECT_TYPE') !== '3')); if (!e) return undefined; write(input, e, 'CROSS_TIME', told(crossingOf(input, e) - 1)); return { messageId: e.messageId, text: /another moment/ }; },
  },
  {
    name: 'a card without a crossing', kind: 'misjudged',
    spoil: (input, pick) => {
      const e = pick(held(input, 'card').filter((x) => x.sequence === 'hunan.case.1.yellow' && !held(input, 'card').some((o) => o.caseNo === x.caseNo && o.sequence === 'hunan.case.1.red') && textOf(input, x, 'RESULT') === '2'));
      return e && { messageId: saySo(input, e, { sequence: 'hunan.case.1.red' }, { 'BODY/RESULT': ['3'] }), text: /red card for case 1 stands/ };
    },
  },
  {
    name: 'a card for a case whose time stood still', kind: 'misjudged',
    spoil: (input, pick) => {
      const e = pick(held(input, 'card').filter((x) => x.sequence === 'hunan.case.1.yellow' && specialsOf(input, x) === 0));
      if (!e) return undefined;
      stopFromAcceptance(input, e);
      return { messageId: e.messageId, text: /its moment had not come/ };
    },
  },
  {
    name: 'a card, withdrawn since, for a case that had been stopped when its moment came', kind: 'misjudged',
    spoil: (input, pick) => {
      const e = pick(held(input, 'card').filter((x) => x.sequence === 'hunan.case.1.yellow' && specialsOf(input, x) === 0));
      if (!e) return undefined;
      stopFromAcceptance(input, e);
      write(input, e, 'REVIEW', '0');
      return { messageId: e.messageId, text: /stood still or had ended/ };
    },
  },
  { name: 'a card told not to stand that does', kind: 'misjudged', spoil: (input, pick) => { const e = pick(held(input, 'card')); if (!e) return undefined; write(input, e, 'REVIEW', '0'); return { messageId: e.messageId, text: /by the rows it does/ }; } },
  { name: 'a card that the ledger does not know', kind: 'unexplained', spoil: (input, pick) => { const e = pick(held(input, 'card')); if (!e) return undefined; input.ledger.exchanges = input.ledger.exchanges.filter((x) => x.messageId !== e.messageId); return { messageId: e.messageId }; } },
  { name: 'other bytes of a card than the ledger sent', kind: 'altered', spoil: (input, pick) => { const e = pick(held(input, 'card')); if (!e) return undefined; e.sha256 = 'e'.repeat(64); return { messageId: e.messageId }; } },
];

const crossingOf = (input: DamagedInput, e: Entry): number => secondOf(textOf(input, e, 'CROSS_TIME').replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3 $4:$5:$6'))!;
/** Whether the rows still ask for this card. */
const stands = (input: DamagedInput, e: Entry): boolean => superviseCase(rowsOf(input, e.caseNo), now, counts, stepLimits).objects.some((o) => o.reached.some((level) => e.sequence === `hunan.${o.object}.${o.sequence}.${level}`));

const worlds = new Map<number, StormWorld>();
function storm(seed: number): StormWorld {
  const world = worlds.get(seed) ?? healthyStorm(seed, 8, true);
  worlds.set(seed, world);
  return world;
}
const picker = (n: number): Pick => (list) => list[n % Math.max(1, list.length)];

it('judges lights and cards of a storm that went well, and finds nothing', () => {
  const tallies = [1, 2, 3, 4, 5, 6].map((seed) => {
    const { violations, supervised } = check(storm(seed).input());
    expect(violations).toEqual([]);
    return supervised!;
  });
  const sum = (of: (t: (typeof tallies)[number]) => number): number => tallies.reduce((n, t) => n + of(t), 0);
  expect(sum((t) => t.lights.judged)).toBeGreaterThan(40);
  expect(sum((t) => t.lights.lit)).toBeGreaterThan(5);
  expect(sum((t) => t.cards.exact)).toBeGreaterThan(20);
  expect(sum((t) => t.cards.due)).toBeGreaterThan(20);
  expect(sum((t) => t.punctual.spared)).toBeGreaterThan(0);
});

it.each(damages.map((d) => [d.name, d] as const))('%s: is found and named', (_, damage) => {
  let spoiled = 0;
  for (let seed = 1; seed <= 5; seed += 1) {
    const input = storm(seed).input();
    const named = damage.spoil(input, picker(seed * 7));
    if (!named) continue;
    spoiled += 1;
    expect(check(input).violations).toContainEqual(expect.objectContaining({
      kind: damage.kind, channel: 'supervision', ...(named.messageId === undefined ? {} : { messageId: named.messageId }), ...(named.caseNo === undefined ? {} : { caseNo: named.caseNo }),
      ...(named.text === undefined ? {} : { text: expect.stringMatching(named.text) as unknown }),
    }));
  }
  expect(spoiled).toBeGreaterThan(0);
});

it('a light or card that waits with its reason shown is no violation, and is counted', () => {
  const input = storm(2).input();
  const light = last(input).find((e) => e.version > 1)!;
  const center = input.centers['supervision']!;
  center.journal = center.journal.filter((x) => !('messageId' in x) || x.messageId !== light.messageId);
  for (const m of [...input.ledger.manifests, ...center.manifests]) m.messages = (m.messages as { messageId: string }[]).filter((line) => line.messageId !== light.messageId) as never;
  Object.assign(input.ledger.exchanges.find((x) => x.messageId === light.messageId)!, { state: 'parked', failureCode: 'message-invalid', failureDetail: 'BODY/AREA_CODE' });
  const { violations, supervised } = check(input);
  expect(violations).toEqual([]);
  expect(supervised!.lights.waiting).toBe(1);
});

it.each(['accepted', 'captured', 'staged'])('a light of a limit that passed while the sides were read, %s, is nobody’s fault; the same from before is', (state) => {
  const late = (atMs: number): StormVerdict => {
    const input = storm(2).input();
    const like = last(input)[0]!;
    const exchange = input.ledger.exchanges.find((x) => x.messageId === like.messageId)!;
    const lane = String(Math.max(...input.ledger.exchanges.map((x) => Number(x.lanePosition))) + 1);
    const chain = input.ledger.manifests.filter((m) => m.channel === 'supervision');
    const end = chain.find((m) => m.seq === Math.max(...chain.map((x) => x.seq)))!;
    const messageId = 'b'.repeat(32);
    input.ledger.exchanges.push({ ...exchange, id: lane, lanePosition: lane, messageId, version: exchange.version + 1, state, capturedAt: atMs });
    input.ledger.manifests.push({ ...end, seq: end.seq + 1, state: 'prepared', previous: end.sha256, sha256: 'c'.repeat(64), keptSha256: 'c'.repeat(64), messages: [{ messageId, sha256: exchange.sha256! }] });
    return check(input);
  };
  expect(late(now * 1_000 + 1).violations).toEqual([]);
  expect(late(now * 1_000 - 60_000).violations.map((v) => v.kind)).toContain(state === 'accepted' ? 'false-success' : 'unsettled');
});
