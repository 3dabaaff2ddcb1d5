import { nextState, type ExchangeState } from '../domain/exchange-states.js';

export interface CancelFacts {
  readonly state: ExchangeState;
  /** A delivery claimed it at least once. */
  readonly tried: boolean;
  /** A worker holds it now. */
  readonly claimed: boolean;
  /** State of the manifest that lists it. */
  readonly manifest?: 'prepared' | 'carried' | 'staged' | undefined;
}

export type CancelStep =
  | { readonly action: 'cancel'; readonly notice?: string }
  | { readonly action: 'none'; readonly why: string };

const whyNot: Readonly<Partial<Record<ExchangeState, string>>> = {
  staged: 'the receiver can have it already; what was sent is taken back by a correction or a withdrawal in the bureau',
  picked_up: 'the receiver has it; what was sent is taken back by a correction or a withdrawal in the bureau',
  accepted: 'the receiver has accepted it',
  superseded: 'a newer version has taken its place',
  cancelled: 'it was cancelled before',
};

/** Whether an administrator may end an exchange; only what the receiver cannot have taken. */
export function planCancel(facts: CancelFacts): CancelStep {
  if (nextState(facts.state, 'cancel') === undefined) return { action: 'none', why: whyNot[facts.state] ?? `nothing leads from ${facts.state} to cancelled` };
  if (facts.state === 'rendered' && facts.manifest === 'prepared') return { action: 'none', why: 'a manifest that is just being delivered lists it' };
  if (facts.state === 'rendered' && facts.manifest === 'carried') return { action: 'none', why: 'it is in a hand-over package' };
  if (facts.claimed) return { action: 'none', why: 'a worker has it in hand; try again in a minute' };
  if (facts.tried && facts.state !== 'refused') return { action: 'cancel', notice: 'a delivery was tried: its file may lie on the staging machine, without a manifest that lists it' };
  return { action: 'cancel' };
}
