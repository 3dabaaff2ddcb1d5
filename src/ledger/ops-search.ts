import type { ExchangeState } from '../domain/exchange-states.js';
import type { ChannelName, Instant } from '../domain/vocabulary.js';

/** What the exchanges of a search have in common; all that is given must hold. */
export interface OpsSearch {
  readonly casePrefix?: string | undefined;
  readonly messageId?: string | undefined;
  readonly id?: string | undefined;
  readonly channels?: readonly string[] | undefined;
  readonly states?: readonly ExchangeState[] | undefined;
  readonly events?: readonly string[] | undefined;
  readonly codes?: readonly string[] | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
}

/** One cause: what stands still for the same reason at the same place. */
export interface FailureCause {
  readonly channel: ChannelName;
  readonly state: 'parked' | 'refused';
  readonly parkedFrom?: string | undefined;
  readonly code?: string | undefined;
  readonly element?: string | undefined;
  readonly rule?: string | undefined;
  readonly partnerCode?: string | undefined;
  readonly partnerReason?: string | undefined;
}
