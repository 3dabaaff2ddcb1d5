import type { ClockLevel } from './supervision-facts.js';
import type { ChannelName, ExchangeId, Instant } from './vocabulary.js';

/** Whose time an event took, in milliseconds; what lasts still is counted up to now. */
export interface EventShares {
  readonly exchangeId: ExchangeId;
  readonly channel: ChannelName;
  readonly event: string;
  readonly sequence: string;
  readonly version: number;
  readonly happenedAt: Instant;
  /** From what the bureau says happened until we saw it: entered late there, or polled late here. */
  readonly bureauMs: number;
  readonly gatewayMs: number;
  readonly stagingMs: number;
  readonly centerMs: number;
  readonly acceptedAt?: Instant | undefined;
  readonly waitsAt?: 'gateway' | 'staging machine' | 'center' | undefined;
}

/** A level that the receiver must have seen only because an event reached it late. */
export interface ExchangeDelay {
  readonly channel: ChannelName;
  readonly level: ClockLevel;
  /** The level by what had happened, at the same moment. */
  readonly ours?: ClockLevel | undefined;
  /** When it reached that level there. */
  readonly at: Instant;
  /** The events that had happened and were captured by then, and were not accepted there yet. */
  readonly late: readonly EventShares[];
}

export interface Delays {
  readonly events: readonly EventShares[];
  readonly caused: readonly ExchangeDelay[];
}
