import type { ExchangeState } from '../domain/exchange-states.js';
import type { MirrorFinding, MirrorFindingKind } from '../domain/mirror-findings.js';
import type { ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column } from '../platform/database/dialect.js';
import { list, raw, type Sql, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import type { AttachmentRef } from './message.store.js';

/** What the ledger says of the files of one exchange. */
export interface MirroredExchange {
  readonly id: ExchangeId;
  readonly state: ExchangeState;
  readonly stateSince: string;
  readonly fileName: string;
  readonly manifestSeq?: string | undefined;
  readonly claimedUntil?: string | undefined;
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  readonly attachments: readonly AttachmentRef[];
}

export interface MirroredManifest {
  readonly seq: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly state: string;
  readonly stagedAt?: string | undefined;
}

export interface StoredFinding extends MirrorFinding {
  readonly channel: ChannelName;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly goneAt?: string | undefined;
  /** How often it came, having been gone. */
  readonly times: number;
}

/** A directory that was looked at, or why it could not be. */
export interface MirroredDirectory {
  readonly directory: string;
  readonly files: number;
  readonly failure?: { readonly code: string; readonly detail: string } | undefined;
}

/** Keys of one statement; SQL Server takes 2100 parameters. */
const page = 1_000;
/** Staged exchanges of one statement. */
const stagedPage = 10_000;
const findingColumns: readonly Column[] = [
  { name: 'channel', kind: 'text' }, { name: 'directory', kind: 'text' }, { name: 'name', kind: 'text' }, { name: 'kind', kind: 'text' },
  { name: 'exchange_id', kind: 'big' }, { name: 'manifest_seq', kind: 'big' }, { name: 'size', kind: 'big' }, { name: 'sha256', kind: 'text' },
  { name: 'detail', kind: 'text' }, { name: 'first_seen', kind: 'instant' }, { name: 'last_seen', kind: 'instant' },
];

/** Alone writes what the mirror found, and reads what the ledger expects to lie on a staging machine. */
export class MirrorStore {
  constructor(
    readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Everything that is staged and that the receiver has said nothing of, page by page. */
  async *staged(channel: ChannelName): AsyncGenerator<readonly MirroredExchange[]> {
    const top = this.database.dialect.top(stagedPage);
    for (let after = '0'; ; ) {
      const { rows } = await this.database.run(sql`select ${raw(top.prefix)} ${raw(exchangeColumns)} from exchange e left join message m on m.exchange_id = e.id
        where e.channel = ${channel} and e.state = 'staged' and e.id > ${after} order by e.id ${raw(top.suffix)}`);
      if (rows.length > 0) yield rows.map(mirrored);
      if (rows.length < stagedPage) return;
      after = String(rows.at(-1)!['id']);
    }
  }

  async exchanges(channel: ChannelName, ids: readonly ExchangeId[]): Promise<MirroredExchange[]> {
    return this.inPages(ids, (part) => sql`select ${raw(exchangeColumns)} from exchange e left join message m on m.exchange_id = e.id where e.channel = ${channel} and e.id in (${list(part)})`, mirrored);
  }

  /** Messages whose bytes have one of these hashes; a look through the whole table, so only for files seen for the first time. */
  async byHash(channel: ChannelName, hashes: readonly string[]): Promise<{ exchangeId: ExchangeId; name: string; sha256: string }[]> {
    return this.inPages(hashes, (part) => sql`select id, file_name, sha256 from exchange where channel = ${channel} and sha256 in (${list(part)})`,
      (r) => ({ exchangeId: String(r['id']), name: String(r['file_name']), sha256: String(r['sha256']) }));
  }

  async manifests(channel: ChannelName, seqs: readonly string[]): Promise<MirroredManifest[]> {
    return this.inPages(seqs, (part) => sql`select seq, file_name, sha256, state, staged_at from manifest where channel = ${channel} and seq in (${list(part)})`,
      (r) => ({ seq: String(r['seq']), fileName: String(r['file_name']), sha256: String(r['sha256']), state: String(r['state']), ...(r['staged_at'] === null ? {} : { stagedAt: instantText(r['staged_at']) }) }));
  }

  /** Which of these manifests list an exchange that is staged and unanswered. */
  async waitingManifests(channel: ChannelName, seqs: readonly string[]): Promise<Set<string>> {
    return new Set(await this.inPages(seqs, (part) => sql`select distinct manifest_seq from exchange where channel = ${channel} and manifest_seq in (${list(part)}) and state = 'staged'`, (r) => String(r['manifest_seq'])));
  }

  /**
   * Exchanges of which the receiver judged other bytes than were delivered last. Such an answer moves nothing, for it is not about
   * what we sent, and what was said before it (picked up) may stand: by their state alone they would wait for ever.
   */
  async misread(channel: ChannelName): Promise<{ exchangeId: ExchangeId; fileName: string; manifestSeq: string; level: string; code: string | undefined; sha256: string }[]> {
    const { rows } = await this.database.run(sql`select distinct e.id, e.file_name, e.manifest_seq, a.level, a.code, a.sha256 from exchange e join manifest f on f.channel = e.channel and f.seq = e.manifest_seq
      join acknowledgement a on a.exchange_id = e.id where e.channel = ${channel} and e.state in ('staged', 'picked_up') and a.level <> 'picked-up' and a.class = 'contradictory' and a.sha256 <> e.sha256
      and a.aside_at is null and a.received_at >= f.prepared_at order by e.id`);
    return rows.map((r) => ({ exchangeId: String(r['id']), fileName: String(r['file_name']), manifestSeq: String(r['manifest_seq']), level: String(r['level']), code: optional(r['code']), sha256: String(r['sha256']) }));
  }

  /** Which of these acknowledgement files the inbox holds. */
  async collected(channel: ChannelName, names: readonly string[]): Promise<Set<string>> {
    return new Set(await this.inPages(names, (part) => sql`select distinct external_id from inbox where channel = ${channel} and source = 'file' and external_id in (${list(part)})`, (r) => String(r['external_id'])));
  }

  /** What stands, newest first; with `gone` also what was and is no more. */
  async findings(filter: { channel?: ChannelName | undefined; gone?: boolean | undefined; limit?: number | undefined } = {}): Promise<StoredFinding[]> {
    const top = filter.limit === undefined ? { prefix: '', suffix: '' } : this.database.dialect.top(filter.limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from mirror_finding where ${filter.gone === true ? sql`1 = 1` : sql`gone_at is null`}
      ${filter.channel === undefined ? sql`` : sql`and channel = ${filter.channel}`} order by first_seen desc, id ${raw(top.suffix)}`);
    return rows.map(storedFinding);
  }

  /** How many findings stand, by kind. */
  async counts(): Promise<{ channel: ChannelName; kind: MirrorFindingKind; count: number }[]> {
    const { rows } = await this.database.run(sql`select channel, kind, count(*) as n from mirror_finding where gone_at is null group by channel, kind order by channel, kind`);
    return rows.map((r) => ({ channel: String(r['channel']), kind: String(r['kind']) as MirrorFindingKind, count: Number(r['n']) }));
  }

  async looks(channel: ChannelName): Promise<(MirroredDirectory & { lookedAt: string })[]> {
    const { rows } = await this.database.run(sql`select * from mirror_look where channel = ${channel} order by directory`);
    return rows.map((r) => ({
      directory: String(r['directory']), files: Number(r['files']), lookedAt: instantText(r['looked_at']),
      ...(r['failure_code'] === null ? {} : { failure: { code: String(r['failure_code']), detail: String(r['failure_detail']) } }),
    }));
  }

  /**
   * Records a look: what is new, what is still there, what is gone. Of a directory that could not be listed nothing is said.
   * Gives what came and what went; two looks at once write the same rows.
   */
  async record(channel: ChannelName, directories: readonly MirroredDirectory[], found: readonly MirrorFinding[]): Promise<{ fresh: MirrorFinding[]; gone: StoredFinding[] }> {
    const now = this.clock.iso();
    const listed = directories.filter((d) => d.failure === undefined).map((d) => d.directory.slice(0, 100));
    const clean = found.map((f) => ({ ...f, directory: f.directory.slice(0, 100), name: f.name.slice(0, 260) }));
    return this.database.transaction(async (runner) => {
      const current = new Map(clean.map((f) => [keyOf(f), f]));
      const open = (await runner.run(sql`select * from mirror_finding where channel = ${channel} and gone_at is null`)).rows.map(numbered);
      const before = new Map(open.map((o) => [keyOf(o.row), o]));
      const newNames = [...new Set([...current.values()].filter((f) => !before.has(keyOf(f))).map((f) => f.name))];
      for (let i = 0; i < newNames.length; i += page) {
        const { rows } = await runner.run(sql`select * from mirror_finding where channel = ${channel} and gone_at is not null and name in (${list(newNames.slice(i, i + page))})`);
        for (const o of rows.map(numbered)) before.set(keyOf(o.row), o);
      }
      const gone = open.filter(({ row }) => listed.includes(row.directory) && !current.has(keyOf(row)));
      const fresh = [...current.values()].filter((f) => before.get(keyOf(f)) === undefined || before.get(keyOf(f))!.row.goneAt !== undefined);
      const again = fresh.filter((f) => before.has(keyOf(f)));
      const changed = [...current.values()].filter((f) => before.get(keyOf(f))?.row.goneAt === undefined && before.has(keyOf(f)) && before.get(keyOf(f))!.row.detail !== f.detail.slice(0, 1000));

      const value = this.database.dialect.value('instant', now);
      const set = [{ name: 'size', kind: 'big' }, { name: 'sha256', kind: 'text' }, { name: 'detail', kind: 'text' }] as const;
      const key = { name: 'id', kind: 'big' } as const;
      await this.database.dialect.updateMany(runner, { table: 'mirror_finding', key, match: [], set: [{ name: 'gone_at', kind: 'instant' }], rows: gone.map(({ id }) => [id, now]) });
      await this.database.dialect.insertMany(runner, 'mirror_finding', findingColumns, fresh.filter((f) => !before.has(keyOf(f))).map((f) =>
        [channel, f.directory, f.name, f.kind, f.exchangeId ?? null, f.manifestSeq ?? null, f.size ?? null, f.sha256 ?? null, f.detail.slice(0, 1000), now, now]), ['channel', 'directory', 'name', 'kind']);
      await this.database.dialect.updateMany(runner, {
        table: 'mirror_finding', key, match: [], set: [...set, { name: 'first_seen', kind: 'instant' }], also: raw('gone_at = null, times = times + 1'),
        rows: again.map((f) => [before.get(keyOf(f))!.id, f.size ?? null, f.sha256 ?? null, f.detail.slice(0, 1000), now]),
      });
      await this.database.dialect.updateMany(runner, { table: 'mirror_finding', key, match: [], set, rows: changed.map((f) => [before.get(keyOf(f))!.id, f.size ?? null, f.sha256 ?? null, f.detail.slice(0, 1000)]) });
      if (listed.length > 0) await runner.run(sql`update mirror_finding set last_seen = ${value} where channel = ${channel} and gone_at is null and directory in (${list(listed)})`);
      for (const d of directories) {
        await this.database.dialect.insertMany(runner, 'mirror_look', [{ name: 'channel', kind: 'text' }, { name: 'directory', kind: 'text' }, { name: 'looked_at', kind: 'instant' }, { name: 'files', kind: 'int' }], [[channel, d.directory.slice(0, 100), now, d.files]], ['channel', 'directory']);
        await runner.run(sql`update mirror_look set looked_at = ${value}, files = ${d.files}, failure_code = ${d.failure?.code ?? null}, failure_detail = ${d.failure?.detail.slice(0, 1000) ?? null}
          where channel = ${channel} and directory = ${d.directory.slice(0, 100)}`);
      }
      return { fresh, gone: gone.map(({ row }) => row) };
    });
  }

  private async inPages<T>(keys: readonly string[], statement: (part: readonly string[]) => Sql, read: (row: Record<string, unknown>) => T): Promise<T[]> {
    const out: T[] = [];
    for (let i = 0; i < keys.length; i += page) {
      const { rows } = await this.database.run(statement(keys.slice(i, i + page)));
      for (const row of rows) out.push(read(row));
    }
    return out;
  }
}

const exchangeColumns = 'e.id, e.state, e.state_since, e.file_name, e.manifest_seq, e.claimed_until, e.sha256, m.size, m.attachments';
const keyOf = (f: { directory: string; name: string; kind: string }): string => `${f.directory}\u0000${f.name}\u0000${f.kind}`;
const optional = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));

function mirrored(r: Record<string, unknown>): MirroredExchange {
  return {
    id: String(r['id']), state: String(r['state']) as ExchangeState, stateSince: instantText(r['state_since']), fileName: String(r['file_name']),
    manifestSeq: optional(r['manifest_seq']), claimedUntil: r['claimed_until'] === null ? undefined : instantText(r['claimed_until']), sha256: optional(r['sha256']),
    size: r['size'] === null ? undefined : Number(r['size']), attachments: r['attachments'] === null ? [] : (JSON.parse(String(r['attachments'])) as AttachmentRef[]),
  };
}

const numbered = (r: Record<string, unknown>): { id: string; row: StoredFinding } => ({ id: String(r['id']), row: storedFinding(r) });

function storedFinding(r: Record<string, unknown>): StoredFinding {
  return {
    channel: String(r['channel']), directory: String(r['directory']), name: String(r['name']), kind: String(r['kind']) as MirrorFindingKind,
    exchangeId: optional(r['exchange_id']), manifestSeq: optional(r['manifest_seq']), size: r['size'] === null ? undefined : Number(r['size']), sha256: optional(r['sha256']),
    detail: String(r['detail']), firstSeen: instantText(r['first_seen']), lastSeen: instantText(r['last_seen']), goneAt: r['gone_at'] === null ? undefined : instantText(r['gone_at']), times: Number(r['times']),
  };
}
