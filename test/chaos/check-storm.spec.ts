import fc from 'fast-check';
import { checkStorm } from '../../src/simulator/chaos/check-storm.js';
import type { StormInput, StormVerdict, ViolationKind } from '../../src/simulator/chaos/witness.js';
import { entriesOf, healthyStorm, type DamagedInput, type StormWorld } from '../support/storm-world.js';

const check = (input: DamagedInput): StormVerdict => checkStorm(input as StormInput);

interface Damage {
  readonly name: string;
  readonly kind: ViolationKind;
  /** Spoils the data; gives the message or the case that the verdict must name, or undefined where this storm has nothing to spoil. */
  readonly spoil: (input: DamagedInput, pick: <T>(list: readonly T[]) => T | undefined) => { messageId?: string | undefined; caseNo?: string | undefined; text?: RegExp } | undefined;
}

const exchangeOf = (input: DamagedInput, messageId: string): DamagedInput['ledger']['exchanges'][number] => input.ledger.exchanges.find((e) => e.messageId === messageId)!;
const acceptedAt = (input: DamagedInput, channel: string): DamagedInput['ledger']['exchanges'] => input.ledger.exchanges.filter((e) => e.channel === channel && e.state === 'accepted');
/** The newest versions that stand at the center of cases that the bureau still has. */
const standing = (input: DamagedInput, channel = 'center'): DamagedInput['ledger']['exchanges'] =>
  acceptedAt(input, channel).filter((e) => e.operation !== 'D' && input.bureau.cases.has(e.caseNo) && !input.ledger.exchanges.some((n) => n.channel === channel && n.caseNo === e.caseNo && n.event === e.event && n.sequence === e.sequence && n.version > e.version));
const dropApplied = (input: DamagedInput, channel: string, messageId: string): void => {
  const center = input.centers[channel]!;
  center.journal = center.journal.filter((e) => !(e.event === 'applied' && e.messageId === messageId));
};
const swapNumbers = (a: { number: number }, b: { number: number }): void => { [a.number, b.number] = [b.number, a.number]; };

