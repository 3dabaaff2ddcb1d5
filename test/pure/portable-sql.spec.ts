import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { migrationStatements } from '../support/migration-statements.js';

/**
 * No SQL Server runs here, so what it would refuse is looked for in the statements themselves: those that make the ledger's
 * tables, and those that stores and commands write for both engines.
 */

// https://learn.microsoft.com/sql/t-sql/language-elements/reserved-keywords-transact-sql, as far as somebody might name a column so
const reserved = new Set(`add all alter and any as asc authorization backup begin between break browse bulk by cascade case check checkpoint close clustered
  coalesce collate column commit compute constraint contains continue convert create cross current current_date current_time current_timestamp current_user
  cursor database deallocate declare default delete deny desc disk distinct distributed double drop dump else end errlvl escape except exec execute exists exit
  external fetch file fillfactor for foreign freetext from full function goto grant group having holdlock identity identitycol if in index inner insert intersect
  into is join key kill left like lineno load merge national nocheck nonclustered not null nullif of off offsets on open option or order outer over percent
  pivot plan precision primary print proc procedure public raiserror read readtext reconfigure references replication restore restrict return revert revoke
  right rollback rowcount rowguidcol rule save schema select session_user set setuser shutdown some statistics system_user table tablesample textsize then to
  top tran transaction trigger truncate tsequal union unique unpivot update updatetext use user values varying view waitfor when where while with writetext`.split(/\s+/));

const statementsOf = async (type: 'mssql' | 'postgres'): Promise<string[]> => (await migrationStatements(type)).map((s) => s.text);

/** Splits at commas outside parentheses. */
function parts(list: string): string[] {
  const out = [''];
  let depth = 0;
  for (const c of list) {
    if (c === ',' && depth === 0) {
      out.push('');
      continue;
    }
    depth += c === '(' ? 1 : c === ')' ? -1 : 0;
    out[out.length - 1] += c;
  }
  return out.map((p) => p.trim());
}

interface Table {
  readonly columns: Map<string, { readonly type: string; readonly nullable: boolean }>;
  readonly keys: { readonly name: string; readonly columns: readonly string[]; readonly unique: boolean; readonly filtered: boolean; readonly clustered: boolean }[];
}

function readTables(statements: readonly string[]): Map<string, Table> {
  const tables = new Map<string, Table>();
  const column = (table: Table, text: string): void => {
    const [, name, type] = /^(\w+) (\w+(?:\([^)]*\))?)/.exec(text)!;
    table.columns.set(name!, { type: type!, nullable: !/not null|primary key/.test(text) });
    if (/primary key/.test(text)) table.keys.push({ name: 'primary key', columns: [name!], unique: true, filtered: false, clustered: true });
  };
  for (const s of statements) {
    const create = /^create table (\w+) \((.*?)\)(?: with \(fillfactor = \d+\))?$/.exec(s);
    if (create) {
      const table: Table = { columns: new Map(), keys: [] };
      tables.set(create[1]!, table);
      for (const part of parts(create[2]!)) {
        const key = /^(?:constraint (\w+) )?(unique|primary key) \(([^)]*)\)$/.exec(part);
        if (key) table.keys.push({ name: key[1] ?? key[2]!, columns: key[3]!.split(',').map((c) => c.trim()), unique: true, filtered: false, clustered: key[2] === 'primary key' });
        else column(table, part);
      }
      continue;
    }
    const add = /^alter table (\w+) add (\w+ .*)$/.exec(s);
    if (add) for (const part of parts(add[2]!)) column(tables.get(add[1]!)!, part);
    const index = /^create (unique )?index (\w+) on (\w+) \(([^)]*)\)(?: where (.*))?/.exec(s);
    if (index) tables.get(index[3]!)!.keys.push({ name: index[2]!, columns: index[4]!.split(',').map((c) => c.trim().replace(/ (asc|desc)$/, '')), unique: index[1] !== undefined, filtered: index[5] !== undefined, clustered: false });
  }
  return tables;
}

const bytesOf = (type: string): number => {
  const n = /^nvarchar\((\d+)\)/.exec(type);
  return n ? Number(n[1]) * 2 : type.startsWith('nvarchar(max') || type.startsWith('varbinary') ? Infinity : 8;
};

