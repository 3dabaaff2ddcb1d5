import { createHash } from 'node:crypto';
import type { ChannelName, Instant, Sha256 } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

/** Who reads an entry: acknowledgements, or files that the center returns. */
export type InboxKind = 'acknowledgement' | 'return';

/** What came in, before anybody read it. */
export interface Incoming {
  readonly channel: ChannelName;
  /** An acknowledgement unless given. */
  readonly kind?: InboxKind | undefined;
  readonly source: 'http' | 'file';
  /** The sender's name for it: `webhook-id`, or the file's name. Longer ones are kept by their beginning and a digest. */
  readonly externalId: string;
  readonly contentType: string;
  readonly content: Buffer;
  /** Address it came from. */
  readonly remote?: string | undefined;
}

/**
 * How an entry ended. acknowledgements: read; same-id-other-content: read too, but an earlier entry of this id had other
 * bytes; unreadable: kept, a person looks at it. A returned file was taken, refused, or the very same had been taken before.
 */
export type InboxClass = 'acknowledgements' | 'same-id-other-content' | 'unreadable' | 'return-taken' | 'return-refused' | 'return-repeated';

export interface Receipt {
  readonly id: string;
  /** False: the very same came before, and this is its receipt again. */
  readonly isNew: boolean;
}

export interface InboxEntry {
  readonly id: string;
  readonly channel: ChannelName;
  readonly source: 'http' | 'file';
  readonly externalId: string;
  readonly contentType: string;
  readonly content: Buffer;
  readonly receivedAt: Instant;
  /** Of `content`, lower-case hex. */
  readonly sha256: Sha256;
  /** How often it was taken up, this time included. */
  readonly attempts: number;
}

const columns: readonly Column[] = [
  { name: 'channel', kind: 'text' }, { name: 'source', kind: 'text' }, { name: 'external_id', kind: 'text' }, { name: 'content_type', kind: 'text' },
  { name: 'content', kind: 'bytes' }, { name: 'sha256', kind: 'text' }, { name: 'size', kind: 'int' }, { name: 'received_at', kind: 'instant' },
  { name: 'remote', kind: 'text' }, { name: 'state', kind: 'text' }, { name: 'class', kind: 'text' }, { name: 'detail', kind: 'text' },
  { name: 'due_at', kind: 'instant' }, { name: 'read_at', kind: 'instant' }, { name: 'kind', kind: 'text' },
];

/** Bytes of the entries that one claim brings into memory. */
const claimBytes = 8 * 1024 * 1024;

