import type { ExchangeId } from '../domain/vocabulary.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { exchangeRow, instantText, type ExchangeRow } from './exchange-row.js';

/** How far an exchange that somebody wants to stop is under way. */
export interface UnderWay {
  readonly exchange: ExchangeRow;
  /** A delivery claimed it at least once. */
  readonly tried: boolean;
  /** A worker holds it now. */
  readonly claimed: boolean;
  /** State of the manifest that lists it. */
  readonly manifest?: 'prepared' | 'carried' | 'staged' | undefined;
}

/** Reads that of exchanges, in the order of their numbers; with `lock` nobody moves them before the transaction ends. */
export async function readUnderWay(database: DatabaseAdapter, runner: Runner, ids: readonly ExchangeId[], options: { readonly nowMs: number; readonly lock: boolean }): Promise<UnderWay[]> {
  const { hint, suffix } = options.lock ? database.dialect.lockRows : { hint: '', suffix: '' };
  const { rows } = await runner.run(sql`select * from exchange ${raw(hint)} where id in (${list(ids)}) order by id ${raw(suffix)}`);
  const manifests = await runner.run(sql`select e.id, f.state from exchange e join manifest f on f.channel = e.channel and f.seq = e.manifest_seq where e.id in (${list(ids)})`);
  const manifestOf = new Map(manifests.rows.map((r) => [String(r['id']), String(r['state']) as 'prepared' | 'carried' | 'staged']));
  return rows.map((r) => {
    const exchange = exchangeRow(r);
    return { exchange, tried: Number(r['tried']) > 0, claimed: r['claimed_until'] !== null && Date.parse(instantText(r['claimed_until'])) > options.nowMs, manifest: manifestOf.get(exchange.id) };
  });
}