describe('the tables of the ledger on SQL Server', () => {
  let statements: string[];
  let tables: Map<string, Table>;
  beforeAll(async () => {
    statements = await statementsOf('mssql');
    tables = readTables(statements);
  });

  test('are read whole by this test, the same columns as on PostgreSQL', async () => {
    const others = readTables(await statementsOf('postgres'));
    expect(tables.size).toBeGreaterThan(30);
    expect([...tables].map(([name, t]) => [name, [...t.columns.keys()]])).toEqual([...others].map(([name, t]) => [name, [...t.columns.keys()]]));
  });

  test('use statements and types that it knows', () => {
    const known = /^(create table \w+ \(|create (unique )?index \w+ on \w+ \(|alter table \w+ (add (?!column\b)|alter column )|insert into \w+ \(|update \w+ set |drop (index \w+ on \w+|table \w+)$|select top \(\d+\) )/;
    expect(statements.filter((s) => !known.test(s))).toEqual([]);
    const types = [...tables].flatMap(([table, t]) => [...t.columns].map(([column, { type }]) => `${table}.${column} ${type}`));
    expect(types.filter((t) => !/ (nvarchar\((\d+|max)\)|bigint|int|smallint|varbinary\(max\)|datetime2\(3\))$/.test(t))).toEqual([]);
    expect(statements.filter((s) => /\b(true|false)\b|::|if not exists|using \w+ \(|\binclude_?all\b/.test(s))).toEqual([]);
  });

  test('have no reserved word for a name', () => {
    const names = [...tables].flatMap(([table, t]) => [table, ...t.columns.keys()]);
    expect(names.filter((n) => reserved.has(n))).toEqual([]);
  });

  test('have keys that fit: 900 bytes clustered, 1700 otherwise', () => {
    const tooWide = [...tables].flatMap(([table, t]) => t.keys.map((k) => ({ key: `${table}.${k.name}`, bytes: k.columns.reduce((n, c) => n + bytesOf(t.columns.get(c)?.type ?? 'nvarchar(max)'), 0), limit: k.clustered ? 900 : 1700 })).filter((k) => k.bytes > k.limit));
    expect(tooWide).toEqual([]);
  });

  test('have no unique key over a column that may be null: it takes nulls for equal', () => {
    const nullable = [...tables].flatMap(([table, t]) => t.keys.filter((k) => k.unique && !k.filtered).flatMap((k) => k.columns.filter((c) => t.columns.get(c)!.nullable).map((c) => `${table}.${k.name} (${c})`)));
    expect(nullable).toEqual([]);
  });

  test('have filters of comparisons joined by and only', () => {
    const filters = statements.flatMap((s) => /^create (?:unique )?index .* where (.*)$/.exec(s)?.[1] ?? []);
    const simple = /^\w+ (is (not )?null|(=|<>|<|>|<=|>=) ('[^']*'|\d+)|in \([^)]*\))$/;
    expect(filters.flatMap((f) => f.split(' and ')).filter((c) => !simple.test(c))).toEqual([]);
  });
});

/** What PostgreSQL says otherwise, and what a statement for both must not hold. */
const foreign: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a cast by ::', /::/], ['limit', /\blimit (\d|\$\{)/i], ['returning', /\breturning\b/i], ['on conflict', /\bon conflict\b/i], ['|| between texts', /\|\|/],
  ['now()', /\bnow\(\)/i], ['interval', /\binterval '/i], ['a truth value', /\b(true|false)\b/i], ['ilike', /\bilike\b/i], ['filter (where', /\bfilter \(where/i],
  ['nulls first or last', /\bnulls (first|last)\b/i], ['is distinct from', /\bis (not )?distinct from\b/i], ['greatest or least', /\b(greatest|least)\(/i],
  ['octet_length or length', /\b(octet_)?length\(/i], ['for update', /\bfor (update|share)\b/i], ['rows compared as a whole', /\([a-z_.]+(, ?[a-z_.]+)+\) (in|=|<|>)/i],
  ['any(array)', /= any\(/i], ['using', /\busing\b/i], ['array_agg or string_agg', /\b(array|bool|json)_?agg\(|\bbool_(or|and)\(/i], ['extract or date_trunc', /\b(extract|date_trunc|to_char)\(/i], ['with recursive', /with recursive/i],
  ['generate_series or unnest', /\b(generate_series|unnest)\(/i], ['lateral', /\blateral\b/i], ['substr', /\bsubstr\(/i], ['an update or delete with an alias', /\bupdate (?!t set)\w+ (as )?(?!set\b)\w+ set\b|\bdelete from \w+ (as )?(?!where\b)[a-z]\w* where\b/i], ['information_schema in small letters', /information_schema/], ['a count compared as a value', /select [^;]*\b(count|sum)\([^)]*\) [<>=]+ \d+ as/i],
];

test('statements for both engines hold nothing that only one of them knows', () => {
  const files = ['ledger', 'capture', 'cli', 'delivery', 'collection', 'acknowledgement', 'reconciliation', 'ops', 'mapping'].flatMap((folder) =>
    readdirSync(path.join('src', folder), { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts') && !f.includes('migrations') && !/postgres|mssql/.test(f)).map((f) => path.join('src', folder, f)));
  expect(files.length).toBeGreaterThan(50);
  const found: string[] = [];
  for (const file of files) {
    const source = readFileSync(file, 'utf8');
    // A line that chooses by engine says both.
    const common = source.split('\n').map((line) => (/engine === '|const (postgres|mssql)\w* =/.test(line) ? '' : line)).join('\n');
    for (const template of common.matchAll(/\bsql`((?:[^`\\]|\\.)*)`/g)) {
      const bare = template[1]!.replace(/\$\{[^}]*(\}|$)/g, '?').replace(/'[^']*'/g, "''");
      for (const [what, pattern] of foreign) if (pattern.test(bare)) found.push(`${file}: ${what}: ${bare.replace(/\s+/g, ' ').slice(0, 120)}`);
    }
  }
  expect(found).toEqual([]);
});
