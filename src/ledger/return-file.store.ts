import { createHash } from 'node:crypto';
import { canonicalName, nameReceipt, type JudgedFile, type ReturnedContents, type ReturnedHead } from '../domain/returned-file.js';
import { isTaken, mayChange, type ReturnFault, type ReturnOutcome } from '../domain/return-outcomes.js';
import type { ChannelName, Instant, Sha256 } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import type { InboxEntry, InboxStore, Incoming, Receipt } from './inbox.store.js';
import { compareWithControl, judgeStanding, outcomeOfTaking, type ControlLine, type TakenFile } from './judge-standing.js';
import type { OpinionStore } from './opinion.store.js';
import { returnFile, type ReturnFile } from './return-file-row.js';
import type { RecordedFile, ReturnedRecordStore } from './returned-record.store.js';

/** The entry that a judgement is about. */
export type JudgedEntry = Pick<InboxEntry, 'id' | 'channel' | 'source' | 'externalId' | 'sha256'> & { readonly size: number };

const columns: readonly Column[] = [
  { name: 'channel', kind: 'text' }, { name: 'inbox_id', kind: 'big' }, { name: 'judgement', kind: 'int' }, { name: 'source', kind: 'text' }, { name: 'file_name', kind: 'text' },
  { name: 'kind', kind: 'text' }, { name: 'file_id', kind: 'text' }, { name: 'issue', kind: 'int' }, { name: 'day', kind: 'text' }, { name: 'size', kind: 'int' }, { name: 'sha256', kind: 'text' }, { name: 'record_count', kind: 'int' },
  { name: 'outcome', kind: 'text' }, { name: 'taken', kind: 'flag' }, { name: 'faults', kind: 'long' }, { name: 'figures', kind: 'text' }, { name: 'judged_at', kind: 'instant' },
  { name: 'receipt_name', kind: 'text' }, { name: 'receipt_due_at', kind: 'instant' },
];

interface Judgement {
  readonly head?: ReturnedHead | undefined;
  readonly outcome: ReturnOutcome;
  readonly faults: readonly ReturnFault[];
  readonly count?: number | undefined;
  readonly figures?: RecordedFile | undefined;
}

/** Alone writes what became of returned files. Every judgement is a row of its own and owes a receipt. */
export class ReturnFileStore {
  constructor(
    readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    readonly inbox: InboxStore,
    private readonly records: ReturnedRecordStore,
    /** Takes cards and queries of the supervising side; whoever records none needs none. */
    private readonly opinions?: OpinionStore,
  ) {}

  /**
   * Ends an inbox entry with its judgement, in one transaction with the records it holds: whole or not at all. Undefined when
   * another worker ended it. Throws what the database throws; then nothing was recorded.
   */
  async record(entry: JudgedEntry, judged: JudgedFile): Promise<ReturnFile | undefined> {
    return this.database.transaction(async (runner) => {
      await this.lock(runner);
      if (judged.ok) return this.recordWhole(runner, entry, judged.contents);
      return this.end(runner, entry, { head: judged.head, outcome: judged.outcome, faults: judged.faults });
    });
  }

  /** A file that lies there and cannot be had is an entry too, without content; meeting it again changes nothing. */
  async refuseUnread(incoming: Incoming, fileName: string, outcome: ReturnOutcome, size: number, faults: readonly ReturnFault[]): Promise<Receipt> {
    const detail = `${outcome}: ${faults[0]?.expected ?? ''}`;
    const receipt = await this.inbox.receiveUnreadable(incoming, detail);
    await this.database.transaction(async (runner) => {
      await this.lock(runner);
      const known = await this.current(runner, [receipt.id]);
      if (known.length > 0) return;
      // Nobody knows the digest of what was not read; that of the name tells its receipt from others.
      const sha256 = createHash('sha256').update(incoming.externalId).digest('hex');
      await this.insert(runner, { id: receipt.id, channel: incoming.channel, source: incoming.source, externalId: fileName, sha256, size }, { outcome, faults }, []);
    });
    return receipt;
  }

  /** The same bytes came again: the same receipt is written again, or, where that may change it, they are judged again. */
  async noteRepeats(inboxIds: readonly string[]): Promise<void> {
    if (inboxIds.length === 0) return;
    await this.database.transaction(async (runner) => {
      const known = await this.current(runner, inboxIds);
      const again = known.filter((k) => mayChange(k.outcome)).map((k) => k.inboxId);
      await this.inbox.readOnceMore(runner, again);
      await this.owe(runner, known.filter((k) => !again.includes(k.inboxId)).map((k) => k.id));
    });
  }

