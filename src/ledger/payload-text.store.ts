import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, sql } from '../platform/database/sql.js';
import type { ExchangeRow } from './exchange-row.js';

/** Those whose bytes hold the text, as it stands or as XML writes it; of what has no bytes (any more), its snapshot is looked at. */
export async function rowsWithText(database: DatabaseAdapter, rows: readonly ExchangeRow[], text: string): Promise<ExchangeRow[]> {
  if (rows.length === 0) return [];
  const forms = [...new Set([text, text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')])];
  const holds = (content: string): boolean => forms.some((form) => content.includes(form));
  const messages = await database.run(sql`select exchange_id, content, encoding from message where exchange_id in (${list(rows.map((r) => r.id))}) and pruned_at is null`);
  const found = new Map(messages.rows.map((r) => [String(r['exchange_id']), holds(new TextDecoder(String(r['encoding'])).decode(r['content'] as Buffer))]));
  const bare = rows.filter((r) => !found.has(r.id));
  const snapshots = bare.length === 0 ? { rows: [] } : await database.run(sql`select id, body from case_snapshot where id in (${list([...new Set(bare.map((r) => r.snapshotId))])})`);
  const written = JSON.stringify(text).slice(1, -1);
  const inSnapshot = new Map(snapshots.rows.map((r) => [String(r['id']), String(r['body']).includes(written)]));
  return rows.filter((r) => found.get(r.id) ?? inSnapshot.get(r.snapshotId) ?? false);
}
