import type { CaseSnapshot, Row } from './snapshot.js';
import type { StreamDefinition } from './stream.js';

/** The child row that an exchange's event is about, or undefined where the event is about the case. */
export function itemOf(stream: StreamDefinition, event: string, sequence: string, snapshot: CaseSnapshot): Row | undefined {
  const each = stream.events[event]?.each;
  if (!each) return undefined;
  const key = stream.children[each]!.key;
  return (snapshot.children[each] ?? []).find((row) => row[key] === sequence);
}
