import { createHash } from 'node:crypto';
import { eventTime, eventTimePaths } from '../domain/event-item.js';
import { testCondition, type Scope } from '../domain/source-path.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { EventDefinition, StreamDefinition } from '../domain/stream.js';
import type { Subscription } from '../domain/subscription.js';
import type { DerivedEvent } from '../ledger/plan-exchanges.js';

/** What a snapshot says should be reported: one entry per event instance and channel that wants it. */
export function deriveEvents(stream: StreamDefinition, subscriptions: readonly Subscription[], snapshot: CaseSnapshot): DerivedEvent[] {
  const out: DerivedEvent[] = [];
  for (const [name, event] of Object.entries(stream.events)) {
    const wanted = subscriptions.filter((s) => s.event === name);
    if (wanted.length === 0) continue;
    for (const { scope, sequence } of instances(stream, event, snapshot)) {
      if (event.when && !testCondition(event.when, scope)) continue;
      const at = eventTime(eventTimePaths(event), scope);
      if (at === null) continue;
      for (const subscription of wanted) {
        out.push({
          channel: subscription.channel,
          event: name,
          sequence,
          at,
          phase: phaseOf(event, scope),
          urgent: event.urgent,
          digest: sha256(`${at}\u0000${subscription.digestInput(snapshot, scope.item)}`),
        });
      }
    }
  }
  return out;
}

function* instances(stream: StreamDefinition, event: EventDefinition, snapshot: CaseSnapshot): Generator<{ scope: Scope; sequence: string }> {
  if (!event.each) {
    yield { scope: { snapshot }, sequence: '1' };
    return;
  }
  const key = stream.children[event.each]!.key;
  for (const item of snapshot.children[event.each] ?? []) {
    const sequence = item[key];
    if (sequence !== null && sequence !== undefined) yield { scope: { snapshot, item }, sequence };
  }
}

function phaseOf(event: EventDefinition, scope: Scope): number {
  if (typeof event.phase === 'number') return event.phase;
  const entry = event.phase.find((p) => !p.when || testCondition(p.when, scope));
  // The configuration check makes the last entry unconditional, so that every instance has a phase.
  return entry?.is ?? event.phase.at(-1)!.is;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