const damages: readonly Damage[] = [
  {
    name: 'an event is in neither ledger nor center', kind: 'lost',
    spoil: (input, pick) => {
      const e = pick(standing(input).filter((x) => x.version === 1));
      if (!e) return undefined;
      dropApplied(input, 'center', e.messageId);
      input.ledger.exchanges = input.ledger.exchanges.filter((x) => x !== e);
      return { caseNo: e.caseNo, text: /ledger does not know/ };
    },
  },
  {
    name: 'the center dropped an applied message that the ledger calls accepted', kind: 'false-success',
    spoil: (input, pick) => { const e = pick(acceptedAt(input, 'provincial')); if (!e) return undefined; dropApplied(input, 'provincial', e.messageId); return { messageId: e.messageId }; },
  },
  {
    name: 'cancelled although it stands in the bureau', kind: 'lost',
    spoil: (input, pick) => { const e = pick(standing(input).filter((x) => x.version === 1)); if (!e) return undefined; dropApplied(input, 'center', e.messageId); e.state = 'cancelled'; return { messageId: e.messageId }; },
  },
  {
    name: 'a deleted case that the center was not told of', kind: 'lost',
    spoil: (input, pick) => { const e = pick(standing(input)); if (!e) return undefined; input.bureau.cases.delete(e.caseNo); return { caseNo: e.caseNo, text: /was not told/ }; },
  },
  {
    name: 'a row changed in the bureau and nobody noticed', kind: 'altered',
    spoil: (input, pick) => { const e = pick(standing(input).filter((x) => x.event === 'application')); if (!e) return undefined; input.bureau.cases.get(e.caseNo)!.case['remark'] = '没有人看到的更正'; return { messageId: e.messageId, text: /BODY\/BZ/ }; },
  },
  {
    name: 'a child row changed in the bureau and nobody noticed', kind: 'altered',
    spoil: (input, pick) => { const e = pick(standing(input).filter((x) => x.event === 'process-step')); if (!e) return undefined; input.bureau.cases.get(e.caseNo)!.children['steps']!.find((r) => r['step_no'] === e.sequence)!['opinion'] = '不同意'; return { messageId: e.messageId, text: /SPYJ/ }; },
  },
  {
    name: 'an event taken back in the bureau still stands', kind: 'altered',
    spoil: (input, pick) => { const e = pick(standing(input).filter((x) => x.event === 'pickup')); if (!e) return undefined; input.bureau.cases.get(e.caseNo)!.children['pickups'] = []; return { messageId: e.messageId, text: /took it back/ }; },
  },
  {
    name: 'a message applied twice', kind: 'doubled',
    spoil: (input, pick) => { const e = pick(entriesOf(input, 'center', 'applied')); if (!e) return undefined; input.centers['center']!.journal.push({ ...e, number: 1_000_000 }); return { messageId: e.messageId }; },
  },
  {
    name: 'a version applied under another message id', kind: 'doubled',
    spoil: (input, pick) => { const e = pick(entriesOf(input, 'center', 'applied')); if (!e) return undefined; input.centers['center']!.journal.push({ ...e, number: 1_000_000, messageId: 'f'.repeat(32) }); return { messageId: 'f'.repeat(32) }; },
  },
  {
    name: 'a new version that says the same as the one before', kind: 'doubled',
    spoil: (input, pick) => {
      const e = pick(entriesOf(input, 'center', 'applied').filter((x) => x.version === 2 && x.operation === 'U'));
      const before = e && entriesOf(input, 'center', 'applied').find((x) => x.caseNo === e.caseNo && x.message === e.message && x.sequence === e.sequence && x.version === 1);
      if (!e || !before) return undefined;
      const { contents } = input.centers['center']!;
      contents.set(before.messageId, { ...contents.get(e.messageId)!, 'HEAD/MSGID': [before.messageId], 'HEAD/VERSION': ['1'], 'HEAD/OPERATION': ['I'] });
      return { messageId: e.messageId };
    },
  },
  {
    name: 'two messages of a case applied the wrong way round', kind: 'disorder',
    spoil: (input, pick) => {
      const applied = entriesOf(input, 'center', 'applied');
      const later = pick(applied.filter((e) => e.version === 1 && ['acceptance', 'refusal'].includes(e.message) && input.bureau.cases.has(e.caseNo)));
      const earlier = later && applied.find((e) => e.caseNo === later.caseNo && e.message === 'application' && e.version === 1);
      if (!later || !earlier) return undefined;
      swapNumbers(later, earlier);
      input.centers['center']!.journal.sort((a, b) => a.number - b.number);
      return { messageId: later.messageId };
    },
  },
  {
    name: 'steps applied against their numbers, which the ledger calls right', kind: 'disorder',
    spoil: (input, pick) => {
      const applied = entriesOf(input, 'center', 'applied').filter((e) => e.message === 'process-step' && e.version === 1 && input.bureau.cases.has(e.caseNo));
      const second = pick(applied.filter((e) => e.sequence === '2'));
      const first = second && applied.find((e) => e.caseNo === second.caseNo && e.sequence === '1');
      if (!second || !first) return undefined;
      swapNumbers(first, second);
      const [a, b] = [exchangeOf(input, first.messageId), exchangeOf(input, second.messageId)];
      [a.lanePosition, b.lanePosition] = [b.lanePosition, a.lanePosition];
      input.centers['center']!.journal.sort((x, y) => x.number - y.number);
      return { caseNo: second.caseNo, text: /before process-step 1/ };
    },
  },
  {
    name: 'an older version applied after a newer one', kind: 'disorder',
    spoil: (input, pick) => {
      const applied = entriesOf(input, 'center', 'applied');
      const newer = pick(applied.filter((e) => e.version === 2));
      const older = newer && applied.find((e) => e.caseNo === newer.caseNo && e.message === newer.message && e.sequence === newer.sequence && e.version === 1);
      if (!newer || !older) return undefined;
      swapNumbers(newer, older);
      input.centers['center']!.journal.sort((a, b) => a.number - b.number);
      return { messageId: older.messageId };
    },
  },
  {
    name: 'something applied after the deletion of its case', kind: 'disorder',
    spoil: (input) => {
      const applied = entriesOf(input, 'center', 'applied');
      const removal = applied.find((e) => e.message === 'result' && e.operation === 'D' && !input.bureau.cases.has(e.caseNo));
      const other = removal && applied.find((e) => e.caseNo === removal.caseNo && e.message === 'application');
      if (!removal || !other) return undefined;
      swapNumbers(removal, other);
      input.centers['center']!.journal.sort((a, b) => a.number - b.number);
      return { caseNo: removal.caseNo };
    },
  },
  {
    name: 'one digit of the hash that the center applied', kind: 'altered',
    spoil: (input, pick) => { const e = pick(entriesOf(input, 'center', 'applied')); if (!e) return undefined; e.sha256 = (e.sha256.startsWith('0') ? '1' : '0') + e.sha256.slice(1); return { messageId: e.messageId }; },
  },
  {
    name: 'the same message id picked up with other bytes', kind: 'altered',
    spoil: (input, pick) => { const e = pick(entriesOf(input, 'center', 'picked-up')); if (!e) return undefined; input.centers['center']!.journal.push({ ...e, number: 1_000_000, sha256: 'e'.repeat(64) }); return { messageId: e.messageId }; },
  },
  {
    name: 'bytes changed in the ledger', kind: 'altered',
    spoil: (input, pick) => { const e = pick(acceptedAt(input, 'center')); if (!e) return undefined; e.keptSha256 = 'd'.repeat(64); return { messageId: e.messageId }; },
  },
  {
    name: 'the file is gone from the archive', kind: 'altered',
    spoil: (input, pick) => { const e = pick(entriesOf(input, 'center', 'picked-up')); if (!e) return undefined; input.centers['center']!.files.delete(String(e.archivedAs)); return { messageId: e.messageId }; },
  },
  {
    name: 'staged without a manifest that lists it', kind: 'false-success',
    spoil: (input, pick) => {
      const e = pick(acceptedAt(input, 'center'));
      if (!e) return undefined;
      for (const m of [...input.ledger.manifests, ...input.centers['center']!.manifests]) m.messages = (m.messages as { messageId: string }[]).filter((line) => line.messageId !== e.messageId) as never;
      return { messageId: e.messageId, text: /no manifest/ };
    },
  },
  {
    name: 'a manifest is gone from the center', kind: 'false-success',
    spoil: (input, pick) => { const m = pick(input.centers['center']!.manifests); if (!m) return undefined; input.centers['center']!.manifests = input.centers['center']!.manifests.filter((x) => x !== m); return { text: new RegExp(`^manifest ${m.seq} is staged`) }; },
  },
  {
    name: 'a link of the chain is wrong', kind: 'false-success',
    spoil: (input, pick) => { const m = pick(input.ledger.manifests.filter((x) => x.channel === 'center')); if (!m) return undefined; m.previous = 'c'.repeat(64); return { text: new RegExp(`^manifest ${m.seq} .*chain is broken`) }; },
  },
  {
    name: 'a manifest that nobody sent', kind: 'unexplained',
    spoil: (input) => { const { manifests } = input.centers['center']!; manifests.push({ ...manifests[0]!, seq: 9_999 }); return { text: /^manifest 9999 / }; },
  },
  {
    name: 'the answer never reached the ledger', kind: 'unsettled',
    spoil: (input, pick) => { const e = pick(acceptedAt(input, 'center')); if (!e) return undefined; e.state = 'staged'; return { messageId: e.messageId }; },
  },
  {
    name: 'a message that never moved on', kind: 'unsettled',
    spoil: (input, pick) => { const e = pick(acceptedAt(input, 'center').filter((x) => input.bureau.cases.has(x.caseNo))); if (!e) return undefined; dropApplied(input, 'center', e.messageId); e.state = 'rendered'; return { messageId: e.messageId }; },
  },
  { name: 'a manifest that is still only prepared', kind: 'unsettled', spoil: (input) => { const m = input.ledger.manifests.at(-1)!; m.state = 'prepared'; return { text: /still prepared/ }; } },
  { name: 'a channel that stands still', kind: 'unsettled', spoil: (input) => { input.ledger.halted.push({ channel: 'center', code: 'staging-full', detail: 'no space' }); return { text: /staging-full/ }; } },
  {
    name: 'parked without a reason', kind: 'unexplained',
    spoil: (input) => { const e = input.ledger.exchanges.find((x) => x.state === 'parked')!; e.failureCode = null; return { messageId: e.messageId }; },
  },
  {
    name: 'parked by an unforeseen error', kind: 'unexplained',
    spoil: (input) => { const e = input.ledger.exchanges.find((x) => x.state === 'parked')!; e.failureCode = 'unexpected'; return { messageId: e.messageId }; },
  },
  {
    name: 'refused by nobody', kind: 'unexplained',
    spoil: (input, pick) => { const e = pick(acceptedAt(input, 'center')); if (!e) return undefined; Object.assign(e, { state: 'refused', failureCode: 'refused-by-receiver', failureDetail: '130' }); return { messageId: e.messageId }; },
  },
  {
    name: 'refused because it came too early', kind: 'disorder',
    spoil: (input, pick) => { const e = pick(entriesOf(input, 'center', 'applied').filter((x) => x.message === 'acceptance')); if (!e) return undefined; input.centers['center']!.journal.push({ ...e, number: 1_000_000, event: 'refused', code: '011', reason: '办件申办信息未上报' }); return { messageId: e.messageId }; },
  },
  {
    name: 'a file that the manifest listed and that was not there', kind: 'false-success',
    spoil: (input, pick) => { const e = pick(entriesOf(input, 'center', 'applied')); if (!e) return undefined; input.centers['center']!.journal.push({ ...e, number: 1_000_000, event: 'refused', code: '901' }); return { messageId: e.messageId }; },
  },
  { name: 'an anomaly that no fault explains', kind: 'unexplained', spoil: (input) => { input.centers['center']!.journal.push({ number: 1_000_000, at: '', event: 'anomaly', kind: 'manifest-gap', detail: 'manifest 3 is missing, 4 is there', manifest: 4 }); return { text: /manifest-gap/ }; } },
  {
    name: 'an applied message that the ledger does not know', kind: 'unexplained',
    spoil: (input, pick) => { const e = pick(acceptedAt(input, 'center')); if (!e) return undefined; input.ledger.exchanges = input.ledger.exchanges.filter((x) => x !== e); return { messageId: e.messageId }; },
  },
];

