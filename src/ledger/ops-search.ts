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
  readonly items?: readonly string[] | undefined;
  readonly codes?: readonly string[] | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  /** Beginning of a term as searchTerm writes it. */
  readonly person?: string | undefined;
  /** Text in the bytes, or in the snapshot of what has none. */
  readonly text?: string | undefined;
}

/**
 * Along what a search goes, newest first. few: the numbers are gathered and all looked at; walk: along one index, or the newest end
 * of the primary key, window by window.
 */
export type SearchWay =
  | { readonly kind: 'few'; readonly by: 'id' | 'message' | 'person' | 'case' | 'open-states' }
  | { readonly kind: 'walk'; readonly by: 'code' | 'standing-states' | 'item' | 'all' };

const open: readonly ExchangeState[] = ['captured', 'rendered', 'staged', 'picked_up', 'held'];

/** Ways that a search may go, the narrowest first; one that gathers may find too many, then the next is taken. */
export function searchWays(s: OpsSearch): SearchWay[] {
  const ways: SearchWay[] = [];
  if (s.id !== undefined) ways.push({ kind: 'few', by: 'id' });
  if (s.messageId !== undefined) ways.push({ kind: 'few', by: 'message' });
  if (s.person !== undefined) ways.push({ kind: 'few', by: 'person' });
  if (s.casePrefix !== undefined) ways.push({ kind: 'few', by: 'case' });
  if (s.states !== undefined && s.states.every((state) => open.includes(state))) ways.push({ kind: 'few', by: 'open-states' });
  if (s.codes !== undefined) ways.push({ kind: 'walk', by: 'code' });
  else if (s.states !== undefined && s.states.every((state) => state !== 'accepted' && !open.includes(state))) ways.push({ kind: 'walk', by: 'standing-states' });
  else if (s.items !== undefined) ways.push({ kind: 'walk', by: 'item' });
  else ways.push({ kind: 'walk', by: 'all' });
  return ways;
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
