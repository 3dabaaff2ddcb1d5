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
    expect(await readBack('bigint[]', 'x::text', writeBinaryArray('big', ['9223372036854775807', '-1', 0, null]))).toEqual(['9223372036854775807', '-1', '0', null]);
    expect(await readBack('integer[]', 'x', writeBinaryArray('int', [2147483647, '-5', null]))).toEqual([2147483647, -5, null]);
    expect(await readBack('smallint[]', 'x', writeBinaryArray('flag', [1, 0, null]))).toEqual([1, 0, null]);
    const instants = ['2026-11-24T01:02:03.004Z', '1969-12-31T23:59:59.999Z', '2000-01-01T00:00:00.000Z', null];
    expect(await readBack('timestamptz[]', `to_char(x at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`, writeBinaryArray('instant', instants))).toEqual(instants);
  });

  it('names a value that is no instant', () => {
    expect(() => writeBinaryArray('instant', ['yesterday'])).toThrow("expected an instant as ISO 8601, not 'yesterday'");
  });
});
