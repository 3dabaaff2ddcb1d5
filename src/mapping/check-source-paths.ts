import { conditionPaths, type Condition } from '../domain/conditions.js';
import { parsePath, type SourcePath } from '../domain/source-path.js';
import type { EventDefinition, StreamDefinition } from '../domain/stream.js';

/** What a mapping may read at one place: the stream, the event it reports, and the child of the repeat it stands in. */
export interface PathContext {
  readonly stream: StreamDefinition;
  readonly event: EventDefinition;
  readonly repeat?: string | undefined;
}

/** Facts of the message itself; there is no division among them: that is a column of the case. */
export const messageColumns = ['id', 'channel', 'event', 'version', 'operation', 'at', 'sequence'] as const;

function columnFault(columns: Readonly<Record<string, unknown>>, column: string, of: string): string | undefined {
  return Object.hasOwn(columns, column) ? undefined : `a column of ${of} ('${column}' is none)`;
}

function childFault(stream: StreamDefinition, child: string): string | undefined {
  return Object.hasOwn(stream.children, child) ? undefined : `one of the children ${Object.keys(stream.children).join(', ')} ('${child}' is none)`;
}

/** What is wrong with a path at its place; undefined where nothing is. */
export function pathFault(path: SourcePath, { stream, event, repeat }: PathContext): string | undefined {
  switch (path.kind) {
    case 'case':
      return columnFault(stream.columns, path.column, `case (${stream.table})`);
    case 'message':
      return (messageColumns as readonly string[]).includes(path.column) ? undefined : `one of message.${messageColumns.join(', message.')}`;
    case 'item':
      if (event.each === undefined) return 'no item: the event exists once per case';
      return columnFault(stream.children[event.each]?.columns ?? {}, path.column, `item (${event.each})`);
    case 'each':
      if (repeat === undefined) return 'each only inside a repeat';
      return columnFault(stream.children[repeat]?.columns ?? {}, path.column, `each (${repeat})`);
    case 'first': {
      const fault = childFault(stream, path.child);
      if (fault !== undefined) return fault;
      const { columns } = stream.children[path.child]!;
      return columnFault(columns, path.column, path.child) ?? (path.where && columnFault(columns, path.where.column, path.child));
    }
  }
}

/** A path in the text of a mapping, or what was expected. */
export function compilePath(text: string, context: PathContext): SourcePath | string {
  const path = parsePath(text);
  if (!path) return 'a source path: case.<column>, item.<column>, each.<column>, <child>[<column>=<value>].<column> or message.<fact>';
  return pathFault(path, context) ?? path;
}

/** What is wrong with the paths of a condition, one text each. */
export function conditionFaults(condition: Condition, context: PathContext): string[] {
  return conditionPaths(condition).flatMap((text) => {
    const path = compilePath(text, context);
    return typeof path === 'string' ? [`${path} in ${text}`] : [];
  });
}

/** Whether a condition can only be judged inside a repeat. */
export function readsEach(condition: Condition): boolean {
  return conditionPaths(condition).some((p) => p.startsWith('each.'));
}

/** The bureau columns behind a path, as `reads` of a mapping lists them; none for facts of the message. */
export function columnsRead(path: SourcePath, repeat: string | undefined): string[] {
  switch (path.kind) {
    case 'message':
      return [];
    case 'each':
      return [`${repeat ?? 'each'}.${path.column}`];
    case 'first':
      return [`${path.child}.${path.column}`, ...(path.where ? [`${path.child}.${path.where.column}`] : [])];
    default:
      return [`${path.kind}.${path.column}`];
  }
}

/** Columns that a condition reads, `message.at` kept by that name. */
export function readColumns(condition: Condition, repeat: string | undefined): string[] {
  return conditionPaths(condition).flatMap((text) => {
    const path = parsePath(text);
    if (!path) return [];
    return text === 'message.at' ? [text] : columnsRead(path, repeat);
  });
}
