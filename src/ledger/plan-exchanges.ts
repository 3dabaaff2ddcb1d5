import { unsentStates, type ExchangeState } from '../domain/exchange-states.js';
import type { ExchangeId, Operation } from '../domain/vocabulary.js';

/** What a captured case says should be reported, per channel that wants it. */
export interface DerivedEvent {
  readonly channel: string;
  readonly event: string;
  readonly sequence: string;
  /** Bureau time of the event. */
  readonly at: string;
  readonly phase: number;
  readonly urgent: boolean;
  /** Digest of exactly what the channel's mapping reads. */
  readonly digest: string;
  /** Reported only where the receiver may hold an earlier version of it: a light that goes out was on. */
  readonly onlyAfter?: boolean | undefined;
  /** What was overtaken before it left says nothing: back at what the receiver holds, the unsent correction is dropped. */
  readonly latestOnly?: boolean | undefined;
}

/** The newest exchange of one (channel, event, sequence) of the case. */
export interface LatestExchange {
  readonly id: ExchangeId;
  readonly channel: string;
  readonly event: string;
  readonly sequence: string;
  readonly version: number;
  readonly operation: Operation;
  readonly state: ExchangeState;
  readonly digest: string;
  readonly at: string;
  readonly lanePosition: string;
  readonly snapshotId: string;
  readonly tried: boolean;
  readonly urgent: boolean;
  readonly item?: string | undefined;
  /** Where this one never left: the newest earlier version that did, which is what the receiver may hold. */
  readonly sent?: SentVersion | undefined;
}

export interface SentVersion {
  readonly operation: Operation;
  readonly digest: string;
  readonly at: string;
  readonly snapshotId: string;
}

export interface OpenedExchange {
  readonly channel: string;
  readonly event: string;
  readonly sequence: string;
  readonly version: number;
  readonly operation: Operation;
  readonly at: string;
  readonly urgent: boolean;
  readonly digest: string;
  /** Set when it takes the lane position of the one it supersedes. */
  readonly supersedes?: { readonly id: ExchangeId; readonly lanePosition: string };
  /** Set when the event no longer stands: the snapshot that last showed it. */
  readonly snapshotId?: string;
}

export interface ExchangePlan {
  /** In the order of the lane. */
  readonly open: readonly OpenedExchange[];
  /** Never left the house: takes the new snapshot and is rendered anew, same version. */
  readonly refresh: readonly { readonly id: ExchangeId; readonly from: ExchangeState; readonly digest: string; readonly at: string }[];
  /** Never left the house and no longer stands. */
  readonly cancel: readonly { readonly id: ExchangeId; readonly from: ExchangeState }[];
}

const keyOf = (e: { channel: string; event: string; sequence: string }): string => `${e.channel}\u0000${e.event}\u0000${e.sequence}`;
const neverLeft = (e: LatestExchange): boolean => unsentStates.includes(e.state) && !e.tried;
/** Whether nothing of this version can be with the receiver, so that an earlier one decides what it holds. */
export const stayedInHouse = (e: LatestExchange): boolean => neverLeft(e) || (e.state === 'cancelled' && !e.tried);
/** The version that the receiver holds, where it holds one. */
function heldOf(last: LatestExchange): SentVersion | undefined {
  const held = stayedInHouse(last) ? last.sent : last.state === 'cancelled' ? undefined : last;
  return held?.operation === 'D' ? undefined : held;
}
const collate = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Lane order of one case: phase, then time, then sequence as a number where it is one. */
export function compareEvents(a: DerivedEvent, b: DerivedEvent): number {
  return a.phase - b.phase || collate(a.at, b.at) || collate(a.sequence.padStart(12, '0'), b.sequence.padStart(12, '0')) || collate(a.event, b.event);
}

/**
 * Compares what the case says now with what was reported. A changed digest is a correction (version + 1, or the unsent
 * exchange takes the new snapshot); a vanished event is reported as D; `reappeared` re-reports all of a case that had been
 * reported as deleted.
 */
