import type { CaseNo, Operation } from '../domain/vocabulary.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, sql } from '../platform/database/sql.js';
import { stayedInHouse, type LatestExchange, type SentVersion } from './plan-exchanges.js';

/** Adds what the receiver may hold of events whose newest version never left; few are, so the others cost nothing. */
export async function addSent(runner: Runner, latest: Map<CaseNo, LatestExchange[]>): Promise<void> {
  const corrected = [...latest].flatMap(([caseNo, entries]) => (entries.some((e) => e.version > 1 && stayedInHouse(e)) ? [caseNo] : []));
  if (corrected.length === 0) return;
  const channels = [...new Set(corrected.flatMap((caseNo) => latest.get(caseNo)!.map((e) => e.channel)))];
  const left = sql`(v.tried > 0 or v.state in ('staged', 'picked_up', 'accepted', 'refused', 'superseded'))`;
  const { rows } = await runner.run(sql`select channel, case_no, event, sequence, operation, event_digest, event_at, snapshot_id from exchange e
    where channel in (${list(channels)}) and case_no in (${list(corrected)})
    and version = (select max(v.version) from exchange v where v.channel = e.channel and v.case_no = e.case_no and v.event = e.event and v.sequence = e.sequence and ${left})`);
  const keyOf = (channel: string, caseNo: string, event: string, sequence: string): string => JSON.stringify([channel, caseNo, event, sequence]);
  const sent = new Map(rows.map((r): [string, SentVersion] => [
    keyOf(String(r['channel']), String(r['case_no']), String(r['event']), String(r['sequence'])),
    { operation: String(r['operation']) as Operation, digest: String(r['event_digest']), at: String(r['event_at']), snapshotId: String(r['snapshot_id']) },
  ]));
  for (const caseNo of corrected) {
    latest.set(caseNo, latest.get(caseNo)!.map((e) => (stayedInHouse(e) ? { ...e, sent: sent.get(keyOf(e.channel, caseNo, e.event, e.sequence)) } : e)));
  }
}
