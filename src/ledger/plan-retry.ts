import { nextState, type ExchangeState } from '../domain/exchange-states.js';
import type { LatestExchange } from './plan-exchanges.js';

/** An exchange that somebody wants to be tried again. */
export interface RetryCandidate extends LatestExchange {
  readonly caseNo: string;
  readonly stream: string;
  readonly parkedFrom?: ExchangeState | undefined;
  /** The newest exchange of the same event that was not cancelled, where that is another one. */
  readonly newer?: { readonly id: string; readonly version: number; readonly state: ExchangeState } | undefined;
  /** The highest version of the event, cancelled ones included; its own where absent. */
  readonly highest?: number | undefined;
  /** The receiver also said that it accepted it, and nobody set that aside. */
  readonly alsoAccepted?: boolean;
}

/**
 * return: goes back to where it was parked; open: the next version of the same event takes its place in the lane; yield: a
 * newer version is with the receiver already, so this one only stops blocking the lane; none: cannot be retried.
 */
export type RetryStep =
  | { readonly action: 'return'; readonly to: ExchangeState }
  | { readonly action: 'open'; readonly version: number; /** Said with it, and no reason to forbid it. */ readonly doubt?: string }
  | { readonly action: 'yield'; readonly to: string }
  | { readonly action: 'none'; readonly why: string };

/** A next version would be a second one where the receiver has the first. */
const alsoAccepted = 'the receiver also said that it accepted the refused one: ask there first';

const whyNot: Readonly<Record<Exclude<ExchangeState, 'parked' | 'refused'>, string>> = {
  captured: 'nothing stopped it: it is waiting to be rendered, or to be tried again by itself',
  rendered: 'nothing stopped it: it is waiting for its turn in the lane, or to be tried again by itself',
  staged: 'the receiver has it and has not answered yet; if it got lost on the way, replay sends it again',
  picked_up: 'the receiver has it and has not answered yet; if it got lost on the way, replay sends it again',
  held: 'an administrator holds it: release it',
  accepted: 'the receiver has accepted it',
  superseded: 'a newer version has taken its place',
  cancelled: 'it was cancelled',
};

/** What a retry does with one exchange. `render`: one whose bytes never left the house is rendered anew from its snapshot. */
export function planRetry(exchange: RetryCandidate, options: { readonly render: boolean }): RetryStep {
  if (exchange.state === 'parked') {
    const back = nextState('parked', 'retry', exchange.parkedFrom)!;
    if (!options.render || back === 'captured') return { action: 'return', to: back };
    if (exchange.tried) return { action: 'none', why: 'its bytes may lie on the staging machine already, so they stay as they are; retry without --render' };
    return { action: 'return', to: 'captured' };
  }
  if (exchange.state !== 'refused') return { action: 'none', why: whyNot[exchange.state] };
  if (exchange.newer === undefined) return { action: 'open', version: (exchange.highest ?? exchange.version) + 1, ...(exchange.alsoAccepted === true ? { doubt: alsoAccepted } : {}) };
  const { id, version, state } = exchange.newer;
  if (state === 'staged' || state === 'picked_up' || state === 'accepted') return { action: 'yield', to: id };
  return { action: 'none', why: `version ${version} of the same event is ${state} (exchange ${id})` };
}

/** What a step opens, in words, with what is doubtful about it. */
export function describeOpening(what: string, step: Extract<RetryStep, { action: 'open' }>): string {
  return step.doubt === undefined ? what : `${what}; ${step.doubt}`;
}