const worlds = new Map<string, StormWorld>();
/** A storm that went well, built once for each seed. */
function storm(seed: number, count = 8): StormWorld {
  const name = `${seed} ${count}`;
  const world = worlds.get(name) ?? healthyStorm(seed, count);
  worlds.set(name, world);
  return world;
}
const picker = (n: number) => <T>(list: readonly T[]): T | undefined => list[n % Math.max(1, list.length)];

describe('a storm that went well', () => {
  it('has no violation, whatever cases and corrections it had; what waits for a clerk is listed with its reason', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 100_000 }), (seed) => {
      const verdict = check(healthyStorm(seed, 5).input());
      expect(verdict.violations).toEqual([]);
      expect(verdict.parked).toMatchObject([{ channel: 'center', event: 'application', code: 'message-invalid', state: 'parked' }]);
      expect(verdict.checked.expected).toBeGreaterThan(10);
    }), { numRuns: 25 });
  });

  it('counts attempts and what waits behind a parked message', () => {
    const input = storm(4).input();
    input.ledger.exchanges.filter((e) => e.tried > 0)[0]!.tried = 9;
    const verdict = check(input);
    expect(verdict.attempts).toEqual({ p50: 1, p95: 1, max: 9 });
    expect(verdict.parked[0]!.behind).toBeGreaterThan(0);
  });

  it('a value that went and came back is no doubled message', () => {
    const input = storm(11).input();
    const e = entriesOf(input, 'center', 'applied').find((x) => x.version === 2 && x.operation === 'U')!;
    const before = entriesOf(input, 'center', 'applied').find((x) => x.caseNo === e.caseNo && x.message === e.message && x.sequence === e.sequence && x.version === 1)!;
    const { contents } = input.centers['center']!;
    contents.set(before.messageId, { ...contents.get(e.messageId)!, 'HEAD/MSGID': [before.messageId], 'HEAD/VERSION': ['1'], 'HEAD/OPERATION': ['I'] });
    exchangeOf(input, e.messageId).notes.push('corrected-in-bureau');
    expect(check(input).violations).toEqual([]);
  });
});

