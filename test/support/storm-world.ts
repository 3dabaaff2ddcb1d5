import { createHash } from 'node:crypto';
import { advanceCase } from '../../src/simulator/bureau/advance-case.js';
import type { CaseRecord } from '../../src/simulator/bureau/case-record.js';
import { loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import { applyChanges } from '../../src/simulator/bureau/apply-changes.js';
import { generateCases } from '../../src/simulator/bureau/generate-cases.js';
import { makeRandom } from '../../src/simulator/bureau/make-random.js';
import type { JournalEntry, MessageEntry } from '../../src/simulator/center/center-case.store.js';
import { deriveExpected, expectedTexts, type ExpectedEvent } from '../../src/simulator/chaos/derive-expected.js';
import { inventCorrection } from '../../src/simulator/chaos/invent-correction.js';
import type { BureauCase, DiskManifest, Disturbance, LedgerExchange, LedgerManifest, StormInput, WatchedChannel } from '../../src/simulator/chaos/witness.js';

type Loose<T> = T extends ReadonlyMap<infer K, infer V> ? Map<K, Loose<V>> : T extends readonly (infer E)[] ? Loose<E>[] : T extends object ? { -readonly [P in keyof T]: Loose<T[P]> } : T;
/** The witnesses of a storm as a test may damage them. */
export type DamagedInput = Loose<StormInput>;

export const channels: readonly WatchedChannel[] = [
  { channel: 'center', events: ['application', 'supplement-notice', 'supplement-received', 'acceptance', 'refusal', 'process-step', 'special-start', 'special-end', 'result', 'pickup'] },
  { channel: 'provincial', events: ['acceptance', 'result'] },
];

const catalogue = loadCatalogue();
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What three witnesses would say of a storm that a perfect gateway went through; built without any part of the gateway. */
export class StormWorld {
  private readonly exchanges: LedgerExchange[] = [];
  private readonly manifests: LedgerManifest[] = [];
  private readonly cases = new Map<string, BureauCase>();
  private readonly centers = new Map(channels.map(({ channel }) => [channel, { journal: [] as JournalEntry[], files: new Map<string, string>(), manifests: [] as DiskManifest[], contents: new Map<string, Record<string, string[]>>(), applied: 0 }]));
  private readonly sent = new Map<string, { version: number; content: string; operation: string }>();
  private lane = 0;

  /** Reports everything of the case that is new or changed, and what no longer stands, on every channel. */
  report(record: CaseRecord): void {
    const bureauCase: BureauCase = { caseNo: record.caseNo, case: record.case, children: record.children };
    this.cases.set(record.caseNo, bureauCase);
    const expected = deriveExpected(bureauCase).sort((a, b) => a.phase - b.phase || order(a).localeCompare(order(b)));
    for (const { channel, events } of channels) {
      for (const event of expected.filter((e) => events.includes(e.event))) {
        const key = [channel, record.caseNo, event.event, event.sequence].join('\n');
        const texts = expectedTexts(channel, bureauCase, event);
        const before = this.sent.get(key);
        if (before?.content === JSON.stringify(texts) && before.operation !== 'D') continue;
        this.send(channel, record.caseNo, event, before === undefined ? 'I' : 'U', texts);
      }
      for (const [key, { content, operation }] of this.sent) {
        const [of, caseNo, event, sequence] = key.split('\n');
        if (of !== channel || caseNo !== record.caseNo || operation === 'D' || expected.some((e) => e.event === event && e.sequence === sequence)) continue;
        this.send(channel, record.caseNo, { event: event!, sequence: sequence!, phase: 0, item: undefined }, 'D', JSON.parse(content) as Record<string, string[]>);
      }
    }
  }

  /** The case is deleted in the bureau and that is reported. */
  remove(caseNo: string): void {
    this.cases.delete(caseNo);
    for (const { channel } of channels) if (this.exchanges.some((e) => e.channel === channel && e.caseNo === caseNo)) this.send(channel, caseNo, { event: 'result', sequence: '1', phase: 0, item: undefined }, 'D', { 'BODY/BJJGDM': ['3'] });
  }

  /** An application that waits for a clerk, with its findings, and the acceptance behind it. */
  park(record: CaseRecord): void {
    this.cases.set(record.caseNo, { caseNo: record.caseNo, case: record.case, children: record.children });
    const [first, ...behind] = deriveExpected(this.cases.get(record.caseNo)!);
    this.exchanges.push({ ...this.exchange('center', record.caseNo, first!, 'I', 1, null), state: 'parked', parkedFrom: 'captured', failureCode: 'message-invalid', failureDetail: 'BODY/SQRLIST/SQR/SQRZJHM: wrong check digit', manifestSeq: null, tried: 0, notes: ['captured', 'parked'] });
    for (const event of behind) this.exchanges.push({ ...this.exchange('center', record.caseNo, event, 'I', 1, null), state: 'rendered', manifestSeq: null, tried: 0, notes: ['captured', 'rendered'] });
    for (const event of behind.filter((e) => channels[1]!.events.includes(e.event))) this.send('provincial', record.caseNo, event, 'I', expectedTexts('provincial', this.cases.get(record.caseNo)!, event));
  }

  input(disturbances: readonly Disturbance[] = []): DamagedInput {
    const centers = Object.fromEntries([...this.centers].map(([channel, c]) => [channel, { channel, journal: c.journal, files: c.files, manifests: c.manifests, contents: c.contents, leftovers: [] }]));
    const input: StormInput = { channels, bureau: { cases: this.cases }, ledger: { exchanges: this.exchanges, manifests: this.manifests, acknowledgements: [], halted: [], shown: [], unreadable: [] }, centers, disturbances };
    return structuredClone(input) as DamagedInput;
  }

  private exchange(channel: string, caseNo: string, event: ExpectedEvent, operation: string, version: number, sha256: string | null): LedgerExchange {
    this.lane += 1;
    const messageId = digest([channel, caseNo, event.event, event.sequence, version].join(' ')).slice(0, 32);
    return {
      id: String(this.lane), channel, caseNo, event: event.event, sequence: event.sequence, version, operation, state: 'accepted', parkedFrom: null, lanePosition: String(this.lane), messageId,
      fileName: `${messageId}.xml`, attempts: 0, crashes: 0, failureCode: null, failureDetail: null, manifestSeq: 0, sha256, keptSha256: sha256, tried: 1, notes: ['captured', 'rendered', 'staged', 'accepted'],
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

/** Steps by number; a supplement or special procedure begins before it ends. */
function order(e: ExpectedEvent): string {
  const place = ['supplement-notice', 'special-start', 'process-step', 'special-end', 'supplement-received'].indexOf(e.event);
  return `${e.event === 'process-step' ? e.sequence.padStart(6, '0') : '000000'} ${place}`;
}

/** A storm that went well: cases of every kind with corrections, one deleted, one that waits for a clerk. */
export function healthyStorm(seed: number, count = 8): StormWorld {
  const world = new StormWorld();
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
    if (i === 3) world.remove(record.caseNo);
  }
  let parked = waiting;
  for (let step = 0; step < 3; step += 1) parked = advanceCase(parked, catalogue, random, { inclination: 'through' })?.record ?? parked;
  world.park(parked);
  return world;
}

/** Journal entries of one kind. */
export function entriesOf(input: DamagedInput, channel: string, event: MessageEntry['event']): Loose<MessageEntry>[] {
  return input.centers[channel]!.journal.filter((e) => e.event === event) as Loose<MessageEntry>[];
}
