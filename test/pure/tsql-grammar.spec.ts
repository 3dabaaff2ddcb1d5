import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { mssqlBureau } from '../../src/capture/mssql-bureau.adapter.js';
import type { Column, Runner } from '../../src/platform/database/dialect.js';
import { mssqlDialect } from '../../src/platform/database/mssql-dialect.adapter.js';
import { list, raw, renderSql, sql, type Sql } from '../../src/platform/database/sql.js';
import { migrationStatements } from '../support/migration-statements.js';
import { TsqlParser } from '../support/parse-tsql.js';
import { sourceStatements } from '../support/source-statements.js';
import { brokenTsqlRules } from '../support/tsql-rules.js';

/**
 * Whatever goes to SQL Server is parsed by a grammar of the whole of Transact-SQL, since no server runs here: what the migrations,
 * the dialect, the reader of the bureau and the sample bureau say, and every statement that the source writes. This tells that it is
 * Transact-SQL; what it means is told by a server only (test/support/engines.ts).
 */

interface Statement {
  readonly place: string;
  readonly text: string;
}

const parser = new TsqlParser();
afterAll(() => parser.close());

/** Those that the grammar refuses, with their places. */
async function refused(statements: readonly Statement[]): Promise<string[]> {
  const faults = await parser.faults(statements.map((s) => s.text));
  return statements.flatMap((s, i) => [...(faults[i] === undefined ? [] : [faults[i]]), ...brokenTsqlRules(s.text)].map((fault) => `${s.place}: ${fault}: ${s.text}`));
}

const written = (statement: Sql): string => renderSql(statement, (i) => mssqlDialect.placeholder(i)).text;

/** Batches of a script, as sqlcmd and our own reader part them. */
const batchesOf = (file: string): Statement[] =>
  readFileSync(file, 'utf8').split(/^GO\s*$/m).filter((batch) => batch.trim() !== '').map((text, i) => ({
    place: `${file}, batch ${i + 1}`,
    // The grammar does not know that several permissions may be granted at once.
    text: text.replace(/\$\(\w+\)/g, 'x').replace('GRANT SELECT, INSERT', 'GRANT SELECT'),
  }));

test('the grammar refuses what SQL Server refuses, and takes what it takes', async () => {
  const foreign = [
    'select a from t limit 5', 'select a::text from t', 'insert into t (a) values (@0) returning id', 'select count(*) > 1 as x from t', 'select a from t where (a, b) in (select 1, 2)',
    'select t.plan from t', 'select a, from t', 'delete from t e where e.a = 1', 'select case when a then 1 end from t', 'create table t (id bigserial primary key, key int)', 'update t e set a = 1 where e.b = 2',
    'select a from t where (select b from s)', 'select a from t for update', 'select a from t where b ilike @0',
  ];
  const known = ['select top (5) a from t with (updlock, rowlock) order by a', 'create table t (id bigint identity(1,1) primary key, a nvarchar(20) collate Latin1_General_BIN2 not null default 0)', 'select [key] from t'];
  const faults = await parser.faults([...foreign, ...known]);
  expect(foreign.filter((_, i) => faults[i] === undefined)).toEqual([]);
  expect(faults.slice(foreign.length)).toEqual(known.map(() => undefined));
});

test.each([
  ['select x.a from (select a from t order by a) x', 'order by in a subquery without top'],
  ['select a from (select a from t) where a = 1', 'a derived table without a name'],
  ['select sum(case when exists (select 1 from s) then 1 else 0 end) from t', 'an aggregate of a subquery'],
  ['select row_number() over (partition by a) as n from t', 'over without order by'],
  ['select coalesce(a, @1) as a from t group by coalesce(a, @2)', 'a parameter in group by, which is another one in the select list'],
  ['select top (@0) a from t', 'a text as the number of rows'],
  ['create table t (a nvarchar(5000))', 'nvarchar of more than 4000'],
])('%s: %s', (text, rule) => expect(brokenTsqlRules(text)).toEqual([rule]));

test.each([
  'select x.a from (select top (5) a from t order by a) x join (select b from s) as y on y.b = x.a',
  'select row_number() over (partition by a order by b) as n, count(*) as c, sum(a) over (partition by b) as s from t where a in (select b from s)',
  'select a, coalesce(b, @0) as b from t where c = @1 group by a, b having count(*) > @2 order by a',
])('%s breaks no rule', (text) => expect(brokenTsqlRules(text)).toEqual([]));

test('migrations are Transact-SQL', async () => {
  const statements = await migrationStatements('mssql');
  expect(statements.length).toBeGreaterThan(150);
  expect(await refused(statements.map((s) => ({ place: s.migration, text: s.text })))).toEqual([]);
});

test('scripts and the sample bureau are Transact-SQL, batch by batch', async () => {
  const files = ['config/bureau/sample.mssql.sql', ...readdirSync('docker/sqlserver').map((f) => `docker/sqlserver/${f}`)];
  expect(files).toHaveLength(3);
  expect(await refused(files.flatMap(batchesOf))).toEqual([]);
});

