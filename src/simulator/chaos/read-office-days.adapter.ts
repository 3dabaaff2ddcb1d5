import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { parse } from 'yaml';
import type { OfficeDays } from './reckon-time.js';

interface CalendarFile {
  readonly hours: readonly { readonly from?: string; readonly morning?: string; readonly afternoon?: string }[];
  readonly freeDays: readonly { readonly day: string }[];
  readonly workingDays: readonly { readonly day: string }[];
  readonly nationalYears: Readonly<Record<string, { readonly freeDays: readonly string[]; readonly workingDays: readonly string[] }>>;
}

const dayMs = 86_400_000;
const numberOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) / dayMs;
const textOf = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);

function range(entry: string): string[] {
  const [from, until] = entry.split('..');
  const days: string[] = [];
  for (let day = numberOf(from!); day <= numberOf(until ?? from!); day += 1) days.push(textOf(day));
  return days;
}

const seconds = (clock: string): number => Number(clock.slice(0, 2)) * 3_600 + Number(clock.slice(3, 5)) * 60;

/** The office days that a calendar file gives, with the national arrangement of chinese-days for the years in a row that it holds. */
export async function readOfficeDays(file: string): Promise<OfficeDays> {
  const calendar = parse(await readFile(file, 'utf8')) as CalendarFile;
  const table = createRequire(import.meta.url)('chinese-days/dist/chinese-days.json') as { readonly holidays: Readonly<Record<string, string>>; readonly workdays: Readonly<Record<string, string>> };
  const own = Object.entries(calendar.nationalYears);
  const known = new Set([...Object.keys(table.holidays).map((day) => day.slice(0, 4)), ...own.map(([year]) => year)]);
  const named = new Map<string, boolean>();
  for (const day of Object.keys(table.holidays)) named.set(day, false);
  for (const day of Object.keys(table.workdays)) named.set(day, true);
  for (const [year, { freeDays, workingDays }] of own) {
    for (const day of [...named.keys()].filter((d) => d.startsWith(year))) named.delete(day);
    for (const entry of freeDays) for (const day of range(entry)) named.set(day, false);
    for (const entry of workingDays) for (const day of range(entry)) named.set(day, true);
  }
  for (const { day } of calendar.freeDays) for (const d of range(day)) named.set(d, false);
  for (const { day } of calendar.workingDays) for (const d of range(day)) named.set(d, true);
  const first = Math.min(...[...known].map(Number));
  let last = first;
  while (known.has(String(last + 1))) last += 1;
  const spans: (readonly (readonly [number, number])[])[] = [];
  for (let day = numberOf(`${first}-01-01`); day < numberOf(`${last + 1}-01-01`); day += 1) {
    const text = textOf(day);
    const works = named.get(text) ?? ![0, 6].includes(new Date(day * dayMs).getUTCDay());
    const hours = calendar.hours.filter((h) => (h.from ?? '') <= text).at(-1);
    spans.push(works ? [hours?.morning, hours?.afternoon].flatMap((span) => (span === undefined ? [] : [[seconds(span.slice(0, 5)), seconds(span.slice(6, 11))] as const])) : []);
  }
  return { first: numberOf(`${first}-01-01`), spans };
}