export function planExchanges(derived: readonly DerivedEvent[], latest: readonly LatestExchange[], options: { reappeared: boolean; reportVanished: boolean }): ExchangePlan {
  const known = new Map(latest.map((e) => [keyOf(e), e]));
  const open: OpenedExchange[] = [];
  const refresh: ExchangePlan['refresh'][number][] = [];
  const cancel: ExchangePlan['cancel'][number][] = [];
  const present = new Set<string>();

  for (const event of [...derived].sort(compareEvents)) {
    const key = keyOf(event);
    const last = known.get(key);
    const held = last && heldOf(last);
    if (event.onlyAfter && !held) continue; // and what never left of it is cancelled below
    present.add(key);
    const base = { channel: event.channel, event: event.event, sequence: event.sequence, at: event.at, urgent: event.urgent, digest: event.digest };
    if (!last) {
      open.push({ ...base, version: 1, operation: 'I' });
    } else if (event.latestOnly && held && stayedInHouse(last) && !options.reappeared) {
      if (held.digest === event.digest) {
        if (neverLeft(last)) cancel.push({ id: last.id, from: last.state });
      } else if (!neverLeft(last)) open.push({ ...base, version: last.version + 1, operation: 'U' });
      else if (last.digest !== event.digest) refresh.push({ id: last.id, from: last.state, digest: event.digest, at: event.at });
    } else if (last.state === 'cancelled' && last.operation === 'I' && !last.tried) {
      // It was withdrawn before anybody saw it and is back: the receiver still knows nothing of it.
      open.push({ ...base, version: last.version + 1, operation: 'I' });
    } else if (last.operation === 'D' || options.reappeared) {
      open.push({ ...base, version: last.version + 1, operation: 'U' });
    } else if (last.digest !== event.digest) {
      if (neverLeft(last)) refresh.push({ id: last.id, from: last.state, digest: event.digest, at: event.at });
      else open.push({ ...base, version: last.version + 1, operation: 'U', ...(last.state === 'refused' ? { supersedes: { id: last.id, lanePosition: last.lanePosition } } : {}) });
    }
  }

  if (options.reportVanished) {
    for (const last of latest) {
      if (present.has(keyOf(last)) || last.operation === 'D') continue;
      if (neverLeft(last)) cancel.push({ id: last.id, from: last.state });
      // A correction that never left is cancelled, and the version before it, which did leave, is taken back.
      const held = heldOf(last);
      if (held === undefined) continue;
      open.push({
        channel: last.channel, event: last.event, sequence: last.sequence, version: last.version + 1, operation: 'D', at: held.at,
        urgent: last.urgent, digest: held.digest, snapshotId: held.snapshotId,
        ...(last.state === 'refused' ? { supersedes: { id: last.id, lanePosition: last.lanePosition } } : {}),
      });
    }
  }
  return { open, refresh, cancel };
}

/**
 * A case deleted in the bureau: what never left is cancelled; if the receiver knows anything of the case, each channel
 * that takes the removal event gets it once with operation D. `lane` holds what other streams told of it too: who holds but a card
 * of the case is told that it is gone.
 */
export function planRemoval(latest: readonly LatestExchange[], removal: { event: string; at: string; channels: readonly string[] }, lane: readonly LatestExchange[] = latest): ExchangePlan {
  // What was refused will not be corrected any more; left standing it would hold back the removal in its lane.
  const cancel = latest.filter((e) => neverLeft(e) || e.state === 'refused').map((e) => ({ id: e.id, from: e.state }));
  const open: OpenedExchange[] = [];
  for (const channel of removal.channels) {
    const seen = lane.some((e) => e.channel === channel && (stayedInHouse(e) ? e.sent !== undefined : e.state !== 'cancelled'));
    if (!seen) continue;
    const last = latest.filter((e) => e.channel === channel && e.event === removal.event).sort((a, b) => b.version - a.version)[0];
    // Also where the newest is a D: one that took a result back says nothing of a deletion, and one that never left goes now.
    open.push({
      channel, event: removal.event, sequence: last?.sequence ?? '1', version: (last?.version ?? 0) + 1, operation: 'D', at: removal.at, urgent: false,
      digest: 'removed',
    });
  }
  return { open, refresh: [], cancel };
}
