import type { CaseComparison, Opinion, OpinionDifference, StoredOpinion, StoredQuery, SupervisionQuery } from '../domain/supervision-opinion.js';
import type { Day } from '../domain/reconciliation-records.js';
import type { CaseNo, ChannelName, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, raw, type Sql, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import { opinionColumns, opinionRow, opinionValues, queryColumns, queryRow, queryValues, type Origin } from './opinion-row.js';

/** One file of the supervising side as it was read, whole. */
export interface OpinionFile {
  readonly channel: ChannelName;
  readonly inboxId: string;
  readonly fileId: string;
  readonly issue: number;
  /** A later issue was taken already: its rows are kept and were never in force. */
  readonly overtaken: boolean;
  readonly opinions?: readonly Opinion[] | undefined;
  readonly queries?: readonly SupervisionQuery[] | undefined;
}

export interface OpinionFilter {
  readonly caseNo?: CaseNo | undefined;
  readonly channel?: ChannelName | undefined;
  /** What was replaced or is no longer listed too. */
  readonly past?: boolean | undefined;
}

/** A comparison that is to be made. */
export interface DueComparison {
  readonly channel: ChannelName;
  readonly caseNo: CaseNo;
  readonly body: string;
}

const comparisonKey = ['channel', 'case_no'];
const comparisonColumns: readonly Column[] = [{ name: 'channel', kind: 'text' }, { name: 'case_no', kind: 'text' }, { name: 'body', kind: 'text' }, { name: 'due', kind: 'flag' }, { name: 'differences', kind: 'long' }, { name: 'difference_count', kind: 'int' }];

/** Alone writes what the supervising side says and how it differs from ours. A word of theirs is never changed, only ended. */
export class OpinionStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    /** Whose clock each channel is told, and compared with: channel → body. */
    readonly bodies: ReadonlyMap<ChannelName, string>,
  ) {}

  /** Inside the caller's transaction: the file's rows come into force, what it replaces ends. Gives how many rows it brought. */
  async record(runner: Runner, file: OpinionFile): Promise<number> {
    const origin: Origin = { channel: file.channel, inboxId: file.inboxId, fileId: file.fileId, issue: file.issue, receivedAt: this.clock.iso(), isCurrent: !file.overtaken };
    const { opinions, queries } = file;
    const touched = new Set((opinions ?? []).map((o) => o.caseNo));
    if (opinions) {
      if (!file.overtaken) for (const r of await this.end(runner, 'supervision_opinion', file, opinions.map((o) => o.theirNo))) touched.add(String(r['case_no']));
      await this.database.dialect.insertMany(runner, 'supervision_opinion', opinionColumns, opinions.map((o) => opinionValues(origin, o)));
      if (!file.overtaken) await this.wantComparison(runner, [...touched], [file.channel]);
    }
    if (queries) {
      const before = file.overtaken ? [] : await this.end(runner, 'supervision_query', file, queries.map((q) => q.theirNo));
      const replies = new Map(before.map(queryRow).map((q) => [q.theirNo, q.reply]));
      await this.database.dialect.insertMany(runner, 'supervision_query', queryColumns, queries.map((q) => queryValues(origin, q, replies.get(q.theirNo))));
    }
    return (opinions?.length ?? 0) + (queries?.length ?? 0);
  }

  /** Cards of theirs, the newest first. */
  async opinions(filter: OpinionFilter, limit: number): Promise<StoredOpinion[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from supervision_opinion where ${where(filter)} order by judged_at desc, id desc ${raw(top.suffix)}`);
    return rows.map(opinionRow);
  }

  /** Queries of theirs, the newest first; `open`: those without an answer. */
  async queries(filter: OpinionFilter & { readonly open?: boolean | undefined }, limit: number): Promise<StoredQuery[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from supervision_query where ${where(filter)} ${filter.open ? raw('and reply is null') : raw('')} order by asked_at desc, id desc ${raw(top.suffix)}`);
    return rows.map(queryRow);
  }

  async query(id: string): Promise<StoredQuery | undefined> {
    const { rows } = await this.database.run(sql`select * from supervision_query where id = ${id}`);
    return rows[0] && queryRow(rows[0]);
  }

  /** Inside the caller's transaction: an operator answers a query. False when it was answered before, or is not in force any more. */
  async reply(runner: Runner, id: string, reply: { text: string; actor: string }): Promise<boolean> {
    const { affected } = await runner.run(sql`update supervision_query set reply = ${reply.text.slice(0, 2000)}, replied_by = ${reply.actor.slice(0, 80)}, replied_at = ${this.at(this.clock.iso())}
      where id = ${id} and reply is null and is_current = 1`);
    return affected === 1;
  }

  /** Comparisons with differences, or those of a case whatever they came to; the newest first. */
  async comparisons(filter: { readonly caseNo?: CaseNo | undefined; readonly channel?: ChannelName | undefined }, limit: number): Promise<CaseComparison[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from supervision_comparison where compared_at is not null
      ${filter.caseNo === undefined ? raw('and difference_count > 0') : sql`and case_no = ${filter.caseNo}`} ${filter.channel === undefined ? raw('') : sql`and channel = ${filter.channel}`} order by compared_at desc, case_no ${raw(top.suffix)}`);
    return rows.map((r) => ({ channel: String(r['channel']), caseNo: String(r['case_no']), body: String(r['body']), comparedAt: instantText(r['compared_at']), differences: JSON.parse(String(r['differences'])) as OpinionDifference[] }));
  }

  /** Has these cases compared (again). Inside the caller's transaction. */
  async wantComparison(runner: Runner, caseNos: readonly CaseNo[], channels: readonly ChannelName[] = [...this.bodies.keys()]): Promise<void> {
    const known = channels.filter((c) => this.bodies.has(c));
    if (caseNos.length === 0 || known.length === 0) return;
    await this.database.dialect.insertMany(runner, 'supervision_comparison', comparisonColumns, known.flatMap((c) => caseNos.map((no) => [c, no, this.bodies.get(c)!, 1, '[]', 0])), comparisonKey);
    await runner.run(sql`update supervision_comparison set due = 1 where case_no in (${list(caseNos)}) and channel in (${list(known)}) and due = 0`);
  }

  /** What was compared before is compared again: our side changed. Inside the caller's transaction. */
  async touchComparisons(runner: Runner, caseNos: readonly CaseNo[]): Promise<void> {
    if (this.bodies.size > 0 && caseNos.length > 0) await runner.run(sql`update supervision_comparison set due = 1 where case_no in (${list(caseNos)}) and due = 0`);
  }

  /** The day of the newest list of theirs; what they judged before it is listed. */
  async listedUntil(channel: ChannelName): Promise<Day | undefined> {
    const { rows } = await this.database.run(sql`select max(day) as newest from return_file where channel = ${channel} and kind = 'cards' and taken = 1 and is_current = 1`);
    const newest: unknown = rows[0]?.['newest'];
    return newest === null || newest === undefined ? undefined : String(newest);
  }

  /** A new list has come: every case with a card of ours of this time is compared, named in it or not. Gives how many there are. */
  async wantListed(channel: ChannelName, from: Instant, until: Instant): Promise<number> {
    const body = this.bodies.get(channel);
    if (body === undefined) return 0;
    return this.database.transaction(async (runner) => {
      const { rows } = await runner.run(sql`select distinct case_no from card where body = ${body} and state <> 'revoked' and crossed_at >= ${this.at(from)} and crossed_at < ${this.at(until)}`);
      const caseNos = rows.map((r) => String(r['case_no']));
      for (let i = 0; i < caseNos.length; i += 500) await this.wantComparison(runner, caseNos.slice(i, i + 500), [channel]);
      return caseNos.length;
    });
  }

  /** What differs is compared once more after this long: what had not been received may have been since. */
  async refreshComparisons(before: Instant): Promise<void> {
    await this.database.run(sql`update supervision_comparison set due = 1 where difference_count > 0 and due = 0 and compared_at < ${this.at(before)}`);
  }

  async dueComparisons(limit: number): Promise<DueComparison[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} channel, case_no, body from supervision_comparison where due = 1 order by case_no, channel ${raw(top.suffix)}`);
    return rows.map((r) => ({ channel: String(r['channel']), caseNo: String(r['case_no']), body: String(r['body']) }));
  }

  async recordComparisons(made: readonly (DueComparison & { readonly differences: readonly OpinionDifference[] })[]): Promise<void> {
    const now = this.at(this.clock.iso());
    await this.database.transaction(async (runner) => {
      for (const m of made) {
        await runner.run(sql`update supervision_comparison set due = 0, body = ${m.body}, differences = ${JSON.stringify(m.differences)}, difference_count = ${m.differences.length}, compared_at = ${now} where channel = ${m.channel} and case_no = ${m.caseNo}`);
      }
    });
  }

  /** Ends what is in force of the file's earlier issues and of these numbers; gives the ended rows. */
  private async end(runner: Runner, table: 'supervision_opinion' | 'supervision_query', file: OpinionFile, theirNos: readonly string[]): Promise<Record<string, unknown>[]> {
    const named = theirNos.length === 0 ? raw('') : sql`or their_no in (${list(theirNos)})`;
    const { rows } = await runner.run(sql`select * from ${raw(table)} where channel = ${file.channel} and is_current = 1 and (file_id = ${file.fileId} ${named})`);
    if (rows.length > 0) await runner.run(sql`update ${raw(table)} set is_current = 0 where id in (${list(rows.map((r) => String(r['id'])))})`);
    return rows;
  }

  private at(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

function where(filter: OpinionFilter): Sql {
  return sql`${filter.past ? raw('1 = 1') : raw('is_current = 1')} ${filter.caseNo === undefined ? raw('') : sql`and case_no = ${filter.caseNo}`} ${filter.channel === undefined ? raw('') : sql`and channel = ${filter.channel}`}`;
}
