import type { AcknowledgementLine, InboxDetail, InboxLine, RejectionLine, SetAside } from '../domain/ops-inbox-api.js';
import type { Instant } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql, type Sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** What came in, without its bytes. */
export type InboxRow = InboxLine & Pick<InboxDetail, 'contentType' | 'sha256' | 'remote' | 'attempts' | 'readAt' | 'prunedAt'>;

/** One acknowledgement with what it was judged to be. */
export interface AcknowledgementRow extends Omit<AcknowledgementLine, 'exchange'> {
  readonly exchange?: (NonNullable<AcknowledgementLine['exchange']> & { readonly snapshotId: string }) | undefined;
}

export interface InboxSearch {
  readonly channel?: string | undefined;
  readonly kind?: string | undefined;
  readonly source?: string | undefined;
  readonly state?: string | undefined;
  readonly class?: string | undefined;
  readonly name?: string | undefined;
  /** Odd, and nobody has set it aside. */
  readonly open?: boolean | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly before?: string | undefined;
}
export interface AcknowledgementSearch {
  readonly channel?: string | undefined;
  readonly classes: readonly string[];
  readonly open?: boolean | undefined;
  readonly message?: string | undefined;
  readonly inbox?: string | undefined;
  readonly before?: string | undefined;
}

const odd = ['unreadable', 'same-id-other-content', 'return-refused'];
const columns = 'id, channel, kind, source, external_id, content_type, size, sha256, received_at, remote, state, class, detail, attempts, read_at, pruned_at, aside_at, aside_by, aside_reason';

/** Reads the inbox for people, newest first, page by page along the primary key or the index of what is odd. Writes nothing. */
export class InboxViewStore {
  constructor(private readonly database: DatabaseAdapter) {}