test('what the dialects write is Transact-SQL', async () => {
  const statements: Statement[] = [];
  const runner: Runner = { run: (statement) => { statements.push({ place: 'mssqlDialect', text: written(statement) }); return Promise.resolve({ rows: [], affected: 0 }); } };
  const columns: readonly Column[] = (['big', 'int', 'text', 'long', 'bytes', 'instant', 'flag'] as const).map((kind) => ({ name: `c_${kind}`, kind }));
  const row = columns.map(() => 'x');
  await mssqlDialect.insertMany(runner, 't', columns, [row, row]);
  await mssqlDialect.insertMany(runner, 't', columns, [row, ['y', ...row.slice(1)]], ['c_big', 'c_text']);
  await mssqlDialect.updateMany(runner, { table: 't', key: columns[0]!, match: columns.slice(1, 3), set: columns.slice(3), rows: [row, row], also: sql`crashes = 0, tried = t.tried + 1`, where: sql`t.state = ${'x'}` });
  await mssqlDialect.updateMany(runner, { table: 't', key: columns[2]!, match: [], set: columns.slice(5), rows: [row] });
  const claim = { channel: 'c', state: 's', now: '2026-11-23T00:00:00.000Z', until: '2026-11-23T00:01:00.000Z', token: 't', limit: 10, marksTried: true };
  await mssqlDialect.claim(runner, claim);
  await mssqlDialect.claim(runner, { ...claim, marksTried: false, caseNos: ['a', 'b'], lane: { through: ['accepted', 'superseded'] } });
  const many = Array.from({ length: 200 }, (_, i) => String(i));
  statements.push(
    { place: 'among', text: written(sql`select 1 from t where ${mssqlDialect.among('id', 'big', ['1', '2'])}`) },
    { place: 'no values', text: written(sql`select 1 from t where id in (${list([])})`) },
    { place: 'listFromJson', text: renderSql(sql`select 1 from t where id in (${list(many)})`, (i) => mssqlDialect.placeholder(i), (p) => mssqlDialect.listFromJson!(p)).text },
    { place: 'coarseIndex', text: mssqlDialect.coarseIndex('i', 't', 'c') },
  );
  const from = { table: 'dbo.land_case', parent: 'case_no' };
  const change = { ...from, name: 'step/1', watermark: 'row_version', from: ['1', 'A'] as [string, string], below: '9', limit: 10 };
  const columnsOf = { a: 'text', b: 'integer', c: 'decimal', d: 'date', e: 'datetime', f: 'boolean' } as const;
  for (const [name, statement] of Object.entries({
    ceiling: mssqlBureau.ceiling, timeCeiling: mssqlBureau.timeCeiling,
    changes: mssqlBureau.changesOf({ ...change, mode: 'rowversion' }), 'changes by time': mssqlBureau.changesOf({ ...change, mode: 'timestamp' }),
    'changes of several': sql`select top (10) * from (${mssqlBureau.changesOf({ ...change, mode: 'rowversion' })} union all ${mssqlBureau.changesOf({ ...change, name: 'case', mode: 'rowversion' })}) u`,
    select: mssqlBureau.select({ ...from, order: 'step_no', columns: columnsOf, caseNos: ['1', '2'], keyType: undefined }), 'select by a narrow key': mssqlBureau.select({ ...from, order: 'step_no', columns: columnsOf, caseNos: ['1', '2'], keyType: 'varchar' }), catalogue: mssqlBureau.catalogue('dbo.land_case'),
    newest: sql`select ${raw(mssqlBureau.newestMark('row_version', 'rowversion'))} as a, ${raw(mssqlBureau.newestMark('changed_at', 'timestamp'))} as b from t where ${raw(mssqlBureau.keyText('case_no'))} > ${'1'}`,
  })) statements.push({ place: `mssqlBureau.${name}`, text: written(statement) });
  expect(statements.length).toBe(19);
  expect(await refused(statements)).toEqual([]);
});

test('every statement that the source writes is Transact-SQL', async () => {
  // Not those of PostgreSQL alone: its dialects, the queue that lives in it, and the simulator's own tools.
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts') && !/postgres|database\/.*dialect|queue|migrations|^simulator(?!.*mssql)|\/page\//.test(f)).map((f) => path.join('src', f));
  const statements = sourceStatements(files);
  expect(statements.length).toBeGreaterThan(700);
  const places = new Set(statements.map((s) => s.place.split(':')[0]));
  expect(files.filter((f) => /\bsql`/.test(readFileSync(f, 'utf8')) && !places.has(f) && !/database\/sql\.ts$/.test(f))).toEqual([]);
  expect(await refused(statements.map((s) => (s.whole ? s : { ...s, text: /\bas \w+$|^(convert\(.*\)|@\d+)$/.test(s.text) ? `select ${s.text}` : `select 1 where ${s.text}` })))).toEqual([]);
});
