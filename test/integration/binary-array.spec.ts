import fc from 'fast-check';
import { writeBinaryArray } from '../../src/platform/database/write-binary-array.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

let db: DatabaseAdapter;
beforeAll(async () => {
  db = await openPostgres(await freshDatabase());
});
afterAll(async () => {
  await db.close();
  await stopPostgres();
});

const readBack = async (type: string, shown: string, array: Buffer): Promise<unknown[]> =>
  (await db.run(sql`select ${raw(shown)} as v from unnest(${array}::${raw(type)}) with ordinality as t(x, n) order by n`)).rows.map((r) => r['v']);

test('an instant is read as ISO 8601 in UTC, whatever zone the session is in', async () => {
  const told = async (zone: string, instant: string): Promise<unknown> => db.transaction(async (runner) => {
    await runner.run(sql`set local time zone ${raw(`'${zone}'`)}`);
    return (await runner.run(sql`select ${instant}::timestamptz as at`)).rows[0]!['at'];
  });
  for (const zone of ['UTC', 'Asia/Shanghai', 'America/St_Johns', 'Asia/Kathmandu'])
    for (const instant of ['2026-11-26T05:07:34.120Z', '2026-11-26T05:07:34.000Z', '1969-12-31T23:59:59.009Z', '2000-02-29T00:00:00.500Z']) expect(await told(zone, instant)).toBe(instant);
  expect((await db.run(sql`select null::timestamptz as at`)).rows[0]!['at']).toBeNull();
});

describe('a column as a binary array', () => {
  it('keeps every text that PostgreSQL can hold, nulls and empty ones', async () => {
    const text = fc.string({ unit: 'grapheme' }).map((s) => s.replaceAll('\u0000', ''));
    await fc.assert(fc.asyncProperty(fc.array(fc.option(text), { maxLength: 30 }), async (values) => {
      expect(await readBack('text[]', 'x', writeBinaryArray('text', values))).toEqual(values);
    }), { numRuns: 50 });
    expect(await readBack('text[]', 'x', writeBinaryArray('long', ['𠅤𬍛㛃', 'a"b\\c{},', '', null]))).toEqual(['𠅤𬍛㛃', 'a"b\\c{},', '', null]);
  });

  it('keeps bytes, numbers and instants to their last digit', async () => {
    const bytes = [Buffer.from([0, 255, 92, 34]), Buffer.alloc(0), null];
    expect(await readBack('bytea[]', 'x', writeBinaryArray('bytes', bytes))).toEqual(bytes);
    expect(await readBack('bigint[]', 'x::text', writeBinaryArray('big', ['9223372036854775807', '-9223372036854775808', '-1', 0, 999_999_999_999_999, '-4294967297', 12n, null]))).toEqual(['9223372036854775807', '-9223372036854775808', '-1', '0', '999999999999999', '-4294967297', '12', null]);
    expect(await readBack('integer[]', 'x', writeBinaryArray('int', [2147483647, '-5', null]))).toEqual([2147483647, -5, null]);
    expect(await readBack('smallint[]', 'x', writeBinaryArray('flag', [1, 0, null]))).toEqual([1, 0, null]);
    const instants = ['2026-11-24T01:02:03.004Z', '1969-12-31T23:59:59.999Z', '2000-01-01T00:00:00.000Z', null];
    expect(await readBack('timestamptz[]', `to_char(x at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`, writeBinaryArray('instant', instants))).toEqual(instants);
  });

  it('names a value that is no instant or no whole number', () => {
    expect(() => writeBinaryArray('instant', ['yesterday'])).toThrow("expected an instant as ISO 8601, not 'yesterday'");
    for (const v of ['', '1.5', 'one', 2 ** 60]) expect(() => writeBinaryArray('big', [v])).toThrow('expected a whole number');
  });
});
