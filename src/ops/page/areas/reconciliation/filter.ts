import type { LocationQuery, LocationQueryRaw } from 'vue-router';

/** What is looked for among the differences, as it stands in the address bar. */
export interface Filter {
  readonly state: string;
  readonly case: string;
  readonly reason: readonly string[];
  readonly severity: readonly string[];
  readonly kind: readonly string[];
  readonly assigned: string;
  readonly olderDays: string;
}

export const noFilter: Filter = { state: 'open', case: '', reason: [], severity: [], kind: [], assigned: '', olderDays: '' };

const one = (value: LocationQuery[string] | undefined): string => String((Array.isArray(value) ? value[0] : value) ?? '').slice(0, 500);
const many = (value: LocationQuery[string] | undefined): string[] => one(value).split(',').filter((word) => /^[a-z][a-z-]*$/.test(word));

export function readFilter(query: LocationQuery): Filter {
  const state = one(query['state']);
  const older = one(query['olderDays']).trim();
  return {
    state: ['closed', 'all'].includes(state) ? state : 'open', case: one(query['case']).trim(), reason: many(query['reason']), severity: many(query['severity']), kind: many(query['kind']), assigned: one(query['assigned']).trim(),
    olderDays: /^\d{1,4}$/.test(older) ? older : '',
  };
}

/** Only what narrows; the API takes the same. */
export function writeFilter(filter: { readonly [K in keyof Filter]: Filter[K] | undefined }): LocationQueryRaw {
  const entries = Object.entries(filter).map(([key, value]) => [key, typeof value === 'string' ? value.trim() : (value ?? []).join(',')]);
  return Object.fromEntries(entries.filter(([key, value]) => value !== '' && !(key === 'state' && value === 'open') && !(key === 'olderDays' && !/^\d{1,4}$/.test(value!))));
}