describe('a spoiled storm', () => {
  it.each(damages.map((d) => [d.name, d] as const))('%s: is found and named', (_, damage) => {
    let spoiled = 0;
    for (let seed = 1; seed <= 6; seed += 1) {
      const input = storm(seed).input();
      const named = damage.spoil(input, picker(seed * 7));
      if (!named) continue;
      spoiled += 1;
      const { violations } = check(input);
      expect(violations).toContainEqual(expect.objectContaining({
        kind: damage.kind, ...(named.messageId === undefined ? {} : { messageId: named.messageId }), ...(named.caseNo === undefined ? {} : { caseNo: named.caseNo }),
        ...(named.text === undefined ? {} : { text: expect.stringMatching(named.text) as unknown }),
      }));
    }
    expect(spoiled).toBeGreaterThan(0);
  });

  it('any damage anywhere is found, also two at once', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(1_000), fc.constantFrom(...damages), fc.constantFrom(...damages), (seed, n, first, second) => {
      const input = storm(seed).input();
      const done = [first, second].map((damage) => damage.spoil(input, picker(n)));
      fc.pre(first !== second); // twice the same may undo itself
      fc.pre(done[0] !== undefined || done[1] !== undefined);
      expect(check(input).violations.length).toBeGreaterThan(0);
    }), { numRuns: 60 });
  });
});

