import { readdir } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { askAgainMs } from './storm-supervision.js';
import type { WatchedChannel } from './witness.js';

export interface UnsettledOptions {
  readonly bureauUrl: string;
  readonly ledgerUrl: string;
  readonly channels: readonly WatchedChannel[];
  /** By channel: the directory of the center and, where it is elsewhere, its staging directory. */
  readonly centers: Readonly<Record<string, { readonly dir: string; readonly stagingDir?: string | undefined }>>;
}

/** How much is still on its way, by place; `total` 0 means settled. Cheap enough to be asked every second. */
export interface Unsettled {
  readonly total: number;
  /** Rows above the ledger's watermark, expected events that the ledger does not know, deleted cases it has not noticed. */
  readonly notCaptured: number;
  /** Exchanges that will still move by themselves, manifests on their way, acknowledgements not read yet. */
  readonly moving: number;
  /** Manifests that the center has not imported. */
  readonly notImported: number;
  /** Where: tables with rows above the watermark, channel and event whose keys differ, states that move and how many are in them. */
  readonly where: readonly string[];
}

interface Place {
  readonly where: string;
  readonly count: number;
}

/** The events of the bureau as keys, written from config/streams/case.yaml. */
const bureauKeys = `
  select 'application' as event, case_no, '1' as seq from land_case where applied_at is not null
  union all select 'acceptance', case_no, '1' from land_case where accepted_at is not null
  union all select 'refusal', case_no, '1' from land_case where refused_at is not null and accepted_at is null
  union all select 'result', case_no, '1' from land_case where closed_at is not null or withdrawn_at is not null
  union all select 'supplement-notice', case_no, supplement_no::text from land_supplement where notified_at is not null
  union all select 'supplement-received', case_no, supplement_no::text from land_supplement where received_at is not null
  union all select 'process-step', case_no, step_no::text from land_step where step_status = 'DONE' and started_at is not null
  union all select 'special-start', case_no, special_no::text from land_special where started_at is not null
  union all select 'special-end', case_no, special_no::text from land_special where ended_at is not null
  union all select 'pickup', case_no, pickup_no::text from land_pickup where picked_at is not null`;

/** What the newest version of each event says that it stands. */
const ledgerKeys = `
  select channel, event, case_no, sequence as seq from (
    select distinct on (channel, case_no, event, sequence) channel, case_no, event, sequence, operation, state from exchange order by channel, case_no, event, sequence, version desc) newest
  where operation <> 'D' and state <> 'cancelled'
    and case_no not in (select case_no from case_head where stream = 'case' and removed_at is not null)`;

/** A count and a sum of digests: equal on both sides when the keys are. */
const summed = `count(*)::int as n, coalesce(sum(('x' || substr(md5(case_no || '/' || seq), 1, 8))::bit(32)::bigint), 0)::text as digest`;

const tables: Readonly<Record<string, string>> = {
  land_case: 'land_case', applicants: 'land_applicant', parcels: 'land_parcel', steps: 'land_step', supplements: 'land_supplement', specials: 'land_special',
  certificates: 'land_certificate', pickups: 'land_pickup', materials: 'land_material', charges: 'land_charge',
};

/** Asks bureau, ledger and center what is still moving; databases that do not answer throw. */
export async function countUnsettled(options: UnsettledOptions): Promise<Unsettled> {
  const [bureau, ledger] = [await connect(options.bureauUrl), await connect(options.ledgerUrl).catch((error: unknown) => error)];
  if (!(ledger instanceof pg.Client)) {
    await bureau.end();
    throw ledger;
  }
  try {
    const uncaptured = [...(await countAbove(bureau, ledger)), ...(await countMissing(bureau, ledger, options.channels))];
    const notCaptured = uncaptured.reduce((sum, u) => sum + u.count, 0);
    const onTheWay = [...(await findMoving(ledger)), ...(options.channels.some((c) => c.told !== undefined) ? await findUnjudged(ledger) : [])];
    const moving = onTheWay.reduce((sum, u) => sum + u.count, 0);
    let notImported = 0;
    for (const { channel } of options.channels) {
      const center = options.centers[channel];
      if (center === undefined) continue;
      const names = await readdir(path.join(center.stagingDir ?? path.join(center.dir, 'staging'), 'manifest')).catch(() => []);
      notImported += names.filter((name) => /^M\d+\.xml$/.test(name)).length;
    }
    return { total: notCaptured + moving + notImported, notCaptured, moving, notImported, where: [...uncaptured, ...onTheWay].map((u) => u.where) };
  } finally {
    await Promise.all([bureau.end(), ledger.end()]);
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 20_000 });
  client.on('error', () => undefined); // the query that is under way fails with it, and says so
  await client.connect();
  return client;
}

