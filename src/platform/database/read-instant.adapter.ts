import pg from 'pg';

const atUtc = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?\+00$/;
const readDate = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ) as (text: string) => Date;

/** PostgreSQL's text of an instant ('2026-11-26 05:07:34.12+00') as ISO 8601 in UTC with milliseconds; the driver reads what a session in another zone says. */
export function readInstant(text: string): string {
  if (!atUtc.test(text)) return readDate(text).toISOString();
  const fraction = text.slice(19, -3);
  return `${text.slice(0, 10)}T${text.slice(11, 19)}${fraction === '' ? '.000' : fraction.padEnd(4, '0')}Z`;
}
