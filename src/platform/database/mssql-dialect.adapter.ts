import { sourceColumns, type ClaimRequest, type Column, type ColumnKind, type Dialect, type Runner } from './dialect.js';
import { list, raw, Sql, sql } from './sql.js';

const types: Record<ColumnKind, string> = {
  big: 'bigint',
  int: 'int',
  text: 'nvarchar',
  long: 'nvarchar(max)',
  bytes: 'varbinary(max)',
  instant: 'datetime2(3)',
  flag: 'smallint',
};

/** The protocol allows 2100 parameters; a table value constructor allows 1000 rows. */
const maxParameters = 2000;
const maxRows = 900;

/** The ledger compares and sorts its texts by code, as PostgreSQL does, whatever order the database was made with. */
const textOrder = 'collate Latin1_General_BIN2';
const castTo = (kind: ColumnKind): string => (kind === 'text' ? ` as nvarchar(4000)) ${textOrder}` : ` as ${types[kind]})`);

function chunks<T>(rows: readonly T[], columns: number): T[][] {
  const size = Math.max(1, Math.min(maxRows, Math.floor(maxParameters / columns)));
  const out: T[][] = [];
  for (let i = 0; i < rows.length; i += size) out.push(rows.slice(i, i + size));
  return out;
}

/** SQL Server reads instants without zone; the ledger keeps UTC. */
function value(kind: ColumnKind, v: unknown): unknown {
  return kind === 'instant' && typeof v === 'string' ? v.replace(/Z$/, '') : v;
}

/** Without rows whose key came before among themselves; `not exists` only sees what is in the table. */
function firstOfEach(columns: readonly Column[], rows: readonly (readonly unknown[])[], key: readonly string[]): (readonly unknown[])[] {
  const places = key.map((name) => columns.findIndex((c) => c.name === name));
  const seen = new Set<string>();
  return rows.filter((row) => {
    // Blanks at the end make no difference there.
    const values = JSON.stringify(places.map((i) => String(row[i]).replace(/ +$/, '')));
    if (seen.has(values)) return false;
    seen.add(values);
    return true;
  });
}

/** With `row_no`, the place of each row. */
function rowSource(columns: readonly Column[], rows: readonly (readonly unknown[])[]): Sql {
  const strings: string[] = ['(values '];
  const values: unknown[] = [];
  rows.forEach((row, r) => {
    columns.forEach((c, i) => {
      strings[strings.length - 1] += i === 0 ? `${r === 0 ? '' : ', '}(${r}, cast(` : ', cast(';
      values.push(value(c.kind, row[i] ?? null));
      strings.push(castTo(c.kind));
    });
    strings[strings.length - 1] += ')';
  });
  strings[strings.length - 1] += `) as x(row_no, ${columns.map((c) => c.name).join(', ')})`;
  return new Sql(strings, values);
}

/** Skips what others hold. Where READ_COMMITTED_SNAPSHOT is on, readpast is refused unless rows are read under locks (error 650). */
const skipLocked = 'rowlock, updlock, readpast, readcommittedlock';

