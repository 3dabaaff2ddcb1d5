import pg from 'pg';
import { digestOf } from '../center/staged-files.adapter.js';
import { readManifest } from '../center/read-manifest.js';
import type { LedgerAcknowledgement, LedgerExchange, LedgerManifest, LedgerWitness } from './witness.js';

type Columns = Record<string, unknown>;

const text = (value: unknown): string => String(value);
const orNull = (value: unknown): string | null => (value === null ? null : String(value));

/** Reads the ledger by plain SQL, as of one moment. */
export async function readLedgerWitness(ledgerUrl: string): Promise<LedgerWitness> {
  const client = new pg.Client({ connectionString: ledgerUrl });
  await client.connect();
  const rows = async (sql: string): Promise<Columns[]> => (await client.query<Columns>(sql)).rows;
  try {
    await client.query('begin isolation level repeatable read read only');
    const notes = new Map((await rows(`select exchange_id, array_agg(note order by id) as notes from exchange_log group by exchange_id`)).map((r) => [text(r['exchange_id']), r['notes'] as string[]]));
    const witness: LedgerWitness = {
      exchanges: (await rows(`select e.*, encode(sha256(m.content), 'hex') as kept from exchange e left join message m on m.exchange_id = e.id order by e.id`)).map((r) => exchange(r, notes.get(text(r['id'])) ?? [])),
      manifests: (await rows('select channel, seq, state, sha256, content from manifest order by channel, seq')).map(manifest),
      acknowledgements: (await rows('select channel, message_id, level, class, code from acknowledgement order by id')).map(acknowledgement),
      halted: (await rows(`select channel, case when paused = 1 then 'paused' else failure_code end as code, coalesce(paused_reason, failure_detail) as detail from channel_state where paused = 1 or breaker <> 'closed'`))
        .map((r) => ({ channel: text(r['channel']), code: orNull(r['code']), detail: orNull(r['detail']) })),
      shown: (await rows('select channel, kind, name, manifest_seq from mirror_finding where gone_at is null'))
        .map((r) => ({ channel: text(r['channel']), kind: text(r['kind']), name: text(r['name']), manifestSeq: r['manifest_seq'] === null ? null : Number(r['manifest_seq']) })),
      unreadable: (await rows('select case_no, fault_code, fault_detail from case_head where fault_code is not null'))
        .map((r) => ({ caseNo: text(r['case_no']), code: text(r['fault_code']), detail: text(r['fault_detail'] ?? '') })),
      supervisesSince: (await rows(`select began_at from supervision_position where name = 'facts'`)).map((r) => (r['began_at'] instanceof Date ? r['began_at'].toISOString() : null))[0] ?? null,
    };
    await client.query('commit');
    return witness;
  } finally {
    await client.end();
  }
}

function exchange(r: Columns, notes: readonly string[]): LedgerExchange {
  return {
    id: text(r['id']), channel: text(r['channel']), caseNo: text(r['case_no']), event: text(r['event']), sequence: text(r['sequence']), version: Number(r['version']),
    operation: text(r['operation']), state: text(r['state']), parkedFrom: orNull(r['parked_from']), lanePosition: text(r['lane_position']), messageId: text(r['message_id']),
    fileName: text(r['file_name']), attempts: Number(r['attempts']), crashes: Number(r['crashes']), failureCode: orNull(r['failure_code']), failureDetail: orNull(r['failure_detail']),
    manifestSeq: r['manifest_seq'] === null ? null : Number(r['manifest_seq']), sha256: orNull(r['sha256']), keptSha256: orNull(r['kept']), tried: Number(r['tried']),
    capturedAt: r['captured_at'] instanceof Date ? r['captured_at'].getTime() : 0, notes,
  };
}

function manifest(r: Columns): LedgerManifest {
  const bytes = r['content'] as Buffer;
  const read = readManifest(bytes);
  return {
    channel: text(r['channel']), seq: Number(r['seq']), state: text(r['state']), sha256: text(r['sha256']), keptSha256: digestOf(bytes), previous: read.previous,
    messages: read.entries.map(({ messageId, sha256 }) => ({ messageId, sha256 })),
  };
}

function acknowledgement(r: Columns): LedgerAcknowledgement {
  return { channel: text(r['channel']), messageId: text(r['message_id']), level: text(r['level']), class: text(r['class']), code: orNull(r['code']) };
}