/** Rows that were written at or after the mark up to which the ledger has read their table. */
async function countAbove(bureau: pg.Client, ledger: pg.Client): Promise<Place[]> {
  const { rows } = await ledger.query<{ position: string }>(`select position from watermark where stream = 'case'`);
  const position = JSON.parse(rows[0]?.position ?? '{}') as Record<string, readonly [string, string] | undefined>;
  const counts = Object.entries(tables).map(([source, table]) => {
    const [mark, caseNo] = position[source] ?? ['0', ''];
    return `select '${table}' as place, count(*)::int as n from ${table} where row_version > ${BigInt(mark)} or (row_version = ${BigInt(mark)} and case_no > '${caseNo.replaceAll("'", "''")}')`;
  });
  const found = await bureau.query<{ place: string; n: number }>(counts.join(' union all '));
  return found.rows.filter((row) => row.n > 0).map((row) => ({ where: `${row.place} above the watermark`, count: row.n }));
}

async function countMissing(bureau: pg.Client, ledger: pg.Client, channels: readonly WatchedChannel[]): Promise<Place[]> {
  const there = await bureau.query<{ event: string; n: number; digest: string }>(`select event, ${summed} from (${bureauKeys}) keys group by event`);
  const known = await ledger.query<{ channel: string; event: string; n: number; digest: string }>(`select channel, event, ${summed} from (${ledgerKeys}) keys group by channel, event`);
  const missing: Place[] = [];
  for (const { channel, events } of channels) {
    for (const event of events) {
      const [a, b] = [there.rows.find((r) => r.event === event), known.rows.find((r) => r.channel === channel && r.event === event)];
      // Equal counts with other digests: at least one is missing and one too many.
      if ((a?.digest ?? '0') !== (b?.digest ?? '0')) missing.push({ where: `${channel} ${event}: ${a?.n ?? 0} in the bureau, ${b?.n ?? 0} in the ledger`, count: Math.max(1, Math.abs((a?.n ?? 0) - (b?.n ?? 0))) });
    }
  }
  // A case that nobody at the receivers knows has no event to miss; whether it is gone shows in the heads.
  const heads = await ledger.query<{ n: number; digest: string }>(`select ${summed.replaceAll('seq', `''`)} from case_head where stream = 'case' and removed_at is null`);
  const cases = await bureau.query<{ n: number; digest: string }>(`select ${summed.replaceAll('seq', `''`)} from land_case`);
  if (heads.rows[0]?.digest !== cases.rows[0]?.digest) missing.push({ where: `cases: ${cases.rows[0]?.n ?? 0} in the bureau, ${heads.rows[0]?.n ?? 0} in the ledger`, count: Math.max(1, Math.abs((heads.rows[0]?.n ?? 0) - (cases.rows[0]?.n ?? 0))) });
  return missing;
}

/** Clocks that have not followed what was captured, whose moment has come, or that ask in a moment whether their card may go. */
async function findUnjudged(ledger: pg.Client): Promise<Place[]> {
  const { rows } = await ledger.query<{ place: string; n: number }>(`
    select 'snapshots that no clock followed' as place, count(*)::int as n from case_snapshot where stream = 'case' and id > (select position from supervision_position where name = 'facts')
    union all select 'clocks of removed cases', count(*)::int from clock_state c join case_head h on h.stream = c.stream and h.case_no = c.case_no where h.removed_at is not null and c.gone = 0
    union all select 'clocks that are due', count(*)::int from clock_state where next_crossing_at <= now() or next_crossing_at = computed_at + interval '${askAgainMs} milliseconds'`);
  return rows.filter((row) => row.n > 0).map((row) => ({ where: `${row.place}: ${row.n}`, count: row.n }));
}

async function findMoving(ledger: pg.Client): Promise<Place[]> {
  const { rows } = await ledger.query<{ place: string; n: number }>(`
    select channel || ' ' || state || case when claimed_until > now() then ', claimed' when due_at > now() then ', due later' else '' end as place, count(*)::int as n
    from exchange e where state in ('captured', 'rendered', 'staged', 'picked_up')
      and not (state in ('captured', 'rendered') and exists (
        select 1 from exchange p where p.channel = e.channel and p.case_no = e.case_no and p.lane_position < e.lane_position and p.state in ('parked', 'refused', 'held')))
    group by 1
    union all select channel || ' manifest prepared', count(*)::int from manifest where state = 'prepared' group by 1
    union all select channel || ' inbox unread', count(*)::int from inbox where state = 'unread' group by 1`);
  return rows.map((row) => ({ where: `${row.place}: ${row.n}`, count: row.n }));
}