export const mssqlDialect: Dialect = {
  engine: 'mssql',
  placeholder: (index) => `@${index}`,
  maxParameters,
  // The order is said here, because a column made by openjson has the database's, which two columns cannot be compared by.
  listFromJson: (placeholder) => `select j.v ${textOrder} from openjson(${placeholder}) with (v nvarchar(400) '$') j`,
  type: (kind, length) => (kind === 'text' ? `nvarchar(${length ?? 200}) ${textOrder}` : types[kind]),
  identity: 'bigint identity(1,1) primary key',
  coarseIndex: (name, table, column) => `create index ${name} on ${table} (${column})`,
  value,
  among: (column, _kind, values) => sql`${raw(column)} in (${list(values)})`,
  mostListed: 900,
  lockRows: { hint: 'with (updlock, rowlock)', suffix: '' },
  top: (n) => ({ prefix: `top (${n})`, suffix: '' }),

  async insertMany(runner, table, columns, rows, unlessExists) {
    const names = columns.map((c) => c.name).join(', ');
    let inserted = 0;
    for (const chunk of chunks(unlessExists ? firstOfEach(columns, rows, unlessExists) : rows, columns.length)) {
      const unless = unlessExists
        ? raw(`where not exists (select 1 from ${table} t with (updlock, holdlock) where ${unlessExists.map((k) => `t.${k} = x.${k}`).join(' and ')})`)
        : raw('');
      // Numbers are given in the order that is asked for, and in any order where none is.
      const result = await runner.run(sql`insert into ${raw(table)} (${raw(names)}) select ${raw(names)} from ${rowSource(columns, chunk)} ${unless} order by x.row_no`);
      inserted += result.affected;
    }
    return inserted;
  },

  async updateMany(runner, u) {
    const changed: string[] = [];
    const assignments = u.set.map((c) => `${c.name} = x.s_${c.name}`).join(', ');
    const compare = u.match.map((c) => `and t.${c.name} = x.m_${c.name}`).join(' ');
    const columns = sourceColumns(u);
    for (const chunk of chunks(u.rows, columns.length)) {
      const result = await runner.run(
        sql`update t set ${raw(assignments)}${u.also ? sql`, ${u.also}` : raw('')} output x.k as k
            from ${raw(u.table)} t join ${rowSource(columns, chunk)} on t.${raw(u.key.name)} = x.k
            where 1 = 1 ${raw(compare)} ${u.where ? sql`and (${u.where})` : raw('')}`,
      );
      changed.push(...result.rows.map((r) => String(r['k'])));
    }
    return changed;
  },

  async claim(runner: Runner, r: ClaimRequest) {
    const now = value('instant', r.now);
    const lane = r.lane
      ? sql`and e.head = 1 and not exists (select 1 from exchange p where p.channel = e.channel and p.case_no = e.case_no
            and p.lane_position < e.lane_position and p.state not in (${list(r.lane.through)}))`
      : raw('');
    const cases = r.caseNos === undefined ? raw('') : sql`and e.case_no in (${list(r.caseNos)})`;
    const result = await runner.run(sql`
      with due as (
        select top (${raw(String(r.limit))}) e.* from exchange e with (${raw(skipLocked)})
        where e.channel = ${r.channel} and e.state = ${r.state} and e.due_at <= ${now}
          and (e.claimed_until is null or e.claimed_until < ${now}) ${lane} ${cases}
        order by e.head desc, e.urgent desc, e.lane_position)
      update due set claim_token = ${r.token}, claimed_until = ${value('instant', r.until)}, crashes = crashes + 1 ${raw(r.marksTried ? ', tried = tried + 1' : '')}
      output inserted.*`);
    return result.rows;
  },

  // Statistics are renewed by the server when a statement needs them (AUTO_UPDATE_STATISTICS, on by default).
  refreshStatistics: () => Promise.resolve(),
  preferLookups: () => Promise.resolve(),

  isUniqueViolation: (error) => [2627, 2601].includes(numberOf(error)),
  isTransient: (error) => {
    const e = error as { code?: unknown; message?: unknown; driverError?: { code?: unknown } } | undefined;
    const code = String(e?.driverError?.code ?? e?.code ?? '');
    return lostCodes.includes(code) || passingNumbers.includes(numberOf(error)) || /Failed to acquire a connection from the pool/.test(String(e?.message))
      // What a login is told carries no number. The database behind an address is opened last when a server starts.
      || (code === 'ELOGIN' && /Cannot open database|script upgrade mode|is being (recovered|started)|not currently available|is paused/i.test(String(e?.message)));
  },
};

/** Codes of the driver when a connection is gone; the last two, when it went while a transaction had nothing to say. */
const lostCodes = ['ESOCKET', 'ECONNCLOSED', 'ENOTOPEN', 'ETIMEOUT', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EABORT', 'EINVALIDSTATE', 'ENOTBEGUN'];

/**
 * https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
 * 64 to 10061: the network. 596, 6005, 17142: session ended, shutting down, paused. 701, 802, 8645, 8651: memory. 845, 1204, 1222: latch,
 * locks. 1101, 1105, 9002: no room on the disk or in the log. 1205: deadlock victim. 921, 922, 927, 976, 983: a database that is not there
 * yet. 3960, 3961, 3966: a snapshot that could not be kept. 10928 and above: a server in a cloud, busy or moving.
 */
const passingNumbers = [
  64, 121, 233, 10053, 10054, 10060, 10061, 596, 6005, 17142, 701, 802, 8645, 8651, 845, 1204, 1222, 1101, 1105, 9002, 1205,
  921, 922, 927, 976, 983, 3960, 3961, 3966, 10928, 10929, 10936, 40197, 40501, 40613, 49918, 49919, 49920,
];

function numberOf(error: unknown): number {
  const e = error as { number?: unknown; driverError?: { number?: unknown } } | undefined;
  return Number(e?.driverError?.number ?? e?.number ?? 0);
}
