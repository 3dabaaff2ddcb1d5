import type { CaseNo, ChannelName, ExchangeId, Sha256 } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { exchangeRow, instantText, type ExchangeRow } from './exchange-row.js';
import { latestColumns, latestExchange } from './latest-exchange.js';
import type { LatestExchange } from './plan-exchanges.js';

export interface ManifestFacts {
  readonly channel: ChannelName;
  readonly seq: string;
  readonly fileName: string;
  readonly sha256: Sha256;
  readonly state: 'prepared' | 'staged';
  readonly preparedAt: string;
  readonly stagedAt?: string | undefined;
}

export interface MessageContent {
  /** Empty once it was pruned. */
  readonly content: Buffer;
  /** Bytes, as they were. */
  readonly size: number;
  readonly prunedAt?: string | undefined;
  readonly sha256: Sha256;
  readonly encoding: string;
  readonly renderedAt: string;
  readonly attachments: readonly { readonly fileName: string; readonly size: number; readonly sha256: Sha256 }[];
}

export interface AcknowledgementFacts {
  readonly level: string;
  readonly class: string;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  readonly receiverTime?: string | undefined;
  readonly receivedAt: string;
  readonly inboxId: string;
  readonly source: string;
}

const manifestColumns = 'channel, seq, file_name, sha256, state, prepared_at, staged_at';

/** What an administrator looks at beside the exchanges themselves. Writes nothing. */
export class OperatorViewStore {
  constructor(private readonly database: DatabaseAdapter) {}

  /** The newest manifest of each channel. */
  async lastManifests(): Promise<ManifestFacts[]> {
    const { rows } = await this.database.run(sql`select ${raw(manifestColumns)} from manifest m where seq = (select max(n.seq) from manifest n where n.channel = m.channel) order by channel`);
    return rows.map(manifestFacts);
  }

  /** The newest manifests of a channel with how many messages each lists, newest first. */
  async newestManifests(channel: ChannelName, limit: number): Promise<(ManifestFacts & { readonly messages: number })[]> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} ${raw(manifestColumns)}, (select count(*) from exchange e where e.channel = m.channel and e.manifest_seq = m.seq) as messages
      from manifest m where channel = ${channel} order by seq desc ${raw(top.suffix)}`);
    return rows.map((r) => ({ ...manifestFacts(r), messages: Number(r['messages']) }));
  }

  async manifest(channel: ChannelName, seq: string): Promise<ManifestFacts | undefined> {
    const { rows } = await this.database.run(sql`select ${raw(manifestColumns)} from manifest where channel = ${channel} and seq = ${seq}`);
    return rows[0] && manifestFacts(rows[0]);
  }

  /** Acknowledgements that could not be followed and that nobody set aside, by channel and class. */
  async oddAcknowledgements(): Promise<{ channel: ChannelName; class: string; count: number }[]> {
    const { rows } = await this.database.run(sql`select channel, class, count(*) as n from acknowledgement where class in ('contradictory', 'unknown') and aside_at is null group by channel, class order by channel, class`);
    return rows.map((r) => ({ channel: String(r['channel']), class: String(r['class']), count: Number(r['n']) }));
  }

  async acknowledgements(exchangeId: ExchangeId): Promise<AcknowledgementFacts[]> {
    const { rows } = await this.database.run(sql`select a.level, a.class, a.code, a.reason, a.receiver_time, a.received_at, a.inbox_id, i.source from acknowledgement a
      join inbox i on i.id = a.inbox_id where a.exchange_id = ${exchangeId} order by a.id`);
    return rows.map((r) => ({
      level: String(r['level']), class: String(r['class']), code: text(r['code']), reason: text(r['reason']), receiverTime: text(r['receiver_time']),
      receivedAt: instantText(r['received_at']), inboxId: String(r['inbox_id']), source: String(r['source']),
    }));
  }

  /** The bytes as they were fixed; undefined while nothing is rendered. */
  async message(exchangeId: ExchangeId): Promise<MessageContent | undefined> {
    const { rows } = await this.database.run(sql`select content, sha256, size, encoding, rendered_at, attachments, pruned_at from message where exchange_id = ${exchangeId}`);
    const r = rows[0];
    if (!r) return undefined;
    const attachments = JSON.parse(String(r['attachments'])) as MessageContent['attachments'];
    return {
      content: r['content'] as Buffer, size: Number(r['size']), prunedAt: r['pruned_at'] === null ? undefined : instantText(r['pruned_at']), sha256: String(r['sha256']), encoding: String(r['encoding']), renderedAt: instantText(r['rendered_at']),
      attachments: attachments.map(({ fileName, size, sha256 }) => ({ fileName, size, sha256 })),
    };
  }

  async byMessageId(messageId: string): Promise<ExchangeRow[]> {
    const { rows } = await this.database.run(sql`select * from exchange where message_id = ${messageId} order by id`);
    return rows.map(exchangeRow);
  }

  /** The newest exchange of each event of a case, as the capture compares with. */
  async latest(stream: string, caseNo: CaseNo): Promise<LatestExchange[]> {
    const { rows } = await this.database.run(sql`select ${raw(latestColumns)} from exchange e where stream = ${stream} and case_no = ${caseNo}
      and version = (select max(v.version) from exchange v where v.channel = e.channel and v.case_no = e.case_no and v.event = e.event and v.sequence = e.sequence) order by id`);
    return rows.map(latestExchange);
  }

  /** What stands of a case whose row could not be read, or that is gone from the bureau. */
  async caseHeads(caseNos: readonly CaseNo[]): Promise<{ stream: string; caseNo: CaseNo; removedAt?: string | undefined; faultCode?: string | undefined; faultDetail?: string | undefined }[]> {
    const { rows } = await this.database.run(sql`select stream, case_no, removed_at, fault_code, fault_detail from case_head where case_no in (${list(caseNos)}) order by stream, case_no`);
    return rows.map((r) => ({
      stream: String(r['stream']), caseNo: String(r['case_no']), removedAt: r['removed_at'] === null ? undefined : instantText(r['removed_at']), faultCode: text(r['fault_code']), faultDetail: text(r['fault_detail']),
    }));
  }

  /** Names of the migrations that have run; empty where the ledger has no tables yet. */
  async migrationsRun(): Promise<string[]> {
    // In capitals: a SQL Server database that sorts by code tells upper from lower case in names too.
    const there = await this.database.run(sql`select count(*) as n from INFORMATION_SCHEMA.TABLES where TABLE_NAME = 'gateway_migration'`);
    if (Number(there.rows[0]!['n']) === 0) return [];
    const { rows } = await this.database.run(sql`select name from gateway_migration order by id`);
    return rows.map((r) => String(r['name']));
  }
}

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));

function manifestFacts(r: Record<string, unknown>): ManifestFacts {
  return {
    channel: String(r['channel']), seq: String(r['seq']), fileName: String(r['file_name']), sha256: String(r['sha256']), state: String(r['state']) as 'prepared' | 'staged',
    preparedAt: instantText(r['prepared_at']), stagedAt: r['staged_at'] === null ? undefined : instantText(r['staged_at']),
  };
}
