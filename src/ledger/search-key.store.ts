import type { SearchKeys } from '../domain/search-keys.js';
import type { CaseSnapshot } from '../domain/snapshot.js';
import type { CaseNo } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { channelsOf } from './open-counts.store.js';

/** What a snapshot is found by; undefined for a stream that nothing is found by. */
export type KeysOf = (stream: string, snapshot: Pick<CaseSnapshot, 'case' | 'children'>) => SearchKeys | undefined;

/** Counts of one page of snapshots: those that still had contents, and what they brought that was not there. */
export interface FilledKeys {
  readonly read: number;
  readonly terms: number;
  readonly items: number;
}

interface Keyed {
  readonly id: string;
  readonly stream: string;
  readonly caseNo: CaseNo;
  readonly keys: SearchKeys;
}

const personColumns = [{ name: 'term', kind: 'text' }, { name: 'stream', kind: 'text' }, { name: 'case_no', kind: 'text' }] as const;

/** Makes what exchanges are found by from the recorded snapshots: of what was captured before there were such keys, or with other columns. */
export class SearchKeyStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** The snapshot up to which keys were made under this stamp; 0 under another one. */
  async position(stamp: string): Promise<string> {
    const { rows } = await this.database.run(sql`select position, stamp from search_position where name = 'keys'`);
    return rows[0]?.['stamp'] === stamp ? String(rows[0]['position']) : '0';
  }

  /** The newest snapshot; what is captured from now on brings its keys along. */
  async newest(): Promise<string> {
    const { rows } = await this.database.run(sql`select max(id) as last from case_snapshot`);
    return String(rows[0]?.['last'] ?? '0');
  }

  /** Numbers of snapshots after `after`, up to `upTo`. */
  async page(after: string, upTo: string, limit: number): Promise<string[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} id from case_snapshot where id > ${after} and id <= ${upTo} order by id ${raw(top.suffix)}`);
    return rows.map((r) => String(r['id']));
  }

  /** What `fill` would write; a key that several pages bring is counted with each. */
  async weigh(ids: readonly string[], keysOf: KeysOf): Promise<FilledKeys> {
    const keyed = await this.read(this.database, ids, keysOf, false);
    const there = new Set<string>();
    for (const [stream, caseNos] of byStream(keyed)) {
      const { rows } = await this.database.run(sql`select term, case_no from case_person where stream = ${stream} and case_no in (${list(caseNos)})`);
      for (const r of rows) there.add(termKey(stream, String(r['case_no']), String(r['term'])));
    }
    const wanted = new Set(keyed.flatMap((k) => k.keys.terms.map((term) => termKey(k.stream, k.caseNo, term))));
    return { read: keyed.length, terms: [...wanted].filter((t) => !there.has(t)).length, items: (await this.itemsWanted(keyed)).length };
  }

  /** Writes the keys of these snapshots, and that it came so far. Again: nothing more. */
  async fill(ids: readonly string[], keysOf: KeysOf, stamp: string): Promise<FilledKeys> {
    const { keyed, terms } = await this.database.transaction(async (runner) => {
      // Read under lock: retention, which empties snapshots and then forgets the persons, comes before this or after it.
      const found = await this.read(runner, ids, keysOf, true);
      const rows = found.flatMap((k) => k.keys.terms.map((term) => [term, k.stream, k.caseNo]));
      return { keyed: found, terms: await this.database.dialect.insertMany(runner, 'case_person', personColumns, rows, personColumns.map((c) => c.name)) };
    });
    const wanted = await this.itemsWanted(keyed);
    const items = await this.database.dialect.updateMany(this.database, {
      table: 'exchange', key: { name: 'id', kind: 'big' }, match: [{ name: 'snapshot_id', kind: 'big' }], set: [{ name: 'item', kind: 'text' }],
      // A correction that came meanwhile knows better.
      where: raw('(t.item is null or t.item <> x.s_item)'),
      rows: wanted.map((w) => [w.id, w.snapshotId, w.item]),
    });
    await this.database.run(sql`update search_position set position = ${ids.at(-1)!}, stamp = ${stamp} where name = 'keys'`);
    return { read: keyed.length, terms, items: items.length };
  }

  private async read(runner: Runner, ids: readonly string[], keysOf: KeysOf, lock: boolean): Promise<Keyed[]> {
    const { hint, suffix } = lock ? this.database.dialect.lockRows : { hint: '', suffix: '' };
    const { rows } = await runner.run(sql`select id, stream, case_no, body from case_snapshot ${raw(hint)} where id in (${list(ids)}) and pruned_at is null order by id ${raw(suffix)}`);
    return rows.flatMap((r) => {
      // Contents that were pruned otherwise, e.g. by hand, say nothing either.
      if (String(r['body']) === '') return [];
      const keys = keysOf(String(r['stream']), JSON.parse(String(r['body'])) as Pick<CaseSnapshot, 'case' | 'children'>);
      return keys === undefined ? [] : [{ id: String(r['id']), stream: String(r['stream']), caseNo: String(r['case_no']), keys }];
    });
  }

  /** Exchanges of these snapshots with another item or none; of those whose own snapshot has no contents any more the newest of the case speaks. */
  private async itemsWanted(keyed: readonly Keyed[]): Promise<{ id: string; snapshotId: string; item: string }[]> {
    const channels = await channelsOf(this.database);
    const wanted: { id: string; snapshotId: string; item: string }[] = [];
    for (const [stream, caseNos] of byStream(keyed)) {
      const items = new Map(keyed.flatMap((k) => (k.stream === stream && k.keys.item !== undefined ? [[k.id, k.keys.item] as const] : [])));
      const { rows } = await this.database.run(sql`select e.id, e.snapshot_id, e.item, h.snapshot_id as head_id, case when s.id is null then 1 else 0 end as mute from exchange e
        left join case_head h on h.stream = e.stream and h.case_no = e.case_no
        left join case_snapshot s on s.id = e.snapshot_id and s.pruned_at is null
        where e.channel in (${list(channels)}) and e.case_no in (${list(caseNos)}) and e.stream = ${stream}`);
      for (const r of rows) {
        const own = items.get(String(r['snapshot_id']));
        const item = own ?? (Number(r['mute']) === 1 && r['item'] === null ? items.get(String(r['head_id'])) : undefined);
        if (item !== undefined && r['item'] !== item) wanted.push({ id: String(r['id']), snapshotId: String(r['snapshot_id']), item });
      }
    }
    return wanted;
  }
}

const termKey = (stream: string, caseNo: string, term: string): string => `${stream}\u0000${caseNo}\u0000${term}`;

function byStream(keyed: readonly Keyed[]): Map<string, string[]> {
  const out = new Map<string, Set<string>>();
  for (const k of keyed) out.set(k.stream, (out.get(k.stream) ?? new Set()).add(k.caseNo));
  return new Map([...out].map(([stream, caseNos]) => [stream, [...caseNos]]));
}
