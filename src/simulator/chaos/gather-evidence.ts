import type { AnomalyEntry, JournalEntry, ManifestEnd, MessageEntry } from '../center/center-case.store.js';
import type { CenterWitness, DiskManifest, Disturbance, LedgerExchange, Parked, StormInput, WatchedChannel } from './witness.js';

/** The witnesses of one channel, laid side by side so that each rule finds what it compares. */
export interface Evidence {
  readonly input: StormInput;
  readonly channel: string;
  readonly carries: ReadonlySet<string>;
  /** Events of the gateway's own stream; the bureau's rows know none of them. */
  readonly told: ReadonlySet<string>;
  readonly center: CenterWitness;
  readonly exchanges: readonly LedgerExchange[];
  readonly byMessageId: ReadonlyMap<string, LedgerExchange>;
  /** Newest exchange by `keyOf`. */
  readonly newest: ReadonlyMap<string, LedgerExchange>;
  /** The same of those that were not cancelled or superseded. */
  readonly newestLive: ReadonlyMap<string, LedgerExchange>;
  /** By case: in the order of the lane. */
  readonly lanes: ReadonlyMap<string, readonly LedgerExchange[]>;
  /** Entries of the center's journal in its order. */
  readonly applied: readonly MessageEntry[];
  readonly messages: readonly MessageEntry[];
  readonly anomalies: readonly AnomalyEntry[];
  readonly imported: readonly ManifestEnd[];
  /** Newest applied message by `keyOf`. */
  readonly standing: ReadonlyMap<string, MessageEntry>;
  readonly appliedById: ReadonlyMap<string, MessageEntry>;
  readonly diskManifests: ReadonlyMap<number, DiskManifest>;
  /** Hashes under which the manifests at the center list a message. */
  readonly listedAs: ReadonlyMap<string, ReadonlySet<string>>;
  /**
   * Messages of lights and cards that a limit brought forth which passed when everything had settled: they are on their way while
   * receivers and ledger are read one after the other, so what one knows of them the other may not.
   */
  readonly underWay: ReadonlySet<string>;
  has(disturbance: Disturbance): boolean;
}

/** One event of one case. */
export function keyOf(caseNo: string, event: string, sequence: string): string {
  return `${caseNo}\n${event}\n${sequence}`;
}

