import { readSnapshot, type CaseSnapshot, type SnapshotText } from '../domain/snapshot.js';
import type { Finding } from '../domain/mapping-language.js';
import type { ExchangeId, Sha256 } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, sql } from '../platform/database/sql.js';
import type { ExchangeStore } from './exchange.store.js';
import type { ExchangeRow } from './exchange-row.js';
import { RecentCache } from './recent-cache.js';

/** A scanned file that a message names. */
export interface AttachmentRef {
  readonly signature: string;
  /** Bytes. */
  readonly size: number;
  /** Name on the staging machine. */
  readonly fileName: string;
  readonly sha256: Sha256;
}

export interface RenderedMessage {
  readonly row: ExchangeRow;
  readonly content: Buffer;
  readonly sha256: Sha256;
  readonly encoding: string;
  readonly mappingDigest: Sha256;
  readonly attachments: readonly AttachmentRef[];
  /** What is odd and was sent all the same; stands in the timeline. */
  readonly notes?: readonly Finding[];
}

export interface StoredMessage {
  readonly content: Buffer;
  readonly sha256: Sha256;
  readonly attachments: readonly AttachmentRef[];
}

const messageColumns: readonly Column[] = [
  { name: 'exchange_id', kind: 'big' },
  { name: 'content', kind: 'bytes' },
  { name: 'sha256', kind: 'text' },
  { name: 'size', kind: 'int' },
  { name: 'encoding', kind: 'text' },
  { name: 'mapping_digest', kind: 'text' },
  { name: 'attachments', kind: 'long' },
  { name: 'rendered_at', kind: 'instant' },
];
const findingColumns: readonly Column[] = [
  { name: 'exchange_id', kind: 'big' },
  { name: 'ordinal', kind: 'int' },
  { name: 'element', kind: 'text' },
  { name: 'source', kind: 'text' },
  { name: 'rule_name', kind: 'text' },
  { name: 'finding_text', kind: 'text' },
  { name: 'remedy', kind: 'text' },
];

/** Bytes of messages that one process keeps between mapping and delivery. */
const recentBytes = 32 * 1024 * 1024;

