import type { Sha256 } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import { readAnchor, verifyAudit, type AuditAnchor, type AuditFault } from './verify-audit.js';
import { auditText, hashLine, type AuditFacts, type StoredAuditLine } from './write-audit-line.js';

/** Who did it, from where. */
export interface AuditActor {
  readonly actor: string;
  readonly origin: 'page' | 'cli';
  readonly address: string;
}
export interface AuditEntry {
  readonly action: string;
  readonly subject?: string | undefined;
  readonly outcome: AuditFacts['outcome'];
  /** Facts for who reads it; no personal data, no secrets. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}
export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  readonly outcome?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Only lines before this one. */
  readonly before?: number | undefined;
}

const page = 1_000;

/** Alone writes the audit log: each line carries the hash of the one before, so that none can be changed unseen. Nothing deletes. */
export class AuditStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Appends in the transaction of what it tells of. It holds the end of the chain until that transaction ends: do it last. */
  async append(runner: Runner, who: AuditActor, entry: AuditEntry): Promise<void> {
    const { hint, suffix } = this.database.dialect.lockRows;
    const { rows } = await runner.run(sql`select seq, line_hash from audit_head ${raw(hint)} where name = 'audit' ${raw(suffix)}`);
    const [seq, previous] = [Number(rows[0]!['seq']) + 1, String(rows[0]!['line_hash'])];
    const facts: AuditFacts = {
      at: this.clock.iso(), actor: auditText(who.actor, 80), origin: who.origin, address: auditText(who.address, 60), action: auditText(entry.action, 60), subject: auditText(entry.subject ?? '', 200),
      outcome: entry.outcome, detail: auditText(JSON.stringify(entry.detail ?? {}), 2000),
    };
    const hash = hashLine(seq, previous, facts);
    await runner.run(sql`insert into audit_line (seq, at, actor, origin, address, act, subject, outcome, detail, previous_hash, line_hash)
      values (${seq}, ${facts.at}, ${facts.actor}, ${facts.origin}, ${facts.address}, ${facts.action}, ${facts.subject}, ${facts.outcome}, ${facts.detail}, ${previous}, ${hash})`);
    await runner.run(sql`update audit_head set seq = ${seq}, line_hash = ${hash} where name = 'audit'`);
  }

  /** A line of its own: what was refused or seen, where nothing else is written. */
  record(who: AuditActor, entry: AuditEntry): Promise<void> {
    return this.database.transaction((runner) => this.append(runner, who, entry));
  }

  /** `work` and its line in one transaction: both stand or none. */
  async with<T>(who: AuditActor, entry: AuditEntry, work: (runner: Runner) => Promise<T>): Promise<T> {
    return this.database.transaction(async (runner) => {
      const result = await work(runner);
      await this.append(runner, who, entry);
      return result;
    });
  }

  /** Newest first. */
  async find(f: AuditFilter, limit: number): Promise<StoredAuditLine[]> {
    let where = sql`1 = 1`;
    if (f.before !== undefined) where = sql`${where} and seq < ${f.before}`;
    if (f.actor !== undefined) where = sql`${where} and actor = ${f.actor}`;
    if (f.action !== undefined) where = sql`${where} and act = ${f.action}`;
    if (f.subject !== undefined) where = sql`${where} and subject = ${f.subject}`;
    if (f.outcome !== undefined) where = sql`${where} and outcome = ${f.outcome}`;
    if (f.from !== undefined) where = sql`${where} and at >= ${f.from}`;
    if (f.to !== undefined) where = sql`${where} and at < ${f.to}`;
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from audit_line where ${where} order by seq desc ${raw(top.suffix)}`);
    return rows.map(stored);
  }

  /** The end of the chain. */
  async head(runner: Runner = this.database): Promise<{ seq: number; hash: Sha256 }> {
    const { rows } = await runner.run(sql`select seq, line_hash from audit_head where name = 'audit'`);
    return { seq: Number(rows[0]!['seq']), hash: String(rows[0]!['line_hash']) };
  }

  /** Looks through the whole chain and at what the manifests anchored of it, in the ledger and where else they were read. */
  async verify(outside: readonly AuditAnchor[] = []): Promise<{ lines: number; anchors: number; faults: readonly AuditFault[] }> {
    // Lines written meanwhile are beyond this head and left for the next time.
    const head = await this.head();
    const anchors = (await this.anchors()).filter((a) => a.seq <= head.seq);
    // What lies outside is never newer than the ledger, unless lines at the end were removed.
    const beyond = await this.database.run(sql`select count(*) as n from audit_line where seq > ${head.seq}`);
    const now = await this.head();
    const foreign = Number(beyond.rows[0]!['n']) > now.seq - head.seq;
    const result = await verifyAudit(this.lines(foreign ? Number.MAX_SAFE_INTEGER : head.seq), head, [...anchors, ...outside]);
    return { ...result, anchors: anchors.length };
  }

  private async *lines(last: number): AsyncGenerator<StoredAuditLine> {
    const top = this.database.dialect.top(page);
    for (let after = 0; ; ) {
      const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from audit_line where seq > ${after} and seq <= ${last} order by seq ${raw(top.suffix)}`);
      yield* rows.map(stored);
      if (rows.length < page) return;
      after = Number(rows.at(-1)!['seq']);
    }
  }

  /** The newest manifests are enough: each anchors all that was before it. */
  private async anchors(): Promise<AuditAnchor[]> {
    const top = this.database.dialect.top(page);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} channel, seq, substring(content, 1, 600) as beginning from manifest order by prepared_at desc ${raw(top.suffix)}`);
    return rows.flatMap((r): AuditAnchor[] => {
      const anchor = readAnchor(r['beginning'] as Buffer, `manifest ${String(r['seq'])} of channel ${String(r['channel'])}`);
      return anchor ? [anchor] : [];
    });
  }
}

function stored(r: Record<string, unknown>): StoredAuditLine {
  return {
    seq: Number(r['seq']), at: String(r['at']), actor: String(r['actor']), origin: String(r['origin']) as 'page' | 'cli', address: String(r['address']), action: String(r['act']), subject: String(r['subject']),
    outcome: String(r['outcome']) as StoredAuditLine['outcome'], detail: String(r['detail']), previous: String(r['previous_hash']), hash: String(r['line_hash']),
  };
}
