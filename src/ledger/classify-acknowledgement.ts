import { nextState, unsentStates, type ExchangeState, type Move } from '../domain/exchange-states.js';
import type { Acknowledgement, AcknowledgementLevel } from '../domain/receiver-messages.js';

/**
 * What an acknowledgement is to the exchange it names. applied: the exchange moved; duplicate: says again what was said;
 * early: our record does not say staged yet, kept until it does; late: comes after what it reports was overtaken;
 * contradictory: against an earlier acknowledgement or about other bytes, shown and never followed; unknown: no such message.
 */
export const acknowledgementClasses = ['applied', 'duplicate', 'early', 'late', 'contradictory', 'unknown'] as const;
export type AcknowledgementClass = (typeof acknowledgementClasses)[number];

/** The exchange as our record has it when the acknowledgement is looked at. */
export interface ExchangeFacts {
  readonly state: ExchangeState;
  readonly sha256?: string | undefined;
}

export type EarlierAcknowledgement = Pick<Acknowledgement, 'level' | 'code' | 'sha256'>;

export interface Classified {
  readonly class: AcknowledgementClass;
  /** Where the exchange goes; only with `applied`. */
  readonly to?: ExchangeState;
}

const moveOf: Readonly<Record<AcknowledgementLevel, Move>> = { 'picked-up': 'pick-up', accepted: 'accept', refused: 'refuse' };
const stateOf: Readonly<Record<AcknowledgementLevel, ExchangeState>> = { 'picked-up': 'picked_up', accepted: 'accepted', refused: 'refused' };

/** Classifies one acknowledgement against the exchange (undefined: no such message) and those of it that came before. */
export function classifyAcknowledgement(
  exchange: ExchangeFacts | undefined,
  earlier: readonly EarlierAcknowledgement[],
  acknowledgement: EarlierAcknowledgement,
): Classified {
  if (exchange === undefined) return { class: 'unknown' };
  const said = earlier.filter((e) => e.level === acknowledgement.level && e.code === acknowledgement.code);

  // While nothing is staged the bytes may still change, so their digest is judged when they are.
  if (unsentStates.includes(exchange.state)) return { class: said.some((e) => e.sha256 === acknowledgement.sha256) ? 'duplicate' : 'early' };

  if (meansOtherBytes(exchange, acknowledgement)) return { class: said.some((e) => e.sha256 === acknowledgement.sha256) ? 'duplicate' : 'contradictory' };
  if (said.some((e) => !meansOtherBytes(exchange, e))) return { class: 'duplicate' };

  const to = nextState(exchange.state, moveOf[acknowledgement.level]);
  if (to !== undefined) return { class: 'applied', to };
  if (exchange.state === 'superseded' || exchange.state === 'cancelled') return { class: 'late' };
  // The same answer with another code: nothing is taken back, and nothing changes any more.
  if (exchange.state === stateOf[acknowledgement.level] || acknowledgement.level === 'picked-up') return { class: 'late' };
  return { class: 'contradictory' };
}

function meansOtherBytes(exchange: ExchangeFacts, acknowledgement: EarlierAcknowledgement): boolean {
  return acknowledgement.sha256 !== undefined && exchange.sha256 !== undefined && acknowledgement.sha256 !== exchange.sha256;
}
