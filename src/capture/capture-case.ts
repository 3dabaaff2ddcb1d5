import { createHash } from 'node:crypto';
import { searchKeys } from '../domain/search-keys.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { StreamDefinition } from '../domain/stream.js';
import type { Subscription } from '../domain/subscription.js';
import type { CapturedCase } from '../ledger/captured-case.js';
import { deriveEvents } from './derive-events.js';

/** A snapshot with its digest and what it says should be reported. */
export function captureCase(stream: StreamDefinition, subscriptions: readonly Subscription[], snapshot: CaseSnapshot): CapturedCase {
  const body = JSON.stringify({ case: snapshot.case, children: snapshot.children });
  return { caseNo: snapshot.caseNo, body, digest: createHash('sha256').update(body).digest('hex'), childCounts: countsText(Object.fromEntries(Object.entries(snapshot.children).map(([name, rows]) => [name, rows.length]))), events: deriveEvents(stream, subscriptions, snapshot), keys: searchKeys(stream.search, snapshot) };
}

/** Row counts by child as one text, those without rows left out: equal text, no row was added or taken away. */
export function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.keys(counts).filter((name) => counts[name]! > 0).sort().map((name) => `${name}=${counts[name]!}`).join(';');
}
