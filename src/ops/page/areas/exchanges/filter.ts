import type { LocationQuery, LocationQueryRaw } from 'vue-router';
import type { ExchangeQuery } from '../../../../domain/ops-exchange-api.js';
import { instantOf } from '../../parts/format.js';

/** What is looked for, as it stands in the address bar: times in Shanghai, 2026-11-25T09:30. */
export interface Filter {
  readonly case: string;
  readonly message: string;
  readonly id: string;
  readonly item: string;
  readonly channel: readonly string[];
  readonly state: readonly string[];
  readonly event: readonly string[];
  readonly code: readonly string[];
  readonly from: string;
  readonly to: string;
}
/** What names a person never stands in an address: it would lie in the history of the browser and the log of a proxy. */
export interface Personal { readonly applicant: string; readonly text: string }

export const noFilter: Filter = { case: '', message: '', id: '', item: '', channel: [], state: [], event: [], code: [], from: '', to: '' };
export const noPersonal: Personal = { applicant: '', text: '' };

const one = (value: LocationQuery[string] | undefined): string => String((Array.isArray(value) ? value[0] : value) ?? '').slice(0, 2000);
const many = (value: LocationQuery[string] | undefined): string[] => one(value).split(',').filter((word) => /^[a-z][a-z0-9_-]*$/.test(word));
const moment = (value: string): string => (/^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(value) ? (value.length === 10 ? `${value}T00:00` : value) : '');

export function readFilter(query: LocationQuery): Filter {
  return {
    case: one(query['case']).trim(), message: one(query['message']).trim(), id: one(query['id']).trim(), item: one(query['item']).trim(),
    channel: many(query['channel']), state: many(query['state']), event: many(query['event']), code: many(query['code']), from: moment(one(query['from'])), to: moment(one(query['to'])),
  };
}

export function writeFilter(filter: Filter): LocationQueryRaw {
  return Object.fromEntries(Object.entries(filter).map(([key, value]) => [key, typeof value === 'string' ? value.trim() : value.join(',')]).filter(([, value]) => value !== ''));
}

/** The filter as the API takes it. */
export function queryOf(filter: Filter): ExchangeQuery {
  const instant = (local: string): string | undefined => (local === '' ? undefined : instantOf(local.slice(0, 10), local.slice(11)));
  const { from, to, ...rest } = filter;
  return Object.fromEntries(Object.entries({ ...writeFilter({ ...rest, from: '', to: '' }), from: instant(from), to: instant(to) }).filter(([, value]) => value !== undefined)) as ExchangeQuery;
}

export const isEmpty = (filter: Filter): boolean => Object.keys(writeFilter(filter)).length === 0;