describe('what a fault explains', () => {
  it('a refused file that somebody removed is no violation when files were removed, but stays listed', () => {
    const input = storm(3).input(['files-removed']);
    const e = entriesOf(input, 'center', 'applied').find((x) => x.message === 'pickup') ?? entriesOf(input, 'center', 'applied').at(-1)!;
    dropApplied(input, 'center', e.messageId);
    input.centers['center']!.journal.push({ ...e, event: 'refused', code: '901' }, { number: e.number, at: e.at, event: 'anomaly', kind: 'file-missing', detail: 'x', messageId: e.messageId });
    Object.assign(exchangeOf(input, e.messageId), { state: 'refused', failureCode: 'refused-by-receiver', failureDetail: '901 清单所列文件不存在' });
    const verdict = check(input);
    expect(verdict.violations).toEqual([]);
    expect(verdict.parked).toContainEqual(expect.objectContaining({ state: 'refused', detail: '901 清单所列文件不存在' }));
  });

  it('an acceptance that the receiver also denied is only excused where receivers erred on purpose and both answers are shown', () => {
    const make = (disturbed: boolean, shown: boolean): StormVerdict => {
      const input = storm(5).input(disturbed ? ['acknowledgements-wrong'] : []);
      const e = acceptedAt(input, 'provincial').find((x) => input.bureau.cases.has(x.caseNo))!;
      dropApplied(input, 'provincial', e.messageId);
      if (shown) for (const level of ['accepted', 'refused']) input.ledger.acknowledgements.push({ channel: 'provincial', messageId: e.messageId, level, class: 'contradiction', code: null });
      return check(input);
    };
    expect(make(true, true).violations.filter((v) => v.kind === 'false-success')).toEqual([]);
    expect(make(true, false).violations).toContainEqual(expect.objectContaining({ kind: 'false-success' }));
    expect(make(false, true).violations).toContainEqual(expect.objectContaining({ kind: 'false-success' }));
  });
});
