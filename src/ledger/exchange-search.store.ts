import type { ChannelName, ExchangeId, Instant } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql, type Sql } from '../platform/database/sql.js';
import { exchangeRow, instantText, type ExchangeRow } from './exchange-row.js';
import { numberAt } from './number-at.store.js';
import { searchWays, type OpsSearch, type SearchWay } from './ops-search.js';
import { rowsWithText } from './payload-text.store.js';

export interface SearchPage {
  readonly rows: readonly ExchangeRow[];
  /** Where the next page goes on: below this number. */
  readonly next?: ExchangeId | undefined;
  /** Set when time was up before the page was full: how many were looked at on this page, and when the oldest was captured. */
  readonly looked?: { readonly exchanges: number; readonly back?: Instant | undefined } | undefined;
}

/** Too many people begin so: gathering all their exchanges would not be quick. */
export class TooManyPersons extends Error {}

interface Bounds {
  /** Below this number. */
  readonly below: string;
  readonly from: string;
}

/** The capture of two exchanges whose numbers follow each other may be this far apart: a transaction takes its numbers first. */
const captureSlackMs = 10 * 60_000;
/** Numbers that are gathered at the most before a search goes along something else. */
const gathered = 5_000;
const mostCases = 500;
const firstWindow = 200;
const lastWindow = 10_000;
/** Contents that are looked through for a text at a time. */
const textWindow = 200;
const highest = '9223372036854775807';

/**
 * Searches of the ops page, newest first. Each goes along an index in windows of known size and checks the other conditions on what
 * it meets, so that no mixture of conditions makes it read the whole ledger; when its time is up it says how far it came. Writes
 * nothing.
 */