  /** Takes receipts that are due and keeps others off them for `claimMs`. */
  async claimReceipts(channel: ChannelName, limit: number, claimMs: number): Promise<ReturnFile[]> {
    const { dialect } = this.database;
    const top = dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from return_file where channel = ${channel} and receipt_due_at <= ${dialect.value('instant', this.clock.iso())} order by id ${raw(top.suffix)}`);
    const seen = rows.map(returnFile);
    const taken = await dialect.updateMany(this.database, {
      table: 'return_file', key: { name: 'id', kind: 'big' }, match: [{ name: 'receipt_attempts', kind: 'int' }],
      set: [{ name: 'receipt_attempts', kind: 'int' }, { name: 'receipt_due_at', kind: 'instant' }], where: raw('t.receipt_due_at is not null'),
      rows: seen.map((r) => [r.id, r.receiptAttempts, r.receiptAttempts + 1, this.clock.after(claimMs)]),
    });
    const mine = new Set(taken);
    return seen.filter((r) => mine.has(r.id)).map((r) => ({ ...r, receiptAttempts: r.receiptAttempts + 1 }));
  }

  async receiptWritten(id: string): Promise<void> {
    await this.database.run(sql`update return_file set receipt_written_at = ${this.database.dialect.value('instant', this.clock.iso())}, receipt_due_at = null, receipt_attempts = 0, receipt_failure = null where id = ${id}`);
  }

  async receiptFailed(id: string, failure: string, dueAt: Instant): Promise<void> {
    await this.database.run(sql`update return_file set receipt_due_at = ${this.database.dialect.value('instant', dueAt)}, receipt_failure = ${failure.slice(0, 1000)} where id = ${id}`);
  }

  /** Channels that owe a receipt which is due. */
  async channelsOwing(): Promise<ChannelName[]> {
    const { rows } = await this.database.run(sql`select distinct channel from return_file where receipt_due_at <= ${this.database.dialect.value('instant', this.clock.iso())}`);
    return rows.map((r) => String(r['channel']));
  }

  /** The same lock that records are written under: two files are never judged side by side. */
  private async lock(runner: Runner): Promise<void> {
    await runner.run(sql`update counter set value = value + 0 where name = ${'reconciliation'}`);
  }

  private async recordWhole(runner: Runner, entry: JudgedEntry, contents: ReturnedContents): Promise<ReturnFile | undefined> {
    const before = await this.current(runner, [entry.id]);
    const taken = await this.takenLike(runner, entry, contents);
    const control = await this.latestControl(runner, entry.channel, contents.day);
    const verdict = judgeStanding({ contents, sha256: entry.sha256, size: entry.size }, taken, control);
    if (verdict.how === 'repeat') {
      const ended = await this.inbox.finish(runner, [{ id: entry.id, class: 'return-repeated', detail: `the same bytes as inbox entry ${verdict.of}` }]);
      const [first] = await this.current(runner, [verdict.of]);
      if (ended.length > 0 && first) await this.owe(runner, [first.id]);
      return ended.length > 0 ? first : undefined;
    }
    if (verdict.how === 'refuse') return this.end(runner, entry, { head: contents, outcome: verdict.outcome, faults: verdict.faults, count: contents.count });
    const figures = await this.recordContents(runner, { channel: entry.channel, inboxId: entry.id, overtaken: verdict.overtaken }, contents);
    const late = figures.late > 0 || (contents.kind === 'control' && figures.closedUpTo !== undefined && contents.day <= figures.closedUpTo);
    const outcome = outcomeOfTaking({ overtaken: verdict.overtaken, late, reissue: verdict.reissue });
    const ended = await this.end(runner, entry, { head: contents, outcome, faults: [], count: contents.count, figures }, before);
    // Somebody else ended the entry: what was recorded here must not stand.
    if (ended === undefined) throw new EndedMeanwhile();
    if (contents.control && !verdict.overtaken) await this.compareListed(runner, entry.channel, contents.control.files);
    return ended;
  }

  private async recordContents(runner: Runner, origin: { channel: ChannelName; inboxId: string; overtaken: boolean }, contents: ReturnedContents): Promise<RecordedFile> {
    if (contents.opinions === undefined && contents.queries === undefined) return this.records.record(runner, { ...origin, ...contents });
    if (!this.opinions) throw new Error('cards and queries came, and nobody here takes them');
    const recorded = await this.opinions.record(runner, { ...origin, fileId: contents.fileId, issue: contents.issue, opinions: contents.opinions, queries: contents.queries });
    return { recorded, repeated: 0, superseded: 0, contradictions: 0, late: 0, closedUpTo: undefined };
  }

  /** A control file has come: files taken before that it lists otherwise, and files refused for an older list. */
  private async compareListed(runner: Runner, channel: ChannelName, lines: readonly ControlLine[]): Promise<void> {
    const fileNames = lines.map((l) => l.fileName);
    const known: ReturnFile[] = [];
    for (let i = 0; i < fileNames.length; i += 500) {
      const { rows } = await runner.run(sql`select * from return_file where is_current = 1 and channel = ${channel} and file_name in (${list(fileNames.slice(i, i + 500))})`);
      known.push(...rows.map(returnFile));
    }
    for (const file of known) {
      const line = lines.find((l) => l.fileName === file.fileName)!;
      const wrong = compareWithControl(line, { sha256: file.sha256, size: file.size, count: file.count ?? 0 });
      if (file.outcome === 'wrong-hash' && !wrong) await this.inbox.readOnceMore(runner, [file.inboxId]);
      else if (isTaken(file.outcome) && (wrong !== undefined) !== (file.outcome === 'differs-from-control')) {
        await this.insert(runner, entryOf(file), { head: headOf(file), outcome: wrong ? 'differs-from-control' : 'accepted', faults: wrong ?? [], count: file.count }, [file]);
      }
    }
  }

  private async end(runner: Runner, entry: JudgedEntry, judgement: Judgement, before?: readonly ReturnFile[]): Promise<ReturnFile | undefined> {
    const { outcome, faults } = judgement;
    const detail = `${outcome}${faults[0] ? `: ${faults[0].path}${faults[0].line === undefined ? '' : ` (line ${faults[0].line})`}: ${faults[0].expected}` : ''}`;
    const ended = await this.inbox.finish(runner, [{ id: entry.id, class: isTaken(outcome) ? 'return-taken' : 'return-refused', detail }]);
    if (ended.length === 0) return undefined;
    const known = before ?? (await this.current(runner, [entry.id]));
    const [same] = known;
    if (same && same.outcome === outcome && JSON.stringify(same.faults) === JSON.stringify(plain(faults))) {
      await this.owe(runner, [same.id]);
      return same;
    }
    return this.insert(runner, entry, judgement, known);
  }

  private async insert(runner: Runner, entry: JudgedEntry, { head, outcome, faults, count, figures }: Judgement, before: readonly ReturnFile[]): Promise<ReturnFile> {
    if (before.length > 0) await runner.run(sql`update return_file set is_current = 0 where id in (${list(before.map((b) => b.id))})`);
    const judgement = Math.max(0, ...before.map((b) => b.judgement)) + 1;
    const fileName = (entry.source === 'http' && head ? canonicalName(head) : entry.externalId).slice(0, 200);
    const now = this.clock.iso();
    await this.database.dialect.insertMany(runner, 'return_file', columns, [[
      entry.channel, entry.id, judgement, entry.source, fileName, head?.kind ?? null, head?.fileId ?? null, head?.issue ?? null, head?.day ?? null, entry.size, entry.sha256, count ?? null,
      outcome, isTaken(outcome) ? 1 : 0, JSON.stringify(faults), figures === undefined ? null : JSON.stringify(figures), now, nameReceipt(fileName, entry.sha256, judgement, outcome), now,
    ]]);
    return (await this.current(runner, [entry.id]))[0]!;
  }

  private async owe(runner: Runner, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await runner.run(sql`update return_file set receipt_due_at = ${this.database.dialect.value('instant', this.clock.iso())} where id in (${list(ids)})`);
  }

  private async current(runner: Runner, inboxIds: readonly string[]): Promise<ReturnFile[]> {
    const { rows } = await runner.run(sql`select * from return_file where is_current = 1 and inbox_id in (${list(inboxIds)})`);
    return rows.map(returnFile);
  }

  private async takenLike(runner: Runner, entry: JudgedEntry, contents: ReturnedContents): Promise<TakenFile[]> {
    const { rows } = await runner.run(sql`select inbox_id, file_id, issue, sha256 from return_file where is_current = 1 and taken = 1 and channel = ${entry.channel} and inbox_id <> ${entry.id}
      and (file_id = ${contents.fileId} or (kind = 'control' and day = ${contents.kind === 'control' ? contents.day : ''}))`);
    return rows.map((r) => ({ inboxId: String(r['inbox_id']), fileId: String(r['file_id']), issue: Number(r['issue']), sha256: String(r['sha256']) as Sha256 }));
  }

  private async latestControl(runner: Runner, channel: ChannelName, day: string): Promise<readonly ControlLine[] | undefined> {
    const top = this.database.dialect.top(1);
    const { rows } = await runner.run(sql`select ${raw(top.prefix)} files from control_total where channel = ${channel} and day = ${day} order by issue desc ${raw(top.suffix)}`);
    return rows[0] ? (JSON.parse(String(rows[0]['files'])) as ControlLine[]) : undefined;
  }
}

/** Another worker ended the entry while this one recorded; rolled back, and there is nothing left to do. */
export class EndedMeanwhile extends Error {}

const plain = (faults: readonly ReturnFault[]): unknown => JSON.parse(JSON.stringify(faults));
const entryOf = (f: ReturnFile): JudgedEntry => ({ id: f.inboxId, channel: f.channel, source: f.source, externalId: f.fileName, sha256: f.sha256, size: f.size });
const headOf = (f: ReturnFile): ReturnedHead | undefined =>
  f.kind && f.fileId !== undefined && f.issue !== undefined && f.day !== undefined ? { message: '', kind: f.kind, fileId: f.fileId, issue: f.issue, day: f.day } : undefined;