/** Orders decimal texts of bigints. */
export function compareBig(a: string, b: string): number {
  const [x, y] = [BigInt(a), BigInt(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

export function gatherEvidence(input: StormInput, { channel, events, told }: WatchedChannel): Evidence {
  const center: CenterWitness = input.centers[channel] ?? { channel, journal: [], files: new Map(), manifests: [], leftovers: [], contents: new Map() };
  const exchanges = input.ledger.exchanges.filter((e) => e.channel === channel);
  const newest = new Map<string, LedgerExchange>();
  const newestLive = new Map<string, LedgerExchange>();
  const lanes = new Map<string, LedgerExchange[]>();
  for (const e of exchanges) {
    const key = keyOf(e.caseNo, e.event, e.sequence);
    if ((newest.get(key)?.version ?? 0) < e.version) newest.set(key, e);
    if (e.state !== 'cancelled' && e.state !== 'superseded' && (newestLive.get(key)?.version ?? 0) < e.version) newestLive.set(key, e);
    lanes.set(e.caseNo, [...(lanes.get(e.caseNo) ?? []), e]);
  }
  for (const lane of lanes.values()) lane.sort((a, b) => compareBig(a.lanePosition, b.lanePosition) || a.version - b.version);
  const listedAs = new Map<string, Set<string>>();
  for (const m of center.manifests) for (const line of m.messages) listedAs.set(line.messageId, (listedAs.get(line.messageId) ?? new Set()).add(line.sha256));
  const applied = center.journal.filter((e): e is MessageEntry => e.event === 'applied');
  const settledMs = (input.supervision?.settledAt ?? Infinity) * 1_000;
  return {
    underWay: new Set(exchanges.filter((e) => told?.includes(e.event) === true && e.capturedAt > settledMs).map((e) => e.messageId)),
    input, channel, carries: new Set(events), told: new Set(told), center, exchanges,
    byMessageId: new Map(exchanges.map((e) => [e.messageId, e])),
    newest, newestLive, lanes, applied,
    messages: center.journal.filter((e): e is MessageEntry => isMessage(e)),
    anomalies: center.journal.filter((e) => e.event === 'anomaly'),
    imported: center.journal.filter((e) => e.event === 'manifest'),
    standing: new Map(applied.map((e) => [keyOf(e.caseNo, e.message, e.sequence), e])),
    appliedById: new Map(applied.map((e) => [e.messageId, e])),
    listedAs,
    diskManifests: new Map(center.manifests.map((m) => [m.seq, m])),
    has: (disturbance) => input.disturbances.includes(disturbance),
  };
}

function isMessage(entry: JournalEntry): boolean {
  return entry.event !== 'anomaly' && entry.event !== 'manifest' && entry.event !== 'chain-resumed';
}

/** The code and reason that the ledger shows for an exchange that waits for a person; undefined where it shows none. */
export function shownReason(evidence: Evidence, e: LedgerExchange): { code: string; detail: string } | undefined {
  if (e.state !== 'parked' && e.state !== 'refused') return undefined;
  if (e.failureCode !== null && e.failureCode !== '' && e.failureDetail !== null && e.failureDetail !== '') return { code: e.failureCode, detail: e.failureDetail };
  const answer = e.state === 'refused' ? evidence.input.ledger.acknowledgements.find((a) => a.messageId === e.messageId && a.level === 'refused' && a.code !== null) : undefined;
  return answer === undefined ? undefined : { code: 'refused-by-receiver', detail: String(answer.code) };
}

/** The message that holds up an exchange's lane before it; undefined where nothing does. */
export function holderOf(evidence: Evidence, e: LedgerExchange): LedgerExchange | undefined {
  return evidence.lanes.get(e.caseNo)?.find((p) => (p.state === 'parked' || p.state === 'refused') && compareBig(p.lanePosition, e.lanePosition) < 0);
}

/** Whether a person can see why this exchange is not through: it, or one before it in its lane, waits with a reason. */
export function isExcused(evidence: Evidence, e: LedgerExchange): boolean {
  if (e.state === 'parked' || e.state === 'refused') return shownReason(evidence, e) !== undefined;
  if (e.state !== 'captured' && e.state !== 'rendered') return isBehindShownGap(evidence, e);
  const holder = holderOf(evidence, e);
  return holder !== undefined && shownReason(evidence, holder) !== undefined;
}

/** A staged message that the receiver cannot take because a file is gone or is not ours any more, which the mirror shows. */
export function isBehindShownGap(evidence: Evidence, e: LedgerExchange): boolean {
  if ((e.state !== 'staged' && e.state !== 'picked_up') || !evidence.has('files-removed')) return false;
  const taken = Math.max(0, ...evidence.imported.map((m) => m.manifest));
  return evidence.input.ledger.shown.some((f) => f.channel === e.channel && (f.kind === 'missing' || f.kind === 'renamed' || f.kind === 'misread') && (f.name === e.fileName || (f.manifestSeq !== null && f.manifestSeq > taken)));
}

/** Everything of the channel that waits for a person, with what waits behind it. */
export function listParked(evidence: Evidence): Parked[] {
  return evidence.exchanges.flatMap((e) => {
    const reason = shownReason(evidence, e);
    if (reason === undefined) return [];
    const behind = (evidence.lanes.get(e.caseNo) ?? []).filter((p) => (p.state === 'captured' || p.state === 'rendered') && holderOf(evidence, p)?.id === e.id).length;
    return [{ channel: e.channel, caseNo: e.caseNo, event: e.event, sequence: e.sequence, state: e.state, code: reason.code, detail: reason.detail, behind }];
  });
}
