import type { PaymentStatus } from '../domain/reconciliation-records.js';

/** What a payment and its reversals look like, whether fee or tax. */
export interface Movement {
  readonly id: string;
  readonly channel: string;
  readonly number: string;
  readonly originalNumber: string | undefined;
  readonly status: PaymentStatus;
  readonly amountFen: bigint;
}

export interface Link<T> {
  readonly payment: T;
  /** Reversals and refunds that take it back, wholly or in part. */
  readonly takes: readonly T[];
  /** What is left of the payment; never negative. */
  readonly netFen: bigint;
}

export interface Linked<T> {
  readonly links: readonly Link<T>[];
  /** Second records with the number and status of another one. */
  readonly contradictory: readonly { readonly item: T; readonly first: T }[];
  /** Reversals and refunds whose payment is not known here. */
  readonly orphans: readonly T[];
  /** Reversals and refunds that are more than what was left of the payment. */
  readonly excessive: readonly { readonly item: T; readonly payment: T }[];
}

/** The number of the payment that a reversal or refund takes back; some systems repeat the payment's own number. */
export function originalOf(m: Pick<Movement, 'number' | 'originalNumber'>): string {
  return m.originalNumber ?? m.number;
}

/**
 * What is to be linked: settled records first, so that of two that contradict each other the settled one stands. A settled reversal
 * counts only with its settled payment; one that a person settled by itself is out of the sum.
 */
export function chooseLinkable<T>(inForce: readonly T[], read: (item: T) => Movement, isFixed: (item: T) => boolean): T[] {
  const numberOf = (item: T, number: string): string => `${read(item).channel} ${number}`;
  const payments = new Set(inForce.filter((item) => isFixed(item) && read(item).status === 'paid').map((item) => numberOf(item, read(item).number)));
  const fixed = inForce.filter((item) => isFixed(item) && (read(item).status === 'paid' || payments.has(numberOf(item, originalOf(read(item))))));
  return [...fixed, ...inForce.filter((item) => !isFixed(item))];
}

/** Ties reversals and refunds to their payments. Items must come in their canonical order. */
export function linkReversals<T>(items: readonly T[], read: (item: T) => Movement): Linked<T> {
  const firsts = new Map<string, T>();
  const contradictory: { item: T; first: T }[] = [];
  const taken: T[] = [];
  for (const item of items) {
    const m = read(item);
    const key = `${m.channel} ${m.number} ${m.status}`;
    const first = firsts.get(key);
    if (first === undefined) {
      firsts.set(key, item);
      taken.push(item);
    } else contradictory.push({ item, first });
  }
  const takes = new Map<T, T[]>();
  const left = new Map<T, bigint>();
  for (const item of taken) if (read(item).status === 'paid') left.set(item, read(item).amountFen);
  const orphans: T[] = [];
  const excessive: { item: T; payment: T }[] = [];
  for (const item of taken) {
    const m = read(item);
    if (m.status === 'paid') continue;
    const payment = firsts.get(`${m.channel} ${originalOf(m)} paid`);
    if (payment === undefined) orphans.push(item);
    else if (m.amountFen > left.get(payment)!) excessive.push({ item, payment });
    else {
      left.set(payment, left.get(payment)! - m.amountFen);
      takes.set(payment, [...(takes.get(payment) ?? []), item]);
    }
  }
  return { links: [...left].map(([payment, netFen]) => ({ payment, takes: takes.get(payment) ?? [], netFen })), contradictory, orphans, excessive };
}
