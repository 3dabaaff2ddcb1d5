import type { CaseSnapshot, Row } from './snapshot.js';
import { readPath, type Scope } from './source-path.js';
import type { EventDefinition, StreamDefinition } from './stream.js';

/** The child row that an exchange's event is about, or undefined where the event is about the case. */
export function itemOf(stream: StreamDefinition, event: string, sequence: string, snapshot: CaseSnapshot): Row | undefined {
  const each = stream.events[event]?.each;
  if (!each) return undefined;
  const key = stream.children[each]!.key;
  return (snapshot.children[each] ?? []).find((row) => row[key] === sequence);
}

/** The paths that an event's time may come from, the first that has a value counts. */
export const eventTimePaths = (event: Pick<EventDefinition, 'at'>): readonly string[] => (typeof event.at === 'string' ? [event.at] : event.at);

/** When an event happened; null while none of its paths has a value. */
export function eventTime<Path extends Parameters<typeof readPath>[0]>(paths: readonly Path[], scope: Scope): string | null {
  for (const path of paths) {
    const at = readPath(path, scope);
    if (at !== null && at.trim() !== '') return at;
  }
  return null;
}