  async search(s: InboxSearch, limit: number): Promise<InboxRow[]> {
    let where = sql`1 = 1`;
    for (const [column, value] of [['channel', s.channel], ['kind', s.kind], ['source', s.source], ['state', s.state], ['class', s.class]] as const) if (value !== undefined) where = sql`${where} and ${raw(column)} = ${value}`;
    // A returned file is kept under its name with a mark before it.
    if (s.name !== undefined) where = sql`${where} and external_id in (${list([s.name, `return/${s.name}`])})`;
    if (s.open === true) where = sql`${where} and class in (${list(odd)}) and aside_at is null`;
    if (s.from !== undefined) where = sql`${where} and received_at >= ${this.instant(s.from)}`;
    if (s.to !== undefined) where = sql`${where} and received_at < ${this.instant(s.to)}`;
    if (s.before !== undefined) where = sql`${where} and id < ${s.before}`;
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} ${raw(columns)} from inbox where ${where} order by id desc ${raw(top.suffix)}`);
    return rows.map(inboxRow);
  }

  async find(id: string): Promise<InboxRow | undefined> {
    const { rows } = await this.database.run(sql`select ${raw(columns)} from inbox where id = ${id}`);
    return rows[0] && inboxRow(rows[0]);
  }

  async content(id: string): Promise<Buffer> {
    const { rows } = await this.database.run(sql`select content from inbox where id = ${id}`);
    return (rows[0]?.['content'] as Buffer | undefined) ?? Buffer.alloc(0);
  }

  async acknowledgements(s: AcknowledgementSearch, limit: number): Promise<AcknowledgementRow[]> {
    let where: Sql = s.inbox === undefined ? sql`a.class in (${list(s.classes)})` : sql`a.inbox_id = ${s.inbox}`;
    if (s.channel !== undefined) where = sql`${where} and a.channel = ${s.channel}`;
    if (s.message !== undefined) where = sql`${where} and a.message_id = ${s.message}`;
    if (s.open === true) where = sql`${where} and a.aside_at is null`;
    if (s.before !== undefined) where = sql`${where} and a.id < ${s.before}`;
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} a.id, a.inbox_id, a.channel, a.message_id, a.level, a.class, a.code, a.reason, a.receiver_time, a.received_at, a.exchange_id, a.linked_by, a.aside_at, a.aside_by, a.aside_reason,
      e.case_no, e.event, e.state, e.snapshot_id from acknowledgement a left join exchange e on e.id = a.exchange_id where ${where} order by a.id desc ${raw(top.suffix)}`);
    return rows.map(acknowledgementRow);
  }

  async acknowledgement(id: string): Promise<AcknowledgementRow | undefined> {
    const { rows } = await this.database.run(sql`select a.id, a.inbox_id, a.channel, a.message_id, a.level, a.class, a.code, a.reason, a.receiver_time, a.received_at, a.exchange_id, a.linked_by, a.aside_at, a.aside_by, a.aside_reason,
      e.case_no, e.event, e.state, e.snapshot_id from acknowledgement a left join exchange e on e.id = a.exchange_id where a.id = ${id}`);
    return rows[0] && acknowledgementRow(rows[0]);
  }

  /** Requests that were turned away, newest first; `before` is an instant and the number of a line at it. */
  async rejections(s: { channel?: string | undefined; reason?: string | undefined; before?: { at: Instant; id: string } | undefined }, limit: number): Promise<RejectionLine[]> {
    let where = sql`1 = 1`;
    if (s.channel !== undefined) where = sql`${where} and channel = ${s.channel}`;
    if (s.reason !== undefined) where = sql`${where} and reason = ${s.reason}`;
    if (s.before !== undefined) where = sql`${where} and (at < ${this.instant(s.before.at)} or (at = ${this.instant(s.before.at)} and id < ${s.before.id}))`;
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} id, at, channel, remote, reason, size, sha256, further from rejection where ${where} order by at desc, id desc ${raw(top.suffix)}`);
    return rows.map((r) => ({
      id: String(r['id']), at: instantText(r['at']), channel: text(r['channel']), remote: String(r['remote']), reason: String(r['reason']),
      size: r['size'] === null ? undefined : Number(r['size']), sha256: text(r['sha256']), further: Number(r['further']),
    }));
  }

  /** What waits for a decision, by what it is. */
  async counts(): Promise<{ entries: number; unknown: number; contradictory: number }> {
    const [entries, said] = await Promise.all([
      this.database.run(sql`select count(*) as n from inbox where class in (${list(odd)}) and aside_at is null`),
      this.database.run(sql`select class, count(*) as n from acknowledgement where class in ('unknown', 'contradictory') and aside_at is null group by class`),
    ]);
    const of = (name: string): number => Number(said.rows.find((r) => r['class'] === name)?.['n'] ?? 0);
    return { entries: Number(entries.rows[0]!['n']), unknown: of('unknown'), contradictory: of('contradictory') };
  }

  private instant(v: Instant): unknown {
    return this.database.dialect.value('instant', v);
  }
}

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
const instant = (v: unknown): Instant | undefined => (v === null || v === undefined ? undefined : instantText(v));
const aside = (r: Record<string, unknown>): { aside?: SetAside } => (r['aside_at'] === null ? {} : { aside: { at: instantText(r['aside_at']), by: String(r['aside_by']), reason: String(r['aside_reason']) } });

function inboxRow(r: Record<string, unknown>): InboxRow {
  const kind = String(r['kind']) as InboxRow['kind'];
  const name = String(r['external_id']);
  return {
    id: String(r['id']), channel: String(r['channel']), kind, source: String(r['source']) as InboxRow['source'], name: kind === 'return' ? name.replace(/^return\//, '') : name, contentType: String(r['content_type']),
    size: Number(r['size']), sha256: String(r['sha256']), receivedAt: instantText(r['received_at']), remote: text(r['remote']), state: String(r['state']) as InboxRow['state'], class: text(r['class']), detail: text(r['detail']),
    attempts: Number(r['attempts']), readAt: instant(r['read_at']), prunedAt: instant(r['pruned_at']), ...aside(r),
  };
}

function acknowledgementRow(r: Record<string, unknown>): AcknowledgementRow {
  const exchange = r['case_no'] === null ? undefined : { id: String(r['exchange_id']), caseNo: String(r['case_no']), event: String(r['event']), state: String(r['state']), snapshotId: String(r['snapshot_id']) };
  return {
    id: String(r['id']), inboxId: String(r['inbox_id']), channel: String(r['channel']), messageId: String(r['message_id']), level: String(r['level']), class: String(r['class']), code: text(r['code']), reason: text(r['reason']),
    receiverTime: text(r['receiver_time']), receivedAt: instantText(r['received_at']), ...(exchange ? { exchange } : {}), linkedBy: text(r['linked_by']), ...aside(r),
  };
}
