import { createHash } from 'node:crypto';
import { advanceCase } from '../../src/simulator/bureau/advance-case.js';
import type { CaseRecord } from '../../src/simulator/bureau/case-record.js';
import { loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import { applyChanges } from '../../src/simulator/bureau/apply-changes.js';
import { generateCases } from '../../src/simulator/bureau/generate-cases.js';
import { makeRandom } from '../../src/simulator/bureau/make-random.js';
import type { JournalEntry, MessageEntry } from '../../src/simulator/center/center-case.store.js';
import { deriveExpected, expectedTexts, type ExpectedEvent } from '../../src/simulator/chaos/derive-expected.js';
import { superviseCase } from '../../src/simulator/chaos/derive-lights.js';
import { inventCorrection } from '../../src/simulator/chaos/invent-correction.js';
import { beginOf, bureauText, dayOf, makeCounts, secondOf, type OfficeDays } from '../../src/simulator/chaos/reckon-time.js';
import { stepLimits } from '../../src/simulator/chaos/storm-supervision.js';
import type { BureauCase, DiskManifest, Disturbance, LedgerExchange, LedgerManifest, StormInput, WatchedChannel } from '../../src/simulator/chaos/witness.js';

type Loose<T> = T extends ReadonlyMap<infer K, infer V> ? Map<K, Loose<V>> : T extends readonly (infer E)[] ? Loose<E>[] : T extends object ? { -readonly [P in keyof T]: Loose<T[P]> } : T;
/** The witnesses of a storm as a test may damage them. */
export type DamagedInput = Loose<StormInput>;

const channels: readonly WatchedChannel[] = [
  { channel: 'center', events: ['application', 'supplement-notice', 'supplement-received', 'acceptance', 'refusal', 'process-step', 'special-start', 'special-end', 'result', 'pickup'] },
  { channel: 'provincial', events: ['acceptance', 'result'] },
  { channel: 'supervision', events: ['acceptance', 'process-step', 'special-start', 'special-end', 'result'], told: ['light', 'card', 'query-reply'] },
];

/** Monday to Friday, all of 2026: the checker takes any calendar. */
const office: OfficeDays = {
  first: dayOf(secondOf('2026-01-01 00:00:00')!),
  spans: Array.from({ length: 365 }, (_, i) => ([0, 6].includes(new Date((beginOf(dayOf(secondOf('2026-01-01 00:00:00')!) + i) + 8 * 3_600) * 1000).getUTCDay()) ? [] : [[30_600, 43_200], [52_200, 63_000]])),
};
export const counts = makeCounts(office);
/** When the storm of a world is over. */
export const now = secondOf('2026-11-24 12:00:00')!;
const since = '2026-08-01T00:00:00.000Z';
const lightNames = { light: 'BODY/LIGHT', at: 'BODY/LIGHT_TIME' } as const;
const objectTypes = { case: '1', special: '2', certificate: '3', 'pre-acceptance': '4', step: '5' } as const;
const levelCodes = { warning: '1', yellow: '2', red: '3' } as const;
/** A second as the supervising side's messages have it. */
export const told = (second: number): string => bureauText(second).slice(0, 19).replace(/\D/g, '');

const catalogue = loadCatalogue();
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What three witnesses would say of a storm that a perfect gateway went through; built without any part of the gateway. */
export class StormWorld {
  private readonly exchanges: LedgerExchange[] = [];
  private readonly manifests: LedgerManifest[] = [];
  private readonly cases = new Map<string, BureauCase>();
  private readonly centers: Map<string, { journal: JournalEntry[]; files: Map<string, string>; manifests: DiskManifest[]; contents: Map<string, Record<string, string[]>>; applied: number }>;
  private readonly sent = new Map<string, { version: number; content: string; operation: string }>();
  private lane = 0;
  private readonly channels: readonly WatchedChannel[];

  /** With the supervising side as a third receiver, or without. */
  constructor(private readonly supervised: boolean) {
    this.channels = supervised ? channels : channels.slice(0, 2);
    this.centers = new Map(this.channels.map(({ channel }) => [channel, { journal: [], files: new Map(), manifests: [], contents: new Map(), applied: 0 }]));
  }

  /** Reports everything of the case that is new or changed, and what no longer stands, on every channel. */
  report(record: CaseRecord): void {
    const bureauCase: BureauCase = { caseNo: record.caseNo, case: record.case, children: record.children };
    this.cases.set(record.caseNo, bureauCase);
    const expected = deriveExpected(bureauCase).sort((a, b) => a.phase - b.phase || order(a).localeCompare(order(b)));
    for (const { channel, events } of this.channels) {
      for (const event of expected.filter((e) => events.includes(e.event))) {
        const key = [channel, record.caseNo, event.event, event.sequence].join('\n');
        const texts = expectedTexts(channel, bureauCase, event);
        const before = this.sent.get(key);
        if (before?.content === JSON.stringify(texts) && before.operation !== 'D') continue;
        this.send(channel, record.caseNo, event, before === undefined ? 'I' : 'U', texts);
      }
      for (const [key, { content, operation }] of this.sent) {
        const [of, caseNo, event, sequence] = key.split('\n');
        if (of !== channel || caseNo !== record.caseNo || operation === 'D' || !events.includes(event!) || expected.some((e) => e.event === event && e.sequence === sequence)) continue;
        this.send(channel, record.caseNo, { event: event!, sequence: sequence!, phase: 0, item: undefined }, 'D', JSON.parse(content) as Record<string, string[]>);
      }
    }
  }

  /** Tells the supervising side every light that the case had and every card that it was given, each at its moment. */
  supervise(caseNo: string): void {
    if (!this.supervised) return;
    const bureauCase = this.cases.get(caseNo)!;
    const view = (second: number): ReturnType<typeof superviseCase> => superviseCase(bureauCase, second, counts, stepLimits);
    const objects = view(now).objects;
    const moments = objects.flatMap((o) => [o.startsAt, o.endedAt, ...Object.values(o.crossings)]).concat((bureauCase.children['specials'] ?? []).flatMap((s) => [secondOf(s['started_at']), secondOf(s['ended_at'])]), now);
    let shown = '0';
    for (const moment of [...new Set(moments)].filter((m) => m !== undefined && m <= now).sort((a, b) => a! - b!)) {
      const { light } = view(moment!);
      if (light === shown) continue;
      this.send('supervision', caseNo, own('light', 'hunan'), shown === '0' && !this.sent.has(['supervision', caseNo, 'light', 'hunan'].join('\n')) ? 'I' : 'U', { [lightNames.light]: [light], [lightNames.at]: [told(moment!)] });
      shown = light;
    }
    for (const { object, sequence, crossings } of objects) {
      for (const level of ['warning', 'yellow', 'red'] as const) {
        const crossed = crossings[level] ?? Infinity;
        if (crossed > now || !view(crossed).objects.some((o) => o.object === object && o.sequence === sequence && o.reached.includes(level))) continue;
        this.send('supervision', caseNo, own('card', `hunan.${object}.${sequence}.${level}`), 'I', {
          'BODY/OBJECT_TYPE': [objectTypes[object]], 'BODY/OBJECT_ID': [sequence], 'BODY/RESULT': [levelCodes[level]], 'BODY/REVIEW': ['1'], 'BODY/CROSS_TIME': [told(crossed)], 'BODY/ISSUE_TIME': [told(crossed + 2)],
        });
      }
    }
  }

  /** The case is deleted in the bureau and that is reported. */
  remove(caseNo: string): void {
    this.cases.delete(caseNo);
    for (const { channel } of this.channels) if (this.exchanges.some((e) => e.channel === channel && e.caseNo === caseNo)) this.send(channel, caseNo, { event: 'result', sequence: '1', phase: 0, item: undefined }, 'D', { 'BODY/BJJGDM': ['3'] });
  }

  /** An application that waits for a clerk, with its findings, and the acceptance behind it. */
  park(record: CaseRecord): void {
    this.cases.set(record.caseNo, { caseNo: record.caseNo, case: record.case, children: record.children });
    const [first, ...behind] = deriveExpected(this.cases.get(record.caseNo)!);
    this.exchanges.push({ ...this.exchange('center', record.caseNo, first!, 'I', 1, null), state: 'parked', parkedFrom: 'captured', failureCode: 'message-invalid', failureDetail: 'BODY/SQRLIST/SQR/SQRZJHM: wrong check digit', manifestSeq: null, tried: 0, notes: ['captured', 'parked'] });
    for (const event of behind) this.exchanges.push({ ...this.exchange('center', record.caseNo, event, 'I', 1, null), state: 'rendered', manifestSeq: null, tried: 0, notes: ['captured', 'rendered'] });
    for (const { channel, events } of this.channels.slice(1)) for (const event of behind.filter((e) => events.includes(e.event))) this.send(channel, record.caseNo, event, 'I', expectedTexts(channel, this.cases.get(record.caseNo)!, event));
  }

  input(disturbances: readonly Disturbance[] = []): DamagedInput {
    const centers = Object.fromEntries([...this.centers].map(([channel, c]) => [channel, { channel, journal: c.journal, files: c.files, manifests: c.manifests, contents: c.contents, leftovers: [] }]));
    const input: StormInput = { channels: this.channels, bureau: { cases: this.cases }, ledger: { exchanges: this.exchanges, manifests: this.manifests, acknowledgements: [], halted: [], shown: [], unreadable: [], supervisesSince: since }, centers, disturbances, ...(this.supervised ? { supervision: { office, stepLimits, settledAt: now, readAt: now, punctual: new Set(this.cases.keys()) } } : {}) };
    return structuredClone(input) as DamagedInput;
  }

  private exchange(channel: string, caseNo: string, event: ExpectedEvent, operation: string, version: number, sha256: string | null): LedgerExchange {
    this.lane += 1;
    const messageId = digest([channel, caseNo, event.event, event.sequence, version].join(' ')).slice(0, 32);
    return {
      id: String(this.lane), channel, caseNo, event: event.event, sequence: event.sequence, version, operation, state: 'accepted', parkedFrom: null, lanePosition: String(this.lane), messageId,
      fileName: `${messageId}.xml`, attempts: 0, crashes: 0, failureCode: null, failureDetail: null, manifestSeq: 0, sha256, keptSha256: sha256, tried: 1, capturedAt: (now - 3_600) * 1_000, notes: ['captured', 'rendered', 'staged', 'accepted'],
    };
  }

  private send(channel: string, caseNo: string, event: ExpectedEvent, operation: string, texts: Record<string, string[]>): void {
    const key = [channel, caseNo, event.event, event.sequence].join('\n');
    const version = (this.sent.get(key)?.version ?? 0) + 1;
    this.sent.set(key, { version, content: JSON.stringify(texts), operation });
    const center = this.centers.get(channel)!;
    const contents = { 'HEAD/VERSION': [String(version)], 'HEAD/OPERATION': [operation], ...texts };
    const sha256 = digest(JSON.stringify([key, contents]));
    const exchange = this.exchange(channel, caseNo, event, operation, version, sha256);
    const chain = this.manifests.filter((m) => m.channel === channel);
    const seq = chain.length + 1;
    this.exchanges.push({ ...exchange, manifestSeq: seq });
    const manifest = { seq, sha256: digest(`manifest ${channel} ${seq} ${sha256}`), previous: chain.at(-1)?.sha256 ?? '0'.repeat(64) };
    const { messageId, fileName } = exchange;
    this.manifests.push({ ...manifest, channel, state: 'staged', keptSha256: manifest.sha256, messages: [{ messageId, sha256 }] });
    center.manifests.push({ ...manifest, path: `archive/manifest/M${String(seq).padStart(10, '0')}.xml`, messages: [{ messageId, caseNo, sha256 }] });
    const archivedAs = `archive/20261124/${fileName}`;
    center.files.set(archivedAs, sha256);
    center.contents.set(messageId, { ...contents, 'HEAD/MSGID': [messageId] });
    const facts = { manifest: seq, messageId, caseNo, message: event.event, sequence: event.sequence, version, operation, sha256, fileName, at: '2026-11-24T02:00:00.000Z' };
    const number = center.journal.length + 1;
    center.applied += 1;
    center.journal.push(
      { ...facts, number, event: 'picked-up', sequence: '', operation: '', archivedAs },
      { ...facts, number: number + 1, event: 'applied', order: center.applied },
      { number: number + 2, at: facts.at, event: 'manifest', manifest: seq, sha256: manifest.sha256, repeated: false },
    );
  }
}

const own = (event: string, sequence: string): ExpectedEvent => ({ event, sequence, phase: 70, item: undefined });

/** Steps by number; a supplement or special procedure begins before it ends. */
function order(e: ExpectedEvent): string {
  const place = ['supplement-notice', 'special-start', 'process-step', 'special-end', 'supplement-received'].indexOf(e.event);
  return `${e.event === 'process-step' ? e.sequence.padStart(6, '0') : '000000'} ${place}`;
}

/** A storm that went well: cases of every kind with corrections, one deleted, one that waits for a clerk. */
export function healthyStorm(seed: number, count = 8, supervised = false): StormWorld {
  const world = new StormWorld(supervised);
  const random = makeRandom(seed);
  const fresh = generateCases({ catalogue, seed, count: count + 1, from: '2026-09-01', reach: 'applied', scans: false });
  const waiting = fresh.pop()!;
  for (const [i, first] of fresh.entries()) {
    let record = first;
    world.report(record);
    for (let step = 0; step < 14; step += 1) {
      const change = advanceCase(record, catalogue, random, { inclination: i === 1 ? 'refuse' : i === 2 && step > 3 ? 'withdraw' : 'through' });
      if (change !== null) record = change.record;
      const corrections = random.chance(0.4) ? inventCorrection(record, random.chance(0.5) ? 'case' : 'child', seed % 1_000 + step, random) : [];
      record = applyChanges(record, corrections, record.at);
      world.report(record);
    }
    world.supervise(record.caseNo);
    if (i === 3) world.remove(record.caseNo);
  }
  let parked = waiting;
  for (let step = 0; step < 3; step += 1) parked = advanceCase(parked, catalogue, random, { inclination: 'through' })?.record ?? parked;
  world.park(parked);
  world.supervise(parked.caseNo);
  return world;
}

/** Journal entries of one kind. */
export function entriesOf(input: DamagedInput, channel: string, event: MessageEntry['event']): Loose<MessageEntry>[] {
  return input.centers[channel]!.journal.filter((e) => e.event === event) as Loose<MessageEntry>[];
}
