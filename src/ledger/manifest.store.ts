import { createHash } from 'node:crypto';
import { GatewayFailure } from '../domain/failures.js';
import type { ManifestLine } from '../domain/receiver-messages.js';
import type { ChannelName, Sha256 } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { type ExchangeStore } from './exchange.store.js';
import { exchangeRow, instantText, type ExchangeRow } from './exchange-row.js';

export interface ManifestRow {
  readonly channel: ChannelName;
  readonly seq: string;
  readonly fileName: string;
  readonly content: Buffer;
  readonly sha256: Sha256;
  /** carried: it belongs to a package that is carried by hand; until that is settled nothing follows it. */
  readonly state: 'prepared' | 'carried' | 'staged';
  /** Set where it was made for a package; its files may never have been on the staging machine. */
  readonly packageId?: string | undefined;
}

/** Manifests of a channel: a chain in which each carries the hash of the one before. At most one is prepared at a time. */
export class ManifestStore {
  /** The highest number that this process gave to a manifest of the line. */
  private readonly given = new Map<ChannelName, bigint>();

  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
  ) {}

  /** The chain's open end: a manifest that was fixed and is not yet known to be on the staging machine. It goes before anything else. */
  async open(channel: ChannelName): Promise<ManifestRow | undefined> {
    const { rows } = await this.database.run(sql`select * from manifest where channel = ${channel} and state in ('prepared', 'carried') order by seq`);
    return rows[0] ? manifestRow(rows[0]) : undefined;
  }

  /**
   * Fixes the next manifest and which exchanges it lists, in one transaction. Exchanges whose claim was lost meanwhile are
   * left out; undefined when none is left, or while the chain has an open end that is not of this package. `write` makes the
   * bytes from the chain's facts.
   */
  async prepare(
    channel: ChannelName,
    entries: readonly { row: ExchangeRow; line: ManifestLine }[],
    claimToken: string,
    write: (facts: { channel: string; seq: string; previous: Sha256; audit?: string | undefined; createdAt: Date; lines: readonly ManifestLine[] }) => Buffer,
    packageId?: string,
  ): Promise<ManifestRow | undefined> {
    const prepared = await this.database.transaction(async (runner) => {
      const { hint, suffix } = this.database.dialect.lockRows;
      // Whoever prepares for this channel holds its state row: two workers never give out one number.
      await runner.run(sql`select channel from channel_state ${raw(hint)} where channel = ${channel} ${raw(suffix)}`);
      const open = await runner.run(sql`select state, package_id from manifest where channel = ${channel} and state in ('prepared', 'carried')`);
      if (open.rows.some((r) => packageId === undefined || r['state'] === 'prepared' || r['package_id'] !== packageId)) return undefined;
      const state = packageId === undefined ? ('prepared' as const) : ('carried' as const);
      const top = this.database.dialect.top(1);
      const last = await runner.run(sql`select ${raw(top.prefix)} seq, sha256 from manifest where channel = ${channel} order by seq desc ${raw(top.suffix)}`);
      const seq = String(BigInt(String(last.rows[0]?.['seq'] ?? '0')) + 1n);
      this.checkNotSetBack(channel, seq);
      const held = new Set(
        await this.database.dialect.updateMany(runner, {
          table: 'exchange', key: { name: 'id', kind: 'big' }, match: [{ name: 'claim_token', kind: 'text' }, { name: 'state', kind: 'text' }],
          set: [{ name: 'manifest_seq', kind: 'big' }], rows: entries.map((e) => [e.row.id, claimToken, 'rendered', seq]),
        }),
      );
      const lines = entries.filter((e) => held.has(e.row.id)).map((e) => e.line);
      if (lines.length === 0) return undefined;
      const now = this.clock.now();
      const end = (await runner.run(sql`select seq, line_hash from audit_head where name = 'audit' and seq > 0`)).rows[0];
      const audit = end && `${String(end['seq'])}:${String(end['line_hash'])}`;
      const content = write({ channel, seq, previous: String(last.rows[0]?.['sha256'] ?? '0'.repeat(64)), audit, createdAt: now, lines });
      const row: ManifestRow = { channel, seq, fileName: `M${seq.padStart(10, '0')}.xml`, content, sha256: createHash('sha256').update(content).digest('hex'), state, packageId };
      await this.database.dialect.insertMany(
        runner, 'manifest',
        [{ name: 'channel', kind: 'text' }, { name: 'seq', kind: 'big' }, { name: 'file_name', kind: 'text' }, { name: 'content', kind: 'bytes' }, { name: 'sha256', kind: 'text' }, { name: 'state', kind: 'text' }, { name: 'prepared_at', kind: 'instant' }, { name: 'package_id', kind: 'text' }],
        [[channel, seq, row.fileName, content, row.sha256, state, now.toISOString(), packageId ?? null]],
      );
      return row;
    });
    if (prepared !== undefined && packageId === undefined) this.given.set(channel, BigInt(prepared.seq));
    return prepared;
  }

  /** An older ledger may have been put under a running process, which the staging machine is not asked about again. */
  private checkNotSetBack(channel: ChannelName, seq: string): void {
    const given = this.given.get(channel) ?? 0n;
    if (BigInt(seq) <= given) throw new GatewayFailure('ledger-behind', `this process has given out manifest ${given}, and now the next would be ${seq}`);
  }

  /** The manifest lies on the staging machine: its exchanges are staged. Whoever holds their claims, the fact stands. */
  async recordStaged(manifest: ManifestRow, actor: string): Promise<Pick<ExchangeRow, 'id' | 'capturedAt'>[]> {
    return this.database.transaction(async (runner) => {
      const now = this.database.dialect.value('instant', this.clock.iso());
      const { affected } = await runner.run(sql`update manifest set state = 'staged', staged_at = ${now} where channel = ${manifest.channel} and seq = ${manifest.seq} and state = 'prepared'`);
      if (affected !== 1) return [];
      // Locked in the order of ids, as acknowledgements that came too early and captures do.
      const { hint, suffix } = this.database.dialect.lockRows;
      const { rows } = await runner.run(sql`select id, file_name, captured_at from exchange ${raw(hint)} where channel = ${manifest.channel} and manifest_seq = ${manifest.seq} and state = 'rendered' order by id ${raw(suffix)}`);
      const exchanges = rows.map((r) => ({ id: String(r['id']), fileName: String(r['file_name']), capturedAt: instantText(r['captured_at']) }));
      const moved = new Set(
        await this.exchanges.move(runner, exchanges.map((e) => ({ id: e.id, from: 'rendered' as const, to: 'staged' as const, note: 'staged', detail: `${e.fileName} in manifest ${manifest.seq}` })), { actor }),
      );
      return exchanges.filter((e) => moved.has(e.id));
    });
  }

  /** The exchanges that a fixed manifest lists and that are not recorded as staged yet. */
  async listed(manifest: Pick<ManifestRow, 'channel' | 'seq'>): Promise<ExchangeRow[]> {
    const { rows } = await this.database.run(sql`select * from exchange where channel = ${manifest.channel} and manifest_seq = ${manifest.seq} and state = 'rendered' order by id`);
    return rows.map(exchangeRow);
  }

  /** The manifest of the highest number, whatever its state. */
  async last(channel: ChannelName): Promise<ManifestRow | undefined> {
    const top = this.database.dialect.top(1);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from manifest where channel = ${channel} order by seq desc ${raw(top.suffix)}`);
    return rows[0] && manifestRow(rows[0]);
  }

  async staged(channel: ChannelName, seqs: readonly string[]): Promise<ManifestRow[]> {
    const { rows } = await this.database.run(sql`select * from manifest where channel = ${channel} and seq in (${list(seqs)}) order by seq`);
    return rows.map(manifestRow);
  }
}

function manifestRow(r: Record<string, unknown>): ManifestRow {
  return {
    channel: String(r['channel']), seq: String(r['seq']), fileName: String(r['file_name']), content: r['content'] as Buffer,
    sha256: String(r['sha256']), state: String(r['state']) as ManifestRow['state'], packageId: r['package_id'] === null ? undefined : String(r['package_id']),
  };
}
