import { throughStates, unsentStates, type ExchangeState } from '../domain/exchange-states.js';
import { skippedFrom } from '../domain/lane-position.js';
import type { ManifestLine } from '../domain/receiver-messages.js';
import { supervisionStream } from '../domain/supervision-stream.js';
import type { CaseNo, ChannelName, ExchangeId, Instant, Sha256 } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import type { AcknowledgementStore } from './acknowledgement.store.js';
import { unknownDigest } from './capture.store.js';
import type { ExchangeStore } from './exchange.store.js';
import { fileNameOf } from './name-message.js';
import type { OpeningStore } from './opening.store.js';
import { tallyMoved } from './state-tally.store.js';

/** A manifest that was read back from the staging machine and follows the ledger's chain. */
export interface ProvenManifest {
  readonly channel: ChannelName;
  readonly seq: string;
  readonly fileName: string;
  readonly content: Buffer;
  readonly sha256: Sha256;
  readonly createdAt: Instant;
  readonly lines: readonly ManifestLine[];
}

/**
 * What a manifest proves against the ledger. lost: the ledger has no such exchange; unsent: it has it as not sent; known: it has it
 * as sent; conflicting: as sent with other bytes, which stays as it is.
 */
export type Proof = 'lost' | 'unsent' | 'known' | 'conflicting';

interface Standing {
  readonly id: ExchangeId;
  readonly state: ExchangeState;
  readonly sha256: string | undefined;
}

const insertColumns: readonly Column[] = [
  { name: 'id', kind: 'big' }, { name: 'channel', kind: 'text' }, { name: 'stream', kind: 'text' }, { name: 'case_no', kind: 'text' }, { name: 'event', kind: 'text' },
  { name: 'sequence', kind: 'text' }, { name: 'version', kind: 'int' }, { name: 'operation', kind: 'text' }, { name: 'state', kind: 'text' }, { name: 'lane_position', kind: 'big' },
  { name: 'head', kind: 'flag' }, { name: 'urgent', kind: 'flag' }, { name: 'snapshot_id', kind: 'big' }, { name: 'event_digest', kind: 'text' }, { name: 'event_at', kind: 'text' },
  { name: 'message_id', kind: 'text' }, { name: 'file_name', kind: 'text' }, { name: 'captured_at', kind: 'instant' }, { name: 'state_since', kind: 'instant' },
  { name: 'due_at', kind: 'instant' }, { name: 'tried', kind: 'int' }, { name: 'manifest_seq', kind: 'big' }, { name: 'sha256', kind: 'text' },
];

/** Line in the timeline of an exchange whose answer may be lost; what a recovery does not end it takes up again by it. */
export const recoveredNote = 'recovered';

/** A cancelled one counts as unsent: a manifest proves otherwise. */
const notSent: readonly ExchangeState[] = [...unsentStates, 'cancelled'];