/** Snapshots going into rendering, and the bytes and findings that come out of it. */
export class MessageStore {
  private readonly recentMessages = new RecentCache<StoredMessage>(recentBytes);

  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
    /** What capture recorded in this process. */
    private readonly recentSnapshots?: RecentCache<SnapshotText>,
  ) {}

  /** The snapshots that exchanges point to. Exchanges of one snapshot get one and the same text. */
  async snapshotTexts(rows: readonly ExchangeRow[]): Promise<Map<ExchangeId, SnapshotText>> {
    const byId = new Map<string, SnapshotText>();
    for (const { snapshotId } of rows) {
      const recent = this.recentSnapshots?.get(snapshotId);
      if (recent !== undefined) byId.set(snapshotId, recent);
    }
    const ids = [...new Set(rows.map((r) => r.snapshotId))].filter((id) => !byId.has(id));
    const found = ids.length === 0 ? { rows: [] } : await this.database.run(sql`select s.id, s.stream, s.case_no, s.body from case_snapshot s where s.id in (${list(ids)})`);
    for (const r of found.rows) byId.set(String(r['id']), { stream: String(r['stream']), caseNo: String(r['case_no']), body: String(r['body']) });
    return new Map(rows.flatMap((r) => (byId.has(r.snapshotId) ? [[r.id, byId.get(r.snapshotId)!] as const] : [])));
  }

  /** The same, read. */
  async snapshots(rows: readonly ExchangeRow[]): Promise<Map<ExchangeId, CaseSnapshot>> {
    return new Map([...(await this.snapshotTexts(rows))].map(([id, text]) => [id, readSnapshot(text)]));
  }

  /** Size and hash of scanned files by signature, for those that the ledger holds. */
  async knownAttachments(signatures: readonly string[]): Promise<Map<string, { size: number; sha256: Sha256 }>> {
    if (signatures.length === 0) return new Map();
    const { rows } = await this.database.run(sql`select signature, size, sha256 from attachment where pruned_at is null and signature in (${list([...new Set(signatures)])})`);
    return new Map(rows.map((r) => [String(r['signature']), { size: Number(r['size']), sha256: String(r['sha256']) }]));
  }

  async attachmentContents(signatures: readonly string[]): Promise<Map<string, Buffer>> {
    if (signatures.length === 0) return new Map();
    const { rows } = await this.database.run(sql`select signature, content from attachment where pruned_at is null and signature in (${list([...new Set(signatures)])})`);
    return new Map(rows.map((r) => [String(r['signature']), r['content'] as Buffer]));
  }

  /** Fixes the bytes of messages and moves them to rendered; those with findings are parked. One transaction. Returns ids that moved. */
  async recordRendered(rendered: readonly RenderedMessage[], refused: readonly { row: ExchangeRow; findings: readonly Finding[] }[], by: { actor: string; claimToken: string }): Promise<string[]> {
    const moved = await this.database.transaction(async (runner) => {
      const moved = await this.exchanges.move(
        runner,
        [
          ...rendered.map((m) => ({ id: m.row.id, from: 'captured' as const, to: 'rendered' as const, note: 'rendered', detail: [`${m.content.length} bytes, sha256 ${m.sha256}`, ...(m.notes ?? []).map((n) => `odd, yet sent: ${n.element}: ${n.text}${n.source === '' ? '' : ` (${n.source})`}`)].join('; '), sha256: m.sha256 })),
          ...refused.map(({ row, findings }) => ({
            id: row.id, from: 'captured' as const, to: 'parked' as const, note: 'parked', failureCode: 'message-invalid',
            failureDetail: findings.slice(0, 3).map((f) => `${f.element}: ${f.text}`).join('; ') + (findings.length > 3 ? ` (and ${findings.length - 3} more)` : ''),
          })),
        ],
        by,
      );
      const done = new Set(moved);
      const now = this.clock.iso();
      const again = [...rendered, ...refused].filter((m) => done.has(m.row.id) && m.row.stateSince !== m.row.capturedAt).map((m) => m.row.id);
      if (again.length > 0) await runner.run(sql`delete from finding where exchange_id in (${list(again)})`);
      await this.putMessages(runner, rendered.filter((m) => done.has(m.row.id)), now);
      await this.database.dialect.insertMany(
        runner, 'finding', findingColumns,
        refused.filter((r) => done.has(r.row.id)).flatMap(({ row, findings }) =>
          findings.map((f, i) => [row.id, i + 1, f.element.slice(0, 300), f.source.slice(0, 300), f.rule.slice(0, 60), f.text.slice(0, 1000), f.remedy.slice(0, 1000)])),
      );
      return moved;
    });
    const fixed = new Set(moved);
    for (const m of rendered) {
      if (fixed.has(m.row.id)) this.recentMessages.put(m.row.id, { content: m.content, sha256: m.sha256, attachments: m.attachments }, m.content.length);
    }
    return moved;
  }

  /** The bytes to deliver, exactly as they were fixed: what the row's own hash names. */
  async messages(exchanges: readonly Pick<ExchangeRow, 'id' | 'sha256'>[]): Promise<Map<ExchangeId, StoredMessage>> {
    const found = new Map<ExchangeId, StoredMessage>();
    for (const { id, sha256 } of exchanges) {
      const recent = this.recentMessages.get(id);
      this.recentMessages.drop(id);
      // Another process may have rendered it anew since.
      if (recent !== undefined && recent.sha256 === sha256) found.set(id, recent);
    }
    const missing = exchanges.filter((e) => !found.has(e.id)).map((e) => e.id);
    if (missing.length === 0) return found;
    const { rows } = await this.database.run(sql`select exchange_id, content, sha256, attachments from message where exchange_id in (${list(missing)})`);
    for (const r of rows) found.set(String(r['exchange_id']), { content: r['content'] as Buffer, sha256: String(r['sha256']), attachments: JSON.parse(String(r['attachments'])) as AttachmentRef[] });
    return found;
  }

  private async putMessages(runner: Runner, messages: readonly RenderedMessage[], now: string): Promise<void> {
    // An exchange rendered anew (corrected in the bureau, or retried from parked) had bytes that never left the house.
    const again = messages.filter((m) => m.row.attempts > 0 || m.row.stateSince !== m.row.capturedAt);
    if (again.length > 0) await runner.run(sql`delete from message where exchange_id in (${list(again.map((m) => m.row.id))})`);
    await this.database.dialect.insertMany(
      runner, 'message', messageColumns,
      messages.map((m) => [m.row.id, m.content, m.sha256, m.content.length, m.encoding, m.mappingDigest, JSON.stringify(m.attachments), now]),
    );
  }
}
