import pg from 'pg';
import type { Row } from '../../domain/snapshot.js';
import { bureauTables, childNames, type TableName } from '../bureau/bureau-tables.js';
import type { BureauCase, BureauWitness } from './witness.js';

const booleans = new Set(['is_charged', 'handled_offline', 'is_received', 'exempt']);

/** A column as the text that the documents name: bureau times with milliseconds, booleans 1 and 0, numbers plain. */
function columnText(column: string): string {
  if (column.endsWith('_at')) return `to_char(${column}, 'YYYY-MM-DD HH24:MI:SS.MS') as ${column}`;
  if (booleans.has(column)) return `case ${column} when true then '1' when false then '0' end as ${column}`;
  return `${column}::text as ${column}`;
}

async function rowsOf(client: pg.ClientBase, table: TableName, caseNos: readonly string[] | undefined): Promise<Map<string, Row[]>> {
  const shape = bureauTables[table];
  const columns = shape.columns.filter((column) => column !== 'case_no').map(columnText).join(', ');
  const { rows } = await client.query<Record<string, string | null>>({
    text: `select case_no as of_case, ${columns} from ${shape.table} t ${caseNos === undefined ? '' : 'where case_no = any($1)'} order by t.case_no${shape.key === null ? '' : `, t.${shape.key}`}`,
    values: caseNos === undefined ? [] : [caseNos],
  });
  const found = new Map<string, Row[]>();
  for (const { of_case: caseNo, ...row } of rows) {
    const list = found.get(String(caseNo)) ?? [];
    list.push(table === 'case' ? { case_no: String(caseNo), ...row } : row);
    found.set(String(caseNo), list);
  }
  return found;
}

/** The named cases (all unless named) as they are now; a case that is not there is not in the map. */
export async function readBureauCases(client: pg.ClientBase, caseNos?: readonly string[]): Promise<Map<string, BureauCase>> {
  const roots = await rowsOf(client, 'case', caseNos);
  const children = new Map<string, Map<string, Row[]>>();
  for (const child of childNames) children.set(child, await rowsOf(client, child, caseNos));
  return new Map([...roots].map(([caseNo, [root]]) => [
    caseNo,
    { caseNo, case: root ?? {}, children: Object.fromEntries(childNames.map((child) => [child, children.get(child)?.get(caseNo) ?? []])) },
  ]));
}

/** Reads every case of the sample bureau with its rows, as of one moment. */
export async function readBureauWitness(bureauUrl: string): Promise<BureauWitness> {
  const client = new pg.Client({ connectionString: bureauUrl });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const cases = await readBureauCases(client);
    await client.query('commit');
    return { cases };
  } finally {
    await client.end();
  }
}