/** Alone writes the inbox table. States: `unread`, `read`; bytes are never changed, and leave only by retention. */
export class InboxStore {
  constructor(
    readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Stores what came in with one durable commit; the same channel, source, id and bytes again give the same receipt. */
  async receive(incoming: readonly Incoming[]): Promise<Receipt[]> {
    return this.store(incoming.map((i) => ({ ...i, state: 'unread' })));
  }

  /** Stores something that cannot be read at all, with the reason in `detail`; once, however often it is met. */
  async receiveUnreadable(incoming: Incoming, detail: string): Promise<Receipt> {
    return (await this.store([{ ...incoming, state: 'read', class: 'unreadable', detail }]))[0]!;
  }

  private async store(incoming: readonly (Incoming & { state: 'unread' | 'read'; class?: InboxClass; detail?: string })[]): Promise<Receipt[]> {
    if (incoming.length === 0) return [];
    const now = this.clock.iso();
    const keyed = incoming.map((i) => ({ ...i, externalId: keyOf(i.externalId, i.kind), sha256: sha256Of(i.content) }));
    return this.database.transaction(async (runner) => {
      const find = async (): Promise<Map<string, string>> => {
        const { rows } = await runner.run(sql`select id, channel, source, external_id, sha256 from inbox
          where channel in (${list([...new Set(keyed.map((k) => k.channel))])}) and external_id in (${list(keyed.map((k) => k.externalId))})`);
        return new Map(rows.map((r) => [identity(String(r['channel']), String(r['source']), String(r['external_id']), String(r['sha256'])), String(r['id'])]));
      };
      const before = await find();
      const isBefore = (k: (typeof keyed)[number]): boolean => before.has(identity(k.channel, k.source, k.externalId, k.sha256));
      const fresh = keyed.filter((k) => !isBefore(k));
      if (fresh.length > 0) {
        await this.database.dialect.insertMany(runner, 'inbox', columns, fresh.map((k) => [
          k.channel, k.source, k.externalId, k.contentType.slice(0, 100), k.content, k.sha256, k.content.length, now,
          k.remote?.slice(0, 100) ?? null, k.state, k.class ?? null, k.detail?.slice(0, 1000) ?? null, now, k.state === 'read' ? now : null, k.kind ?? 'acknowledgement',
        ]), ['channel', 'source', 'external_id', 'sha256']);
      }
      const after = fresh.length > 0 ? await find() : before;
      return keyed.map((k) => ({ id: after.get(identity(k.channel, k.source, k.externalId, k.sha256))!, isNew: !isBefore(k) }));
    });
  }

  /**
   * Takes up to `limit` unread entries of a channel, oldest first, and keeps others off them for `claimMs`. Two workers that
   * see the same entry: the one whose count of attempts still fits has it. Fewer are taken when they are large.
   */
  async claimUnread(channel: ChannelName, limit: number, claimMs: number, kind: InboxKind = 'acknowledgement'): Promise<InboxEntry[]> {
    const { dialect } = this.database;
    const top = dialect.top(limit);
    const seen = await this.database.run(sql`select ${raw(top.prefix)} id, attempts, size from inbox
      where channel = ${channel} and kind = ${kind} and state = 'unread' and due_at <= ${dialect.value('instant', this.clock.iso())} order by id ${raw(top.suffix)}`);
    let bytes = 0;
    const fitting = seen.rows.filter((r, i) => (bytes += Number(r['size'])) <= claimBytes || i === 0);
    const taken = await dialect.updateMany(this.database, {
      table: 'inbox',
      key: { name: 'id', kind: 'big' },
      match: [{ name: 'attempts', kind: 'int' }],
      set: [{ name: 'attempts', kind: 'int' }, { name: 'due_at', kind: 'instant' }],
      where: raw("t.state = 'unread'"),
      rows: fitting.map((r) => [r['id'], r['attempts'], Number(r['attempts']) + 1, this.clock.after(claimMs)]),
    });
    if (taken.length === 0) return [];
    const { rows } = await this.database.run(sql`select id, channel, source, external_id, content_type, content, sha256, received_at, attempts from inbox
      where id in (${list(taken)}) order by id`);
    return rows.map((r) => ({
      id: String(r['id']),
      channel: String(r['channel']),
      source: String(r['source']) as InboxEntry['source'],
      externalId: kind === 'return' ? String(r['external_id']).slice(returnPrefix.length) : String(r['external_id']),
      contentType: String(r['content_type']),
      content: r['content'] as Buffer,
      sha256: String(r['sha256']),
      receivedAt: instantText(r['received_at']),
      attempts: Number(r['attempts']),
    }));
  }

  /**
   * Ends entries inside the caller's transaction; returns the ids that were still unread, so that the rest is left alone.
   * An entry that was read while an older one of its id had other bytes is marked so.
   */
  async finish(runner: Runner, ends: readonly { id: string; class: Exclude<InboxClass, 'same-id-other-content'>; detail?: string | undefined }[]): Promise<string[]> {
    const now = this.clock.iso();
    const ended = await this.database.dialect.updateMany(runner, {
      table: 'inbox',
      key: { name: 'id', kind: 'big' },
      match: [],
      set: [{ name: 'state', kind: 'text' }, { name: 'class', kind: 'text' }, { name: 'detail', kind: 'text' }, { name: 'read_at', kind: 'instant' }],
      where: raw("t.state = 'unread'"),
      rows: ends.map((e) => [e.id, 'read', e.class, e.detail?.slice(0, 1000) ?? null, now]),
    });
    if (ended.length === 0) return [];
    await runner.run(sql`update inbox set class = 'same-id-other-content' where id in (${list(ended)}) and class = 'acknowledgements' and exists (
      select 1 from inbox o where o.channel = inbox.channel and o.source = inbox.source and o.external_id = inbox.external_id and o.id < inbox.id)`);
    return ended;
  }

  /** Puts an entry off after a passing failure. */
  async postpone(id: string, dueAt: Instant, detail: string): Promise<void> {
    await this.database.run(sql`update inbox set due_at = ${this.database.dialect.value('instant', dueAt)}, detail = ${detail.slice(0, 1000)} where id = ${id} and state = 'unread'`);
  }

  /** An administrator has it read again, after what stood in the way was mended. False when it is not an unreadable entry. */
  async readAgain(id: string, runner: Runner = this.database): Promise<boolean> {
    const { affected } = await runner.run(sql`update inbox set state = 'unread', class = null, read_at = null, attempts = 0, aside_at = null, aside_by = null, aside_reason = null,
      due_at = ${this.database.dialect.value('instant', this.clock.iso())} where id = ${id} and class in ('unreadable', 'return-refused') and size > 0`);
    return affected > 0;
  }

  /** A person has seen what is odd about an entry and nothing follows from it. False when nothing is odd or it was set aside before. */
  async setAside(runner: Runner, id: string, reason: string, by: string): Promise<boolean> {
    const { affected } = await runner.run(sql`update inbox set aside_at = ${this.database.dialect.value('instant', this.clock.iso())}, aside_by = ${by.slice(0, 80)}, aside_reason = ${reason.slice(0, 500)}
      where id = ${id} and class in ('unreadable', 'return-refused', 'same-id-other-content') and aside_at is null`);
    return affected === 1;
  }

  /** Entries that were read are to be read once more, because what they were judged by has changed. Inside the caller's transaction. */
  async readOnceMore(runner: Runner, ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const { affected } = await runner.run(sql`update inbox set state = 'unread', attempts = 0, due_at = ${this.database.dialect.value('instant', this.clock.iso())} where id in (${list(ids)}) and state = 'read' and size > 0`);
    return affected;
  }

  /** Sizes of what was taken in under these file names. */
  async knownFiles(channel: ChannelName, names: readonly string[], kind: InboxKind = 'acknowledgement'): Promise<Map<string, number[]>> {
    const { rows } = await this.database.run(sql`select external_id, size from inbox where channel = ${channel} and source = 'file' and external_id in (${list(names.map((name) => keyOf(name, kind)))})`);
    const byId = new Map<string, number[]>();
    for (const r of rows) byId.set(String(r['external_id']), [...(byId.get(String(r['external_id'])) ?? []), Number(r['size'])]);
    return new Map(names.flatMap((name) => (byId.has(keyOf(name, kind)) ? [[name, byId.get(keyOf(name, kind))!] as const] : [])));
  }

  /** Channels that have something due to be read; the sweep rings for them. */
  async channelsDue(kind: InboxKind = 'acknowledgement'): Promise<ChannelName[]> {
    const { rows } = await this.database.run(sql`select distinct channel from inbox where kind = ${kind} and state = 'unread' and due_at <= ${this.database.dialect.value('instant', this.clock.iso())}`);
    return rows.map((r) => String(r['channel']));
  }
}

const sha256Of = (content: Buffer): Sha256 => createHash('sha256').update(content).digest('hex');
/** Keeps a returned file apart from an acknowledgement of the same name. */
const returnPrefix = 'return/';
const keyOf = (externalId: string, kind: InboxKind = 'acknowledgement'): string => fitted(kind === 'return' ? `${returnPrefix}${externalId}` : externalId);
const identity = (...parts: readonly string[]): string => parts.join('\n');

/** The column holds 200 characters; a digest keeps longer ids apart. A NUL or a lone surrogate cannot be kept as text. */
function fitted(externalId: string): string {
  const clean = externalId.replace(/[\p{Cc}\p{Surrogate}]/gu, '\ufffd');
  if (clean === externalId && externalId.length <= 200) return externalId;
  return `${clean.slice(0, 130).replace(/\p{Surrogate}$/u, '')}~${createHash('sha256').update(externalId).digest('hex')}`;
}
