import { createHash } from 'node:crypto';
import type { FailureCause } from './ops-search.js';

/** A cause as one word. A hash, because the partner's reason may name a person and the word stands in addresses. */
export function causeKey(c: FailureCause): string {
  const values = [c.channel, c.state, c.parkedFrom ?? null, c.code ?? null, c.element ?? null, c.rule ?? null, c.partnerCode ?? null, c.partnerReason ?? null];
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 32);
}
