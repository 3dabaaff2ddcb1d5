import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { BureauReader } from '../../src/capture/bureau-reader.adapter.js';
import { mssqlBureau } from '../../src/capture/mssql-bureau.adapter.js';
import { streamSchema } from '../../src/domain/stream.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import type { Runner } from '../../src/platform/database/dialect.js';
import { hideValues } from '../../src/platform/database/hide-values.js';
import { mssqlDialect } from '../../src/platform/database/mssql-dialect.adapter.js';
import { list, raw, renderSql, sql, type Sql } from '../../src/platform/database/sql.js';
import { migrationStatements } from '../support/migration-statements.js';

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

test('keys that differ by blanks at their end are one key there, of which the first row goes in', async () => {
  const { runner, statements } = recorder();
  await mssqlDialect.insertMany(runner, 't', columns, [['1', 'a', null, null], ['1', 'a  ', null, null], ['1', ' a', null, null], ['1', 'A', null, null], ['1', '', null, null], ['1', ' ', null, null]], ['id', 'name']);
  expect(statements[0]!.params.filter((_, i) => i % 4 === 1)).toEqual(['a', ' a', 'A', '']);
});

/** As TypeORM hands on what the driver says. */
const failed = (message: string, of: { code?: string; number?: number } = {}): Error => Object.assign(new Error(`Error: ${message}`), { driverError: Object.assign(new Error(message), of), ...of });

test.each([
  [failed('Requests can only be made in the LoggedIn state, not the Final state', { code: 'EINVALIDSTATE' }), true],
  [failed('Failed to acquire a connection from the pool: operation timed out for an unknown reason'), true],
  [failed('Transaction was deadlocked on lock resources', { code: 'EREQUEST', number: 1205 }), true],
  [failed('The transaction log for database is full', { code: 'EREQUEST', number: 9002 }), true],
  [failed('Timeout: Request failed to complete in 1000ms', { code: 'ETIMEOUT' }), true],
  [failed('socket hang up', { code: 'ECONNRESET' }), true],
  [Object.assign(new Error('Transaction has not begun. Call begin() first.'), { code: 'ENOTBEGUN' }), true],
  [Object.assign(new Error('Cannot open database "gateway" requested by the login. The login failed.'), { code: 'ELOGIN' }), true],
  [Object.assign(new Error(`Login failed for user 'gateway'. Reason: Server is in script upgrade mode. Only administrator can connect at this time.`), { code: 'ELOGIN' }), true],
  [Object.assign(new Error(`Login failed for user 'gateway'.`), { code: 'ELOGIN' }), false],
  [failed('Violation of PRIMARY KEY constraint', { code: 'EREQUEST', number: 2627 }), false],
  [failed('Incorrect syntax', { code: 'EREQUEST', number: 102 }), false],
  [new Error('something else'), false],
  [undefined, false],
])('%s: worth another try: %s', (error, transient) => expect(mssqlDialect.isTransient(error)).toBe(transient));

test.each([
  [`Cannot insert duplicate key row in object 'dbo.case_person' with unique index 'case_person_once'. The duplicate key value is (case, 王(小)明, YY1).`, `Cannot insert duplicate key row in object 'dbo.case_person' with unique index 'case_person_once'. The duplicate key value is ([cut]).`],
  [`String or binary data would be truncated in table 'land.dbo.land_return', column 'missing'. Truncated value: '应收 YY1 it's'.`, `String or binary data would be truncated in table 'land.dbo.land_return', column 'missing'. Truncated value: '[cut]'.`],
  [`Conversion failed when converting the nvarchar value '王小明' to data type int.`, `Conversion failed when converting the nvarchar value '[cut]' to data type int.`],
  [`The conversion of the nvarchar value '430902199001010011' overflowed an int column.`, `The conversion of the nvarchar value '[cut]' overflowed an int column.`],
  [`Invalid column name 'project_name'.`, `Invalid column name 'project_name'.`],
])('%s: without what it quotes of a row', (message, hidden) => expect(hideValues(message)).toBe(hidden));

