import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { BureauReader } from '../../src/capture/bureau-reader.adapter.js';
import type { CaseSnapshot } from '../../src/domain/snapshot.js';
import { streamSchema } from '../../src/domain/stream.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { bureauTables } from '../../src/simulator/bureau/bureau-tables.js';
import { toSnapshot, type CaseRecord } from '../../src/simulator/bureau/case-record.js';
import { bureauFolder, loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import { generateCases } from '../../src/simulator/bureau/generate-cases.js';
import { SampleBureauAdapter } from '../../src/simulator/bureau/sample-bureau.adapter.js';
import { journeyCase } from '../../src/simulator/bureau/stage-journeys.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

const catalogue = loadCatalogue();
const stream = streamSchema.parse(parse(readFileSync(`${bureauFolder}../streams/case.yaml`, 'utf8')));

let bureau: SampleBureauAdapter;
let database: DatabaseAdapter;
let reader: BureauReader;

beforeAll(async () => {
  const url = await freshDatabase('sample_bureau');
  bureau = new SampleBureauAdapter(url);
  expect(await bureau.hasSchema()).toBe(false);
  await bureau.createSchema();
  expect(await bureau.hasSchema()).toBe(true);
  database = await openPostgres(url);
  reader = new BureauReader(database, stream, false);
});
afterAll(async () => {
  await database.close();
  await bureau.close();
  await stopPostgres();
});

/** Child rows by their number: this file is about what is written, the order of reading is the reader's affair. */
const sorted = (snapshot: CaseSnapshot | undefined): unknown =>
  snapshot && {
    ...snapshot,
    children: Object.fromEntries(Object.entries(snapshot.children).map(([child, rows]) => {
      const key = stream.children[child]!.key;
      return [child, [...rows].sort((a, b) => Number(a[key]) - Number(b[key]))];
    })),
  };
const count = async (table: string): Promise<number> => Number((await database.run(sql`select count(*)::text as n from ${raw(table)}`)).rows[0]!['n']);
const marksOf = async (caseNo: string): Promise<Record<string, string>> => {
  const marks: Record<string, string> = {};
  for (const [name, { table }] of Object.entries(bureauTables)) {
    const { rows } = await database.run(sql`select coalesce(max(row_version), 0)::text as mark from ${raw(table)} where case_no = ${caseNo}`);
    marks[name] = String(rows[0]!['mark']);
  }
  return marks;
};

test('the tables are what the stream says, and making them again changes nothing', async () => {
  await bureau.createSchema();
  expect(await reader.columnFaults()).toEqual([]);
  for (const [name, { table, columns }] of Object.entries(bureauTables)) {
    const { rows } = await database.run(sql`select column_name from information_schema.columns where table_name = ${table} order by ordinal_position`);
    const extra = name === 'materials' ? ['file_content', 'row_version'] : ['row_version'];
    expect(rows.map((row) => row['column_name'])).toEqual([...(name === 'case' ? [] : ['case_no']), ...columns, ...extra]);
  }
});

test('the SQL Server script makes the same tables and columns, all text Unicode', () => {
  const script = readFileSync(`${bureauFolder}sample.mssql.sql`, 'utf8');
  const tables = new Map([...script.matchAll(/create table (\w+) \(\n([\s\S]*?)\n\)/g)].map((m) => [m[1]!, m[2]!.split('\n').map((line) => line.trim()).filter((line) => !line.startsWith('constraint'))]));
  const types = { text: /^nvarchar\(\d+\)/, integer: /^int /, decimal: /^decimal\(\d+,2\)/, date: /^date /, datetime: /^datetime2\(3\)/, boolean: /^bit / };
  const shapes = [{ table: stream.table, columns: stream.columns }, ...Object.values(stream.children)];
  // Beside the stream's tables: the catalogue, its limits, and the return table.
  expect(tables.size).toBe(shapes.length + 3);
  for (const { table, columns } of shapes) {
    const found = new Map(tables.get(table)!.map((line) => [line.split(/\s+/)[0]!, line.replace(/^\w+\s+/, '')]));
    for (const [column, type] of Object.entries(columns)) expect([table, column, found.get(column)]).toEqual([table, column, expect.stringMatching(types[type])]);
    expect(found.get('row_version')).toMatch(/^rowversion not null/);
  }
  expect(script).not.toMatch(/[^n]varchar|\bmerge\b/i);
  // Each batch is guarded, so that the script may be run again.
  for (const batch of script.split(/^GO\s*$/m).filter((text) => text.trim() !== '')) expect(batch).toMatch(/^if (object_id\(N'\w+'\) is null|not exists)/m);
});

test('the catalogue is written, and written again with a changed limit', async () => {
  await bureau.writeCatalogue(catalogue);
  const limits = catalogue.limits.map((limit) => (limit.itemCode === 'DJ07' && limit.effectiveFrom === '2012-08-09' ? { ...limit, committedLimit: '9' } : limit));
  await bureau.writeCatalogue({ ...catalogue, limits });
  expect(await count('land_item')).toBe(49);
  expect(await count('land_item_limit')).toBe(catalogue.limits.length);
  const { rows } = await database.run(sql`select committed_limit::text as days from land_item_limit where item_code = 'DJ07' order by effective_from`);
  expect(rows.map((row) => row['days'])).toEqual(['15', '9']);
});

test('what is inserted is what the gateway reads: every text, number, time and odd character', async () => {
  const cases = generateCases({ catalogue, seed: 31, count: 700, from: '2026-03-02', awkward: true });
  expect(await bureau.insertCases(cases)).toBe(700);
  const read = await reader.read(cases.map((record) => record.caseNo));
  for (const record of cases) expect(sorted(read.get(record.caseNo))).toEqual(toSnapshot(record));

  const { rows } = await database.run(sql`select case_no, material_no::text as no, file_content from land_material where file_content is not null`);
  expect(rows).toHaveLength(cases.flatMap((record) => record.files).length);
  const digest = (content: Uint8Array): string => createHash('md5').update(content).digest('hex');
  const stored = new Set(rows.map((row) => `${String(row['case_no'])}/${String(row['no'])}/${digest(row['file_content'] as Buffer)}`));
  expect(stored).toEqual(new Set(cases.flatMap((record) => record.files.map((file) => `${record.caseNo}/${file.materialNo}/${file.md5}`))));
});

test('a case is moved on stage by stage, and only the tables that a stage touches get a new row version', async () => {
  const journey = journeyCase({ catalogue, caseNo: 'YYGT202611900001' });
  await bureau.insertCases([journey.applied]);
  let before = await marksOf(journey.applied.caseNo);
  for (const { stage, changes, record } of journey.stages) {
    await bureau.applyChanges(record.caseNo, changes);
    expect([stage, (await reader.read([record.caseNo])).get(record.caseNo)]).toEqual([stage, toSnapshot(record)]);
    const after = await marksOf(record.caseNo);
    const touched = Object.keys(after).filter((table) => BigInt(after[table]!) > BigInt(before[table]!));
    expect(touched.sort()).toEqual([...new Set(changes.map((change) => change.table))].sort());
    before = after;
  }
  const { rows } = await database.run(sql`select count(*)::text as n from land_material where case_no = ${journey.applied.caseNo} and file_content is not null`);
  expect(Number(rows[0]!['n'])).toBe(journey.stages.at(-1)!.record.files.length);
});

test('changes are written as a whole or not at all', async () => {
  const { applied } = journeyCase({ catalogue, caseNo: 'YYGT202611900002' });
  await bureau.insertCases([applied]);
  const remark = { operation: 'update', table: 'case', key: null, values: { remark: 'half' } } as const;
  await expect(bureau.applyChanges(applied.caseNo, [remark, { operation: 'update', table: 'steps', key: '1', values: { opinion: 'x' } }])).rejects.toThrow('no such row to update in land_step');
  await expect(bureau.applyChanges(applied.caseNo, [remark, { operation: 'insert', table: 'steps', key: '1', values: { step_no: '1', colour: 'x' } }])).rejects.toThrow('land_step has no column colour');
  expect((await reader.read([applied.caseNo])).get(applied.caseNo)).toEqual(toSnapshot(applied));
  await bureau.applyChanges(applied.caseNo, [{ operation: 'delete', table: 'applicants', key: '2', values: {} }]);
  expect((await reader.read([applied.caseNo])).get(applied.caseNo)!.children['applicants']).toHaveLength(1);
});

test('a deleted case is gone with all its rows', async () => {
  const { stages } = journeyCase({ catalogue, caseNo: 'YYGT202611900003' });
  const record: CaseRecord = stages.at(-1)!.record;
  await bureau.insertCases([record]);
  expect(await bureau.caseExists(record.caseNo)).toBe(true);
  expect(Object.values(await marksOf(record.caseNo))).not.toContain('0');
  expect(await bureau.deleteCase(record.caseNo)).toBe(true);
  expect(new Set(Object.values(await marksOf(record.caseNo)))).toEqual(new Set(['0']));
  expect(await bureau.caseExists(record.caseNo)).toBe(false);
  expect(await bureau.deleteCase(record.caseNo)).toBe(false);
});

test('bare cases are many, go on from the last, and report nothing', async () => {
  await bureau.fillBareCases(1_000);
  await bureau.fillBareCases(19_000);
  const { rows } = await database.run(sql`select count(*)::text as n, max(case_no) as last, count(applied_at)::text as applied from land_case where case_no like 'BARE%'`);
  expect(rows[0]).toEqual({ n: '20000', last: 'BARE000020000', applied: '0' });
});
