/** The states of an exchange and the moves between them, as data. No stage names its neighbour; it asks this table. */

export const exchangeStates = [
  'captured', // snapshot taken, nothing rendered
  'rendered', // bytes fixed and judged by the XSD
  'staged', // on the staging machine, verified, renamed and listed in a manifest
  'picked_up', // the receiver says it has the file
  'accepted', // the receiver's record holds it
  'refused', // the receiver said no, with a code and a reason
  'parked', // a person must act; failure_code says who and what
  'held', // an administrator keeps it back, with a reason; only a release moves it on
  'superseded', // a newer version of the same event took its place in the lane
  'cancelled', // an administrator ended it, with a reason
] as const;
export type ExchangeState = (typeof exchangeStates)[number];

/** What makes an exchange move. */
export type Move =
  | 'render'
  | 'stage'
  | 'pick-up'
  | 'accept'
  | 'refuse'
  | 'park'
  | 'retry'
  | 'refresh'
  | 'resend'
  | 'supersede'
  | 'recover'
  | 'hold'
  | 'release'
  | 'skip'
  | 'cancel';

interface Transition {
  readonly from: ExchangeState;
  readonly move: Move;
  /** `parked-from` means: the state the exchange was parked or held in. */
  readonly to: ExchangeState | 'parked-from';
}

export const transitions: readonly Transition[] = [
  { from: 'captured', move: 'render', to: 'rendered' },
  { from: 'rendered', move: 'stage', to: 'staged' },
  { from: 'staged', move: 'pick-up', to: 'picked_up' },
  { from: 'staged', move: 'accept', to: 'accepted' },
  { from: 'staged', move: 'refuse', to: 'refused' },
  { from: 'picked_up', move: 'accept', to: 'accepted' },
  { from: 'picked_up', move: 'refuse', to: 'refused' },
  // A correction in the bureau reaches an exchange that never left the house: same version, new snapshot.
  { from: 'captured', move: 'refresh', to: 'captured' },
  { from: 'rendered', move: 'refresh', to: 'captured' },
  { from: 'parked', move: 'refresh', to: 'captured' },
  // Held stays held: who holds it decides when the correction goes.
  { from: 'held', move: 'refresh', to: 'held' },
  // An administrator's order: the file got lost on the way; the same bytes go again under the same name and id.
  { from: 'staged', move: 'resend', to: 'rendered' },
  { from: 'picked_up', move: 'resend', to: 'rendered' },
  { from: 'captured', move: 'park', to: 'parked' },
  { from: 'rendered', move: 'park', to: 'parked' },
  { from: 'parked', move: 'retry', to: 'parked-from' },
  // Only what is still in the house can be kept back. A parked one stands still already.
  { from: 'captured', move: 'hold', to: 'held' },
  { from: 'rendered', move: 'hold', to: 'held' },
  { from: 'held', move: 'release', to: 'parked-from' },
  // It stays what it is, at the end of its lane: later messages no longer wait for it.
  { from: 'staged', move: 'skip', to: 'staged' },
  { from: 'picked_up', move: 'skip', to: 'picked_up' },
  { from: 'refused', move: 'skip', to: 'refused' },
  { from: 'parked', move: 'skip', to: 'parked' },
  { from: 'held', move: 'skip', to: 'held' },
  { from: 'refused', move: 'supersede', to: 'superseded' },
  // Of a recovered ledger: its answer is lost, and a newer version of the same event is known to have been sent after it.
  { from: 'staged', move: 'supersede', to: 'superseded' },
  { from: 'picked_up', move: 'supersede', to: 'superseded' },
  // A manifest on the staging machine proves that it was sent, although a restored ledger says otherwise.
  { from: 'captured', move: 'recover', to: 'staged' },
  { from: 'rendered', move: 'recover', to: 'staged' },
  { from: 'parked', move: 'recover', to: 'staged' },
  { from: 'held', move: 'recover', to: 'staged' },
  { from: 'cancelled', move: 'recover', to: 'staged' },
  { from: 'captured', move: 'cancel', to: 'cancelled' },
  { from: 'rendered', move: 'cancel', to: 'cancelled' },
  { from: 'parked', move: 'cancel', to: 'cancelled' },
  { from: 'held', move: 'cancel', to: 'cancelled' },
  { from: 'refused', move: 'cancel', to: 'cancelled' },
];

/** States in which nothing more is expected of anybody. */
export const settledStates: readonly ExchangeState[] = ['accepted', 'superseded', 'cancelled'];
/** States in which the exchange waits for a person. */
export const waitingForPersonStates: readonly ExchangeState[] = ['refused', 'parked', 'held'];
/** States in which the receiver cannot have seen the message. */
export const unsentStates: readonly ExchangeState[] = ['captured', 'rendered', 'parked', 'held'];

/** The state that `move` leads to from `from`, or undefined where the table has no such move. */
export function nextState(from: ExchangeState, move: Move, parkedFrom?: ExchangeState): ExchangeState | undefined {
  const row = transitions.find((t) => t.from === from && t.move === move);
  if (!row) return undefined;
  return row.to === 'parked-from' ? (parkedFrom ?? 'captured') : row.to;
}

/** States that let the next message of a lane go, by the channel's rule. */
export function throughStates(rule: 'accepted' | 'staged'): readonly ExchangeState[] {
  return rule === 'accepted' ? settledStates : [...settledStates, 'staged', 'picked_up'];
}
