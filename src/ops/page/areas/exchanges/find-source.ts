import type { ExchangeDetail } from '../../../../domain/ops-exchange-api.js';

type Snapshot = NonNullable<ExchangeDetail['snapshot']>;
/** Where a value stands in a snapshot: a column of the case, or of a row of a child table. */
export interface Place { readonly child?: string | undefined; readonly row?: number | undefined; readonly column: string }

/** Key of a place, to compare. */
export const placeKey = (place: Place): string => `${place.child ?? ''} ${place.row ?? ''} ${place.column}`;

/** The place that a finding's source names, `land_applicant.cert_no (applicant_no=2)`; undefined when the snapshot has none. */
export function findSource(source: string, snapshot: Snapshot): Place | undefined {
  const match = /^([\w$]+)\.([\w$]+)(?: \(([\w$]+)=(.*)\))?$/.exec(source);
  if (!match) return undefined;
  const [, table, column, key, value] = match as unknown as [string, string, string, string | undefined, string | undefined];
  if (key === undefined && Object.hasOwn(snapshot.case, column)) return { column };
  // A snapshot names its children by the stream's words, a source by the bureau's tables: the one whose name is more alike first.
  const alike = (child: string): number => (table.includes(child.replace(/s$/, '')) || child.includes(table.replace(/^land_/, '')) ? 0 : 1);
  for (const child of Object.keys(snapshot.children).sort((a, b) => alike(a) - alike(b))) {
    const row = snapshot.children[child]!.findIndex((r) => Object.hasOwn(r, column) && (key === undefined || r[key] === value));
    if (row >= 0) return { child, row, column };
  }
  return undefined;
}