test('rows are numbered in the order in which they are given', async () => {
  const { runner, statements } = recorder();
  await mssqlDialect.insertMany(runner, 't', columns.slice(0, 2), [['7', 'b'], ['3', 'a']], ['id']);
  expect(statements[0]!.text.replace(/\s+/g, ' ')).toMatch(/\(values \(0, cast\(@0 .*, \(1, cast\(@2 .*\) as x\(row_no, id, name\) where not exists .* order by x\.row_no$/);
});

test('values are cast, texts in the order by code, instants without zone', async () => {
  const { runner, statements } = recorder();
  await mssqlDialect.updateMany(runner, { table: 't', key: columns[0], match: [columns[1]], set: [columns[2], columns[3]], rows: [['1', 'a', null, '2026-11-23T00:00:00.000Z']] });
  expect(statements[0]!.text.replace(/\s+/g, ' ')).toContain('(0, cast(@0 as bigint), cast(@1 as nvarchar(4000)) collate Latin1_General_BIN2, cast(@2 as varbinary(max)), cast(@3 as datetime2(3)))');
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
  const select = (order: string): string => text(mssqlBureau.select({ table: 'dbo.land_case', parent: 'case_no', order, columns: { case_no: 'text', fee: 'decimal' }, caseNos: ['1'], keyType: undefined }));
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

/** Everything that the reader asks of a bureau whose case numbers are of a type, as it would be sent. */
async function asked(keyType: string, n: number): Promise<{ text: string; params: unknown[] }[]> {
  const stream = streamSchema.parse(parse(readFileSync('config/streams/case.yaml', 'utf8')));
  const statements: { text: string; params: unknown[] }[] = [];
  const run: Runner['run'] = (statement) => {
    const plain = renderSql(statement, (i) => mssqlDialect.placeholder(i));
    const sent = plain.params.length > mssqlDialect.maxParameters ? renderSql(statement, (i) => mssqlDialect.placeholder(i), (p) => mssqlDialect.listFromJson!(p)) : plain;
    if (sent.text.includes('INFORMATION_SCHEMA')) return Promise.resolve({ rows: [{ column_name: 'CASE_NO', data_type: keyType }], affected: 0 });
    statements.push(sent);
    return Promise.resolve({ rows: [], affected: 0 });
  };
  const database = { dialect: mssqlDialect, run, transaction: (work: (runner: Runner) => unknown) => work({ run }) };
  const reader = new BureauReader(database as unknown as DatabaseAdapter, stream, true);
  const caseNos = Array.from({ length: n }, (_, i) => `YY-${i}`);
  const child = Object.values(stream.children).find((c) => c.attachment !== undefined)!;
  await reader.read(caseNos);
  await reader.existing(caseNos);
  await reader.keys('YY-1', 100);
  await reader.counts(caseNos);
  await reader.marks({ caseNos });
  await reader.marks({ after: 'YY-1', last: 'YY-9' });
  await reader.attachments(caseNos, child, caseNos.map((c) => `${c}-signature`));
  return statements;
}

test.each([['varchar', true], ['char', true], ['nvarchar', false], ['nchar', false], ['bigint', false]])('a bureau whose case numbers are %s is asked in that type, by which its index finds and sorts them', async (type, narrow) => {
  const statements = await asked(type, 2);
  expect(statements.length).toBeGreaterThan(30);
  for (const s of statements) expect([s.text, /case_no (in \(|> |<= )convert\(varchar\(8000\), @\d/.test(s.text)]).toEqual([s.text, narrow]);
});

test.each(['varchar', 'nvarchar'])('a bureau of an old compatibility level, which knows no openjson, is asked for however many cases and scans (%s)', async (type) => {
  for (const s of await asked(type, 5000)) {
    expect(s.text).not.toContain('openjson');
    expect(s.params.length).toBeLessThanOrEqual(2000);
  }
});

test('no unique key has a column that may be null, which SQL Server takes for one value', async () => {
  const nullable = new Map<string, Set<string>>();
  const faults: string[] = [];
  for (const { text: statement } of await migrationStatements('mssql')) {
    const [, table, columnsText] = /^create table (\w+) \((.*)\)$/.exec(statement) ?? [];
    if (table !== undefined) nullable.set(table, new Set([...columnsText!.matchAll(/(?:^|, )\s*(\w+) (?:nvarchar|bigint|int|smallint|datetime2)[^,]*(?:\([^)]*\)[^,]*)?/g)].filter((m) => !/not null|primary key/.test(m[0])).map((m) => m[1]!)));
    const keys = table === undefined ? [/^create unique index \w+ on (\w+) \(([^)]*)\)(.*)$/.exec(statement)].flatMap((m) => (m ? [[m[1]!, m[2]!, m[3]!]] : [])) : [...columnsText!.matchAll(/\bunique \(([^)]*)\)/g)].map((m) => [table, m[1]!, '']);
    for (const [of, names, where] of keys) for (const name of names!.split(',').map((c) => c.trim().split(' ')[0]!)) if (nullable.get(of!)?.has(name) === true && !where!.includes(`${name} is not null`)) faults.push(`${of}.${name}`);
  }
  expect(nullable.get('exchange')?.has('claimed_until')).toBe(true);
  // Of those that were taken, which have been read and so have both.
  expect(faults).toEqual(['return_file.file_id', 'return_file.issue']);
});
