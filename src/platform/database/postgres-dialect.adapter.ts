import { sourceColumns, type ClaimRequest, type Column, type ColumnKind, type Dialect, type Runner } from './dialect.js';
import { list, raw, Sql, sql } from './sql.js';
import { writeBinaryArray } from './write-binary-array.js';

const types: Record<ColumnKind, string> = {
  big: 'bigint',
  int: 'integer',
  text: 'varchar',
  long: 'text',
  bytes: 'bytea',
  instant: 'timestamptz(3)',
  flag: 'smallint',
};

const castOf = (kind: ColumnKind): string => (kind === 'text' ? 'text' : types[kind]);

/** `unnest(array, array …) as x(a, b …)`: one binary parameter per column however many rows. */
function rowSource(columns: readonly Column[], rows: readonly (readonly unknown[])[]): Sql {
  const arrays = columns.map((c, i) => writeBinaryArray(c.kind, rows.map((r) => r[i] ?? null)));
  const strings = columns.map((c, i) => (i === 0 ? 'unnest(' : `::${castOf(columns[i - 1]!.kind)}[], `));
  strings.push(`::${castOf(columns.at(-1)!.kind)}[]) as x(${columns.map((c) => c.name).join(', ')})`);
  return new Sql(strings, arrays);
}

export const postgresDialect: Dialect = {
  engine: 'postgres',
  placeholder: (index) => `$${index + 1}`,
  maxParameters: 65_535,
  type: (kind, length) => (kind === 'text' ? `varchar(${length ?? 200})` : types[kind]),
  identity: 'bigint generated always as identity primary key',
  coarseIndex: (name, table, column) => `create index ${name} on ${table} using brin (${column}) with (autosummarize = on)`,
  value: (_kind, value) => value,
  among: (column, kind, values) => sql`${raw(column)} = any(${[...values]}::${raw(castOf(kind))}[])`,
  mostListed: 5000,
  lockRows: { hint: '', suffix: 'for update' },
  top: (n) => ({ prefix: '', suffix: `limit ${n}` }),

  async insertMany(runner, table, columns, rows, unlessExists) {
    if (rows.length === 0) return 0;
    const names = columns.map((c) => c.name).join(', ');
    const conflict = unlessExists ? `on conflict (${unlessExists.join(', ')}) do nothing` : '';
    const result = await runner.run(sql`insert into ${raw(table)} (${raw(names)}) select ${raw(names)} from ${rowSource(columns, rows)} ${raw(conflict)}`);
    return result.affected;
  },

  async updateMany(runner, u) {
    if (u.rows.length === 0) return [];
    const assignments = u.set.map((c) => `${c.name} = x.s_${c.name}`).join(', ');
    const compare = u.match.map((c) => `and t.${c.name} = x.m_${c.name}`).join(' ');
    const result = await runner.run(
      sql`update ${raw(u.table)} t set ${raw(assignments)}${u.also ? sql`, ${u.also}` : raw('')} from ${rowSource(sourceColumns(u), u.rows)}
          where t.${raw(u.key.name)} = x.k ${raw(compare)} ${u.where ? sql`and (${u.where})` : raw('')} returning x.k as k`,
    );
    return result.rows.map((r) => String(r['k']));
  },

  async claim(runner: Runner, r: ClaimRequest) {
    const lane = r.lane
      ? sql`and e.head = 1 and not exists (select 1 from exchange p where p.channel = e.channel and p.case_no = e.case_no
            and p.lane_position < e.lane_position and p.state not in (${list(r.lane.through)}))`
      : raw('');
    const cases = r.caseNos === undefined ? raw('') : sql`and e.case_no in (${list(r.caseNos)})`;
    const result = await runner.run(sql`
      with due as (
        select e.id from exchange e
        where e.channel = ${r.channel} and e.state = ${r.state} and e.due_at <= ${r.now}::timestamptz
          and (e.claimed_until is null or e.claimed_until < ${r.now}::timestamptz) ${lane} ${cases}
        order by e.head desc, e.urgent desc, e.lane_position limit ${raw(String(r.limit))} for update of e skip locked)
      update exchange e set claim_token = ${r.token}, claimed_until = ${r.until}::timestamptz, crashes = e.crashes + 1 ${raw(r.marksTried ? ', tried = e.tried + 1' : '')}
      from due where e.id = due.id returning e.*`);
    return result.rows;
  },

  // Autovacuum does this a minute later at the soonest, and never to rows that are not committed.
  refreshStatistics: async (runner, table) => void (await runner.run(sql`analyze ${raw(table)}`)),

  // The default of 4 is a turning disk's: with it a day of ten thousand is joined by reading a million rows through.
  preferLookups: async (runner) => void (await runner.run(sql`set local random_page_cost = 1.1`)),

  isUniqueViolation: (error) => codeOf(error) === '23505',
  isTransient: (error) => {
    const code = codeOf(error);
    // 08*: connection, 25006: read-only for now, 40*: serialization and deadlock, 53*: resources, 57P*: shutdown and start-up
    return /^(08|25006|40|53|57P)/.test(code) || ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'].includes(code) || /Connection terminated|timeout exceeded when trying to connect/.test(String((error as Error | undefined)?.message));
  },
};

function codeOf(error: unknown): string {
  const e = error as { code?: unknown; driverError?: { code?: unknown } } | undefined;
  return String(e?.driverError?.code ?? e?.code ?? '');
}
