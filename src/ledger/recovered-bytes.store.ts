import type { ChannelName, ExchangeId, Sha256 } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql } from '../platform/database/sql.js';
import type { AttachmentRef } from './message.store.js';
import { recoveredNote } from './recovery.store.js';

/** Bytes of messages that were sent and whose record the ledger lost; they come back only where their hash is the one that was sent. */
export class RecoveredBytesStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Sent exchanges of a channel without bytes in the ledger and without a verdict, after `after`, with the manifest that lists each. */
  async withoutBytes(channel: ChannelName, after: ExchangeId, limit: number): Promise<{ id: ExchangeId; messageId: string; sha256: Sha256; manifestSeq: string }[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} e.id, e.message_id, e.sha256, e.manifest_seq from exchange e where e.channel = ${channel} and e.state in ('staged', 'picked_up')
      and e.manifest_seq is not null and e.id > ${after} and not exists (select 1 from message m where m.exchange_id = e.id) order by e.id ${raw(top.suffix)}`);
    return rows.map((r) => ({ id: String(r['id']), messageId: String(r['message_id']), sha256: String(r['sha256']), manifestSeq: String(r['manifest_seq']) }));
  }

  /** Stores bytes whose hash is the one that the manifest names; `attachments` stand in the ledger already. */
  async storeBytes(messages: readonly { id: ExchangeId; content: Buffer; sha256: Sha256; encoding: string; how: string; attachments: readonly AttachmentRef[] }[]): Promise<void> {
    const now = this.clock.iso();
    await this.database.dialect.insertMany(
      this.database, 'message',
      [
        { name: 'exchange_id', kind: 'big' }, { name: 'content', kind: 'bytes' }, { name: 'sha256', kind: 'text' }, { name: 'size', kind: 'int' }, { name: 'encoding', kind: 'text' },
        { name: 'mapping_digest', kind: 'text' }, { name: 'attachments', kind: 'long' }, { name: 'rendered_at', kind: 'instant' },
      ],
      messages.map((m) => [m.id, m.content, m.sha256, m.content.length, m.encoding, m.how, JSON.stringify(m.attachments), now]), ['exchange_id'],
    );
  }

  /** Scanned files that the ledger holds, by their hash. */
  async attachmentsByHash(hashes: readonly Sha256[]): Promise<Map<Sha256, { signature: string; size: number }>> {
    const { rows } = await this.database.run(sql`select signature, size, sha256 from attachment where pruned_at is null and sha256 in (${list([...new Set(hashes)])})`);
    return new Map(rows.map((r) => [String(r['sha256']), { signature: String(r['signature']), size: Number(r['size']) }]));
  }

  /** Exchanges of a channel whose answer went lost with the ledger and that were not sent again since: with bytes, and without. */
  async unanswered(channel: ChannelName): Promise<{ withBytes: ExchangeId[]; withoutBytes: ExchangeId[]; seqs: Map<ExchangeId, string> }> {
    const { rows } = await this.database.run(sql`select e.id, e.manifest_seq, case when m.exchange_id is null or m.size = 0 then 0 else 1 end as has from exchange e left join message m on m.exchange_id = e.id
      where e.channel = ${channel} and e.state in ('staged', 'picked_up') and e.manifest_seq is not null
        and exists (select 1 from exchange_log l where l.exchange_id = e.id and l.note = ${recoveredNote}) and not exists (select 1 from exchange_log l where l.exchange_id = e.id and l.note = 'sent-again') order by e.lane_position`);
    const of = (has: number): ExchangeId[] => rows.filter((r) => Number(r['has']) === has).map((r) => String(r['id']));
    return { withBytes: of(1), withoutBytes: of(0), seqs: new Map(rows.map((r) => [String(r['id']), String(r['manifest_seq'])])) };
  }

  /** Recovered exchanges were rendered from snapshots that are lost; what is made of them from now on comes from the newest one. Returns how many. */
  async pointToSnapshots(channel: ChannelName): Promise<number> {
    const head = sql`from case_head h where h.stream = exchange.stream and h.case_no = exchange.case_no and h.snapshot_id > 0`;
    const { affected } = await this.database.run(sql`update exchange set snapshot_id = (select h.snapshot_id ${head}) where channel = ${channel} and snapshot_id = 0 and exists (select 1 ${head})`);
    return affected;
  }
}
