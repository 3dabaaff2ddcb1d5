import { mssqlBureau } from '../../src/capture/mssql-bureau.adapter.js';
import type { Runner } from '../../src/platform/database/dialect.js';
import { mssqlDialect } from '../../src/platform/database/mssql-dialect.adapter.js';
import { list, raw, renderSql, sql, type Sql } from '../../src/platform/database/sql.js';

/** Where SQL Server is stricter than PostgreSQL: what its dialects must say in a certain way. */

const text = (statement: Sql): string => renderSql(statement, (i) => mssqlDialect.placeholder(i)).text.replace(/\s+/g, ' ');

/** Keeps what would be run; nothing comes back. */
function recorder(): { runner: Runner; statements: { text: string; params: unknown[] }[] } {
  const statements: { text: string; params: unknown[] }[] = [];
  return { statements, runner: { run: (statement) => { statements.push(renderSql(statement, (i) => mssqlDialect.placeholder(i))); return Promise.resolve({ rows: [], affected: 0 }); } } };
}
const columns = [{ name: 'id', kind: 'big' }, { name: 'name', kind: 'text' }, { name: 'content', kind: 'bytes' }, { name: 'at', kind: 'instant' }] as const;

test('many rows go in chunks within 2100 parameters and 1000 rows', async () => {
  for (const width of [1, 2, 4]) {
    const { runner, statements } = recorder();
    await mssqlDialect.insertMany(runner, 't', columns.slice(0, width), Array.from({ length: 2500 }, (_, i) => [String(i), 'x', null, '2026-11-23T00:00:00.000Z'].slice(0, width)));
    expect(statements.reduce((n, s) => n + s.params.length, 0)).toBe(2500 * width);
    for (const s of statements) {
      expect(s.params.length).toBeLessThanOrEqual(2000);
      expect(s.params.length / width).toBeLessThanOrEqual(1000);
    }
  }
});

test('rows with a key that came before are left out, since not exists does not see them', async () => {
  const { runner, statements } = recorder();
  await mssqlDialect.insertMany(runner, 't', columns, [['1', 'a', null, null], ['1', 'b', null, null], ['2', 'a', null, null], ['1', 'a', null, null]], ['id']);
  expect(statements[0]!.params.filter((_, i) => i % 4 === 0)).toEqual(['1', '2']);
});

test('values are cast, texts in the order by code, instants without zone', async () => {
  const { runner, statements } = recorder();
  await mssqlDialect.updateMany(runner, { table: 't', key: columns[0], match: [columns[1]], set: [columns[2], columns[3]], rows: [['1', 'a', null, '2026-11-23T00:00:00.000Z']] });
  expect(statements[0]!.text.replace(/\s+/g, ' ')).toContain('(cast(@0 as bigint), cast(@1 as nvarchar(4000)) collate Latin1_General_BIN2, cast(@2 as varbinary(max)), cast(@3 as datetime2(3)))');
  expect(statements[0]!.params[3]).toBe('2026-11-23T00:00:00.000');
  expect(mssqlDialect.type('text', 60)).toBe('nvarchar(60) collate Latin1_General_BIN2');
});

test('claims skip what others hold, also where READ_COMMITTED_SNAPSHOT is on', async () => {
  const { runner, statements } = recorder();
  await mssqlDialect.claim(runner, { channel: 'center', state: 'rendered', now: '2026-11-23T00:00:00.000Z', until: '2026-11-23T00:01:00.000Z', token: 't', limit: 10, marksTried: true });
  expect(statements[0]!.text).toContain('from exchange e with (rowlock, updlock, readpast, readcommittedlock)');
});

test('a long list becomes one parameter when asked for', () => {
  const ids = Array.from({ length: 3000 }, (_, i) => i);
  const { text: written, params } = renderSql(sql`select 1 from t where id in (${list(ids)}) and state in (${list(['a', 'b'])})`, (i) => mssqlDialect.placeholder(i), (p) => mssqlDialect.listFromJson!(p));
  expect(written).toBe(`select 1 from t where id in (select j.v collate Latin1_General_BIN2 from openjson(@0) with (v nvarchar(400) '$') j) and state in (@1, @2)`);
  expect(JSON.parse(String(params[0]))).toHaveLength(3000);
  expect(params).toHaveLength(3);
});

test('the bureau is read by key without naming a column twice, and catalogues in capitals', () => {
  const select = (order: string): string => text(mssqlBureau.select({ table: 'dbo.land_case', parent: 'case_no', order, columns: { case_no: 'text', fee: 'decimal' }, caseNos: ['1'] }));
  expect(select('case_no')).toMatch(/order by dbo\.land_case\.case_no$/);
  expect(select('step_no')).toMatch(/order by dbo\.land_case\.case_no, dbo\.land_case\.step_no$/);
  expect(select('step_no')).toContain('convert(nvarchar(60), fee, 2) as [fee]');
  expect(text(mssqlBureau.catalogue('dbo.land_case'))).toContain('from INFORMATION_SCHEMA.COLUMNS where TABLE_NAME');
  expect(text(sql`${raw(mssqlBureau.keyText('case_no'))}`)).toBe('rtrim(convert(nvarchar(60), case_no))');
});

test('changes behind one mark go on in the order in which the reader consumes them', () => {
  const written = text(mssqlBureau.changesOf({ name: 'case', table: 'land_case', parent: 'case_no', watermark: 'changed_at', mode: 'timestamp', from: ['2026-11-23 00:00:00.0000000', 'A'], below: '2026-11-24 00:00:00.0000000', limit: 10 }));
  expect(written.match(/rtrim\(convert\(nvarchar\(60\), case_no\)\) collate Latin1_General_BIN2/g)).toHaveLength(2);
});