/** Brings an older ledger up to what the staging machine proves. Every method may be run again. */
export class RecoveryStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
    private readonly opening: OpeningStore,
    private readonly acknowledgements: AcknowledgementStore,
    private readonly laneRules: ReadonlyMap<ChannelName, 'accepted' | 'staged'>,
  ) {}

  /** What the lines of a manifest are to the ledger as it stands. */
  async judge(channel: ChannelName, lines: readonly ManifestLine[]): Promise<Map<Proof, number>> {
    const standing = await this.standing(this.database, channel, lines, false);
    const counts = new Map<Proof, number>();
    for (const line of lines) counts.set(proofOf(line, standing), (counts.get(proofOf(line, standing)) ?? 0) + 1);
    return counts;
  }

  /** The counter of exchange numbers, which stand in file names. */
  async exchangeCounter(): Promise<bigint> {
    const { rows } = await this.database.run(sql`select value from counter where name = 'exchange'`);
    return BigInt(String(rows[0]!['value']));
  }

  /** No number up to this one is given out any more, and none at all until the end of the transaction. */
  async raiseCounter(to: bigint, runner: Runner = this.database): Promise<void> {
    await runner.run(sql`update counter set value = case when value < ${String(to)} then ${String(to)} else value end where name = 'exchange'`);
  }

  /**
   * Writes one manifest and what it proves, in one transaction: the manifest as staged, its exchanges as staged in the order in
   * which they were sent, the cases to be read again. Throws ManifestNotNext when it does not follow the ledger's last.
   */
  async record(manifest: ProvenManifest, of: { stream: (event: string) => string; urgent: (event: string) => boolean }, numberOf: (fileName: string) => string | undefined): Promise<Map<Proof, number>> {
    return this.database.transaction(async (runner) => {
      const { channel, seq, lines } = manifest;
      await this.takeChain(runner, manifest);
      const numbers = lines.flatMap((l) => numberOf(l.fileName) ?? []);
      const highest = numbers.reduce((max, n) => (BigInt(n) > max ? BigInt(n) : max), 0n);
      // Exchanges before numbers, as everybody does. A capture that is opening some of these just now has their number: it is waited for, and looked at.
      await this.standing(runner, channel, lines, true);
      await this.raiseCounter(highest, runner);
      const standing = await this.standing(runner, channel, lines, true);
      const caseNos = [...new Set(lines.map((l) => l.caseNo))];
      const positions = await this.lanePositions(runner, channel, caseNos);
      const taken = new Set((await runner.run(sql`select id from exchange where id in (${list(numbers)})`)).rows.map((r) => String(r['id'])));

      const counts = new Map<Proof, number>();
      const inserts: unknown[][] = [];
      const unsent: { id: ExchangeId; values: unknown[]; state: ExchangeState; otherBytes: boolean }[] = [];
      const known: ExchangeId[] = [];
      for (const line of lines) {
        const proof = proofOf(line, standing);
        counts.set(proof, (counts.get(proof) ?? 0) + 1);
        const there = standing.get(line.messageId);
        if (there && !notSent.includes(there.state)) {
          if (proof === 'known') known.push(there.id);
          continue;
        }
        const number = numberOf(line.fileName);
        const position = this.nextPosition(positions, line.caseNo, number);
        const r = line.recovery;
        if (there) {
          unsent.push({
            id: there.id, state: there.state, otherBytes: there.sha256 !== line.sha256,
            values: [there.id, there.state, 'staged', manifest.createdAt, position, r.operation, r.digest, r.at, line.fileName, seq, line.sha256],
          });
          continue;
        }
        const id = number !== undefined && !taken.has(number) ? number : String(await this.opening.take(runner, 'exchange', 1));
        taken.add(id);
        inserts.push([
          id, channel, of.stream(line.message), line.caseNo, line.message, r.sequence, line.version, r.operation, 'staged', position, 0, of.urgent(line.message) ? 1 : 0, '0', r.digest, r.at,
          line.messageId, line.fileName, manifest.createdAt, manifest.createdAt, manifest.createdAt, 1, seq, line.sha256,
        ]);
        standing.set(line.messageId, { id, state: 'staged', sha256: line.sha256 });
      }
      await this.database.dialect.insertMany(runner, 'exchange', insertColumns, inserts);
      await this.adopt(runner, unsent);
      if (known.length > 0) await runner.run(sql`update exchange set manifest_seq = ${seq} where id in (${list(known)}) and manifest_seq < ${seq}`);
      const recovered = [...inserts.map((i) => ({ id: String(i[0]), from: undefined as string | undefined })), ...unsent.map((u) => ({ id: u.id, from: u.state as string }))];
      await this.exchanges.log(runner, recovered.map((e) => ({ exchangeId: e.id, from: e.from, to: 'staged', note: recoveredNote, detail: `from manifest ${seq} on the staging machine` })), 'recovery');
      await this.reopenLanes(runner, channel, caseNos, positions);
      const streams = [...new Set(lines.map((l) => of.stream(l.message)))];
      for (const stream of streams) await this.readAgain(runner, stream, [...new Set(lines.filter((l) => of.stream(l.message) === stream).map((l) => l.caseNo))]);
      await this.acknowledgements.adoptUnknown(runner, channel);
      return counts;
    });
  }

  /** Notes of what was sent before the backup and has no answer that the answer may be lost; before the first manifest is recovered. */
  async noteUnanswered(channel: ChannelName): Promise<void> {
    await this.database.transaction(async (runner) => {
      const { rows } = await runner.run(sql`select id from exchange e where channel = ${channel} and state in ('staged', 'picked_up') and not exists (select 1 from exchange_log l where l.exchange_id = e.id and l.note = ${recoveredNote}) order by id`);
      await this.exchanges.log(runner, rows.map((r) => ({ exchangeId: String(r['id']), note: recoveredNote, detail: 'an older ledger was restored: its answer may be lost' })), 'recovery');
    });
  }

  /** Unsent exchanges whose file name is taken by a file that no manifest lists get a new name; returns how many. */
  async renameUnsent(channel: ChannelName, names: readonly string[]): Promise<number> {
    let renamed = 0;
    for (let i = 0; i < names.length; i += 500) {
      renamed += await this.database.transaction(async (runner) => {
        const { hint, suffix } = this.database.dialect.lockRows;
        const { rows } = await runner.run(sql`select id, event, version, case_no from exchange ${raw(hint)} where channel = ${channel} and state in (${list(unsentStates)})
          and file_name in (${list(names.slice(i, i + 500))}) order by id ${raw(suffix)}`);
        if (rows.length === 0) return 0;
        const first = await this.opening.take(runner, 'exchange', rows.length);
        const now = this.clock.iso();
        // Rendered anew: attachments are named after the message's file.
        await this.database.dialect.updateMany(runner, {
          table: 'exchange', key: { name: 'id', kind: 'big' }, match: [], set: [{ name: 'file_name', kind: 'text' }, { name: 'state_since', kind: 'instant' }],
          also: raw(`state = case when state in ('parked', 'held') then state else 'captured' end, parked_from = case when state in ('parked', 'held') then 'captured' else null end, tried = 0, claim_token = null, claimed_until = null, sha256 = null`),
          rows: rows.map((r, n) => [r['id'], fileNameOf(String(first + BigInt(n)), { event: String(r['event']), version: Number(r['version']) }, String(r['case_no'])), now]),
        });
        await this.exchanges.log(runner, rows.map((r) => ({ exchangeId: String(r['id']), to: 'captured', note: 'renamed', detail: 'a file of this name, which no manifest lists, lies on the staging machine' })), 'recovery');
        return rows.length;
      });
    }
    return renamed;
  }

  private async takeChain(runner: Runner, manifest: ProvenManifest): Promise<void> {
    const { channel, seq } = manifest;
    const { hint, suffix } = this.database.dialect.lockRows;
    // As whoever prepares a manifest does: no number is given out meanwhile.
    await runner.run(sql`select channel from channel_state ${raw(hint)} where channel = ${channel} ${raw(suffix)}`);
    const top = this.database.dialect.top(1);
    const { rows } = await runner.run(sql`select ${raw(top.prefix)} seq from manifest where channel = ${channel} order by seq desc ${raw(top.suffix)}`);
    if (BigInt(seq) !== BigInt(String(rows[0]?.['seq'] ?? '0')) + 1n) throw new ManifestNotNext(`manifest ${seq} does not follow ${String(rows[0]?.['seq'] ?? 'none')}, the ledger's last`);
    await this.database.dialect.insertMany(
      runner, 'manifest',
      [{ name: 'channel', kind: 'text' }, { name: 'seq', kind: 'big' }, { name: 'file_name', kind: 'text' }, { name: 'content', kind: 'bytes' }, { name: 'sha256', kind: 'text' }, { name: 'state', kind: 'text' }, { name: 'prepared_at', kind: 'instant' }, { name: 'staged_at', kind: 'instant' }],
      [[channel, seq, manifest.fileName, manifest.content, manifest.sha256, 'staged', manifest.createdAt, manifest.createdAt]],
    );
  }

  private async standing(runner: Runner, channel: ChannelName, lines: readonly ManifestLine[], lock: boolean): Promise<Map<string, Standing>> {
    const { hint, suffix } = lock ? this.database.dialect.lockRows : { hint: '', suffix: '' };
    const { rows } = await runner.run(sql`select id, message_id, state, sha256 from exchange ${raw(hint)} where channel = ${channel} and message_id in (${list(lines.map((l) => l.messageId))}) order by id ${raw(suffix)}`);
    return new Map(rows.map((r) => [String(r['message_id']), { id: String(r['id']), state: String(r['state']) as ExchangeState, sha256: r['sha256'] === null ? undefined : String(r['sha256']) }]));
  }

  /** The last place in each lane that something sent holds. */
  private async lanePositions(runner: Runner, channel: ChannelName, caseNos: readonly CaseNo[]): Promise<Map<CaseNo, bigint>> {
    const { rows } = await runner.run(sql`select case_no, max(lane_position) as last from exchange where channel = ${channel} and case_no in (${list(caseNos)}) and state not in (${list(notSent)}) and lane_position < ${String(skippedFrom)} group by case_no`);
    return new Map(rows.map((r) => [String(r['case_no']), BigInt(String(r['last']))]));
  }

  /** Places in a lane grow as the manifests list its messages; within that they keep the number that they were captured under. */
  private nextPosition(positions: Map<CaseNo, bigint>, caseNo: CaseNo, number: string | undefined): string {
    const before = positions.get(caseNo) ?? 0n;
    const own = BigInt(number ?? '0');
    const position = own > before ? own : before + 1n;
    positions.set(caseNo, position);
    return String(position);
  }

  private async adopt(runner: Runner, unsent: readonly { id: ExchangeId; values: readonly unknown[]; state: ExchangeState; otherBytes: boolean }[]): Promise<void> {
    const moved = await this.database.dialect.updateMany(runner, {
      table: 'exchange', key: { name: 'id', kind: 'big' }, match: [{ name: 'state', kind: 'text' }],
      set: [
        { name: 'state', kind: 'text' }, { name: 'state_since', kind: 'instant' }, { name: 'lane_position', kind: 'big' }, { name: 'operation', kind: 'text' }, { name: 'event_digest', kind: 'text' },
        { name: 'event_at', kind: 'text' }, { name: 'file_name', kind: 'text' }, { name: 'manifest_seq', kind: 'big' }, { name: 'sha256', kind: 'text' },
      ],
      also: raw('parked_from = null, failure_code = null, failure_detail = null, attempts = 0, crashes = 0, tried = 1, claim_token = null, claimed_until = null, head = 0'),
      rows: unsent.map((u) => u.values),
    });
    if (moved.length !== unsent.length) throw new Error(`${unsent.length - moved.length} exchanges moved although they were locked`);
    await tallyMoved(runner, unsent.map((u) => ({ id: u.id, from: u.state, to: 'staged' as const })));
    // Bytes that were rendered from what the bureau says now are not those that were sent.
    const stale = unsent.filter((u) => u.otherBytes).map((u) => u.id);
    if (stale.length === 0) return;
    await runner.run(sql`delete from message where exchange_id in (${list(stale)})`);
    await runner.run(sql`delete from finding where exchange_id in (${list(stale)})`);
  }

  /** What was never sent goes behind what was, and the first of each lane that is not through is its head. */
  private async reopenLanes(runner: Runner, channel: ChannelName, caseNos: readonly CaseNo[], positions: ReadonlyMap<CaseNo, bigint>): Promise<void> {
    const through = list(throughStates(this.laneRules.get(channel) ?? 'accepted'));
    const { rows } = await runner.run(sql`select id, case_no, lane_position from exchange where channel = ${channel} and case_no in (${list(caseNos)}) and state in (${list(unsentStates)}) and lane_position < ${String(skippedFrom)} order by lane_position, id`);
    const early = rows.filter((r) => BigInt(String(r['lane_position'])) <= (positions.get(String(r['case_no'])) ?? 0n));
    // The others of such a lane move with them, so that their order stays.
    const lanes = new Set(early.map((r) => String(r['case_no'])));
    const moving = rows.filter((r) => lanes.has(String(r['case_no'])));
    if (moving.length > 0) {
      const highest = [...positions.values()].reduce((max, p) => (p > max ? p : max), 0n);
      await this.raiseCounter(highest, runner);
      const first = await this.opening.take(runner, 'exchange', moving.length);
      await this.database.dialect.updateMany(runner, { table: 'exchange', key: { name: 'id', kind: 'big' }, match: [], set: [{ name: 'lane_position', kind: 'big' }], rows: moving.map((r, i) => [r['id'], String(first + BigInt(i))]) });
    }
    await runner.run(sql`update exchange set head = 0 where channel = ${channel} and case_no in (${list(caseNos)}) and head = 1 and state not in (${through})`);
    await runner.run(sql`update exchange set head = 1 where channel = ${channel} and case_no in (${list(caseNos)}) and state not in (${through})
      and not exists (select 1 from exchange p where p.channel = exchange.channel and p.case_no = exchange.case_no and p.lane_position < exchange.lane_position and p.state not in (${through}))`);
  }

  /** The cases are read from the bureau again and compared event by event, whatever their snapshot. */
  private async readAgain(runner: Runner, stream: string, caseNos: readonly CaseNo[]): Promise<void> {
    await this.database.dialect.insertMany(
      runner, 'case_head',
      [{ name: 'stream', kind: 'text' }, { name: 'case_no', kind: 'text' }, { name: 'snapshot_id', kind: 'big' }, { name: 'digest', kind: 'text' }, { name: 'seen_at', kind: 'instant' }],
      caseNos.map((c) => [stream, c, '0', unknownDigest, this.clock.iso()]), ['stream', 'case_no'],
    );
    await runner.run(sql`update case_head set digest = ${unknownDigest} where stream = ${stream} and case_no in (${list(caseNos)})`);
    // Nobody polls the gateway's own stream: its lights and cards are walked through once more.
    if (stream === supervisionStream.stream) await runner.run(sql`update supervision_position set stamp = null where name = 'reports'`);
  }
}

/** Another manifest was written meanwhile; whoever recovers looks again. */
export class ManifestNotNext extends Error {}

function proofOf(line: ManifestLine, standing: ReadonlyMap<string, Standing>): Proof {
  const there = standing.get(line.messageId);
  if (there === undefined) return 'lost';
  if (notSent.includes(there.state)) return 'unsent';
  return there.sha256 === undefined || there.sha256 === line.sha256 ? 'known' : 'conflicting';
}
