import { nextState, type ExchangeState } from '../domain/exchange-states.js';
import { describeOpening, type RetryStep } from './plan-retry.js';

/** What is known of an exchange that somebody wants to be sent again. */
export interface ReplayFacts {
  readonly state: ExchangeState;
  /** What a retry would do; asked for parked and refused ones. */
  readonly retry: RetryStep;
  /** A hand-over package that holds it. */
  readonly packageId?: string | undefined;
  /** The ledger no longer holds its bytes: it was recovered from a manifest. */
  readonly bytesGone?: boolean | undefined;
  /** A newer version of the same event that the receiver has, or had. */
  readonly newerSent?: { readonly id: string; readonly version: number } | undefined;
}

/**
 * ring: it is due anyway, its worker is woken; resend: the same bytes again under the same id and name; retry: as the retry
 * command does; none: nothing is sent, with the reason.
 */
export type ReplayStep =
  | { readonly action: 'ring' }
  | { readonly action: 'resend' }
  | { readonly action: 'retry'; readonly step: RetryStep }
  | { readonly action: 'none'; readonly why: string };

/** What a replay does with one exchange. Nothing that the receiver has accepted is ever sent again. */
export function planReplay(facts: ReplayFacts): ReplayStep {
  const { state, retry, packageId, newerSent, bytesGone } = facts;
  switch (state) {
    case 'captured':
    case 'rendered':
      return packageId === undefined ? { action: 'ring' } : { action: 'none', why: `it is in the hand-over package ${packageId}: confirm or cancel that` };
    case 'staged':
    case 'picked_up':
      if (newerSent !== undefined) return { action: 'none', why: `version ${newerSent.version} of the same event was sent after it (exchange ${newerSent.id})` };
      if (bytesGone === true) return { action: 'none', why: 'the ledger does not hold its bytes; a correction in the bureau is sent as the next version' };
      return nextState(state, 'resend') === undefined ? { action: 'none', why: `nothing leads back from ${state}` } : { action: 'resend' };
    case 'parked':
    case 'refused':
      return retry.action === 'none' ? { action: 'none', why: retry.why } : { action: 'retry', step: retry };
    case 'held':
      return { action: 'none', why: 'an administrator holds it: release it' };
    case 'accepted':
      return { action: 'none', why: 'the receiver has accepted it' };
    case 'superseded':
      return { action: 'none', why: 'a newer version has taken its place' };
    case 'cancelled':
      return { action: 'none', why: 'it was cancelled' };
  }
}

/** A step in words, the same in a plan and in a report. */
export function describeReplay(step: ReplayStep): string {
  switch (step.action) {
    case 'ring':
      return 'due anyway: its worker is woken';
    case 'resend':
      return 'sent again with the same bytes, id and name';
    case 'none':
      return `not sent: ${step.why}`;
    case 'retry':
      return step.step.action === 'return' ? `back to ${step.step.to}` : step.step.action === 'open' ? describeOpening('the next version is opened from the newest snapshot', step.step) : 'superseded: a newer version is with the receiver';
  }
}