export class ExchangeSearchStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** At most `limit` below the number `before`; after `budgetMs` no new window is begun. */
  async page(search: OpsSearch, before: ExchangeId | undefined, limit: number, budgetMs: number): Promise<SearchPage> {
    const started = performance.now();
    const bounds = await this.bounds(search, before);
    const rows: ExchangeRow[] = [];
    let looked = 0;
    for await (const window of this.windows(search, bounds, search.text === undefined ? Math.max(firstWindow, limit + 1) : textWindow)) {
      looked += window.count;
      rows.push(...(await this.keep(search, await this.rows(search, window.source, search.text === undefined ? limit + 1 : textWindow))));
      if (rows.length > limit) return { rows: rows.slice(0, limit), next: rows[limit - 1]!.id };
      if (performance.now() - started > budgetMs && !window.last) return { rows, next: window.lowest, looked: { exchanges: looked, back: await this.capturedAt(window.lowest) } };
    }
    return { rows };
  }

  /** Numbers of all that match, oldest first; beyond `limit` the newest. */
  async ids(search: OpsSearch, limit: number): Promise<ExchangeId[]> {
    const found: ExchangeId[] = [];
    for await (const window of this.windows(search, await this.bounds(search, undefined), search.text === undefined ? lastWindow : textWindow)) {
      if (search.text === undefined) found.push(...(await this.numbers(search, window.source)));
      else found.push(...(await this.keep(search, await this.rows(search, window.source, lastWindow))).map((r) => r.id));
      if (found.length >= limit) break;
    }
    return found.slice(0, limit).reverse();
  }

  /** Numbers of what was captured, or listed by a manifest that was staged, in a window; oldest first. */
  async idsOfWindow(w: { channel: ChannelName; by: 'captured' | 'staged'; from: Instant; to: Instant }, limit: number): Promise<ExchangeId[]> {
    if (w.by === 'captured') return this.ids({ channels: [w.channel], from: w.from, to: w.to }, limit);
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} e.id from manifest f join exchange e on e.channel = f.channel and e.manifest_seq = f.seq
      where f.channel = ${w.channel} and f.staged_at >= ${this.at(w.from)} and f.staged_at < ${this.at(w.to)} order by e.id ${raw(top.suffix)}`);
    return rows.map((r) => String(r['id']));
  }

  /** Windows of numbers, each a statement that gives its ids; the last one ends the search. */
  private async *windows(search: OpsSearch, bounds: Bounds, size: number): AsyncGenerator<{ source: Sql; count: number; lowest: ExchangeId; last: boolean }> {
    for (const way of searchWays(search)) {
      if (way.kind === 'few') {
        const ids = await this.gather(way.by, search, bounds);
        if (ids === undefined) continue;
        const step = Math.min(size, this.database.dialect.mostListed);
        for (let i = 0; i < ids.length; i += step) {
          const part = ids.slice(i, i + step);
          yield { source: sql`select id from exchange where ${this.database.dialect.among('id', 'big', part)}`, count: part.length, lowest: part.at(-1)!, last: i + step >= ids.length };
        }
        return;
      }
      for (let [below, n] = [bounds.below, size]; ; n = Math.min(lastWindow, search.text === undefined ? n * 2 : n)) {
        const source = this.walk(way.by, search, { ...bounds, below }, n);
        const { rows } = await this.database.run(sql`select count(*) as n, min(id) as lowest from (${source}) w`);
        const count = Number(rows[0]!['n']);
        if (count === 0) return;
        below = String(rows[0]!['lowest']);
        yield { source, count, lowest: below, last: count < n };
        if (count < n) return;
      }
    }
  }

  /** The newest `n` numbers along an index; of several values the newest of all. */
  private walk(by: Extract<SearchWay, { kind: 'walk' }>['by'], s: OpsSearch, b: Bounds, n: number): Sql {
    const top = this.database.dialect.top(n);
    const one = (where: Sql): Sql => sql`select ${raw(top.prefix)} id from exchange where ${where} and id >= ${b.from} and id < ${b.below} order by id desc ${raw(top.suffix)}`;
    if (by === 'all') return one(sql`1 = 1`);
    // A state stands in the statement itself: the index holds these states only, and an engine has to see that.
    const conditions = by === 'code' ? s.codes!.map((c) => sql`failure_code = ${c}`) : by === 'item' ? s.items!.map((i) => sql`item = ${i}`) : s.states!.map((state) => sql`state = ${raw(`'${state}'`)}`);
    const unique = conditions.slice(0, 50);
    if (unique.length === 1) return one(unique[0]!);
    const parts = unique.map((where, i) => sql`select id from (${one(where)}) ${raw(`p${i}`)}`).reduce((all, part) => sql`${all} union all ${part}`);
    return sql`select ${raw(top.prefix)} id from (${parts}) x order by id desc ${raw(top.suffix)}`;
  }

  /** All numbers within the bounds, newest first; undefined when they are too many. */
  private async gather(by: Extract<SearchWay, { kind: 'few' }>['by'], s: OpsSearch, b: Bounds): Promise<ExchangeId[] | undefined> {
    const top = this.database.dialect.top(gathered + 1);
    const take = async (where: Sql, order = sql``): Promise<ExchangeId[]> => (await this.database.run(sql`select ${raw(top.prefix)} id from exchange where ${where} and id >= ${b.from} and id < ${b.below} ${order} ${raw(top.suffix)}`)).rows.map((r) => String(r['id']));
    const found: ExchangeId[] = [];
    if (by === 'id') found.push(...(await take(sql`id = ${s.id}`)));
    else if (by === 'message') found.push(...(await take(sql`message_id = ${s.messageId}`)));
    else {
      const channels = s.channels ?? (await this.database.run(sql`select channel from channel_state`)).rows.map((r) => String(r['channel']));
      const cases = by === 'person' ? await this.casesOf(s.person!) : [];
      for (const channel of channels) {
        // In the order of the index, so that no engine thinks of reading the table instead.
        if (by === 'case') found.push(...(await take(sql`channel = ${channel} and ${startsWith('case_no', s.casePrefix!)}`, sql`order by channel, case_no, event, sequence, version`)));
        else if (by === 'person') for (let i = 0; i < cases.length; i += 500) found.push(...(await take(sql`channel = ${channel} and case_no in (${list(cases.slice(i, i + 500))})`)));
        else for (const state of s.states!) found.push(...(await take(sql`channel = ${channel} and state = ${state}`, sql`order by channel, state, head desc, urgent desc, lane_position`)));
        if (found.length > gathered) {
          if (by === 'person') throw new TooManyPersons();
          return undefined;
        }
      }
    }
    return found.sort((x, y) => (BigInt(x) > BigInt(y) ? -1 : 1));
  }

  private async casesOf(term: string): Promise<string[]> {
    const top = this.database.dialect.top(mostCases + 1);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} case_no from case_person where ${startsWith('term', term)} order by term, stream, case_no ${raw(top.suffix)}`);
    if (rows.length > mostCases) throw new TooManyPersons();
    return [...new Set(rows.map((r) => String(r['case_no'])))];
  }

  private async rows(search: OpsSearch, source: Sql, most: number): Promise<ExchangeRow[]> {
    const top = this.database.dialect.top(most);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} e.* from exchange e join (${source}) w on w.id = e.id where ${this.where(search)} order by e.id desc ${raw(top.suffix)}`);
    return rows.map(exchangeRow);
  }

  private async numbers(search: OpsSearch, source: Sql): Promise<ExchangeId[]> {
    const { rows } = await this.database.run(sql`select e.id as id from exchange e join (${source}) w on w.id = e.id where ${this.where(search)} order by e.id desc`);
    return rows.map((r) => String(r['id']));
  }

  private keep(search: OpsSearch, rows: ExchangeRow[]): Promise<ExchangeRow[]> {
    return search.text === undefined ? Promise.resolve(rows) : rowsWithText(this.database, rows, search.text);
  }

  /** Every condition on a row; those of persons and texts are met by where the row was found. */
  private where(s: OpsSearch): Sql {
    let where = sql`1 = 1`;
    if (s.id !== undefined) where = sql`${where} and e.id = ${s.id}`;
    if (s.messageId !== undefined) where = sql`${where} and e.message_id = ${s.messageId}`;
    if (s.channels !== undefined) where = sql`${where} and e.channel in (${list(s.channels)})`;
    if (s.states !== undefined) where = sql`${where} and e.state in (${list(s.states)})`;
    if (s.events !== undefined) where = sql`${where} and e.event in (${list(s.events)})`;
    if (s.items !== undefined) where = sql`${where} and e.item in (${list(s.items)})`;
    if (s.codes !== undefined) where = sql`${where} and e.failure_code in (${list(s.codes)})`;
    if (s.casePrefix !== undefined) where = sql`${where} and ${startsWith('e.case_no', s.casePrefix)}`;
    if (s.from !== undefined) where = sql`${where} and e.captured_at >= ${this.at(s.from)}`;
    if (s.to !== undefined) where = sql`${where} and e.captured_at < ${this.at(s.to)}`;
    return where;
  }

  private async bounds(s: OpsSearch, before: ExchangeId | undefined): Promise<Bounds> {
    const moved = (v: string, ms: number): string => new Date(Date.parse(v) + ms).toISOString();
    const from = s.from === undefined ? '0' : (await numberAt(this.database, moved(s.from, -captureSlackMs))).first;
    const end = s.to === undefined ? highest : (await numberAt(this.database, moved(s.to, captureSlackMs))).end;
    return { from, below: before === undefined || BigInt(before) > BigInt(end) ? end : before };
  }

  private async capturedAt(id: ExchangeId): Promise<Instant | undefined> {
    const { rows } = await this.database.run(sql`select captured_at from exchange where id = ${id}`);
    return rows[0] && instantText(rows[0]['captured_at']);
  }

  private at(instant: Instant): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

/** The column begins with this text. */
function startsWith(column: string, prefix: string): Sql {
  return sql`${raw(column)} like ${`${prefix.replaceAll(/[\\%_[]/g, (c) => `\\${c}`)}%`} escape '\\'`;
}
