import type { Instant, Sha256 } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { list, sql } from '../platform/database/sql.js';

/** A scanned file as the bureau holds it. */
export interface ScannedFile {
  readonly signature: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
  readonly content: Buffer;
}

/** How old `stored_at` may be before it is written again: it says when a file was last wanted, to the day. */
const wantedEveryMs = 86_400_000;

/** Alone writes the attachment table: scanned files, each once, by signature and size. */
export class AttachmentStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Which of these the ledger does not hold, or not any more; those that it holds are noted as wanted, so that nobody prunes them now. */
  async unknown(signatures: readonly string[]): Promise<string[]> {
    if (signatures.length === 0) return [];
    const at = (instant: Instant): unknown => this.database.dialect.value('instant', instant);
    await this.database.run(sql`update attachment set stored_at = ${at(this.clock.iso())} where signature in (${list(signatures)}) and pruned_at is null
      and stored_at < ${at(new Date(this.clock.now().getTime() - wantedEveryMs).toISOString())}`);
    const { rows } = await this.database.run(sql`select signature from attachment where signature in (${list(signatures)}) and pruned_at is null`);
    const known = new Set(rows.map((r) => String(r['signature'])));
    return signatures.filter((s) => !known.has(s));
  }

  /** Stores files; one whose content was pruned gets it back. */
  async store(files: readonly ScannedFile[]): Promise<void> {
    if (files.length === 0) return;
    const now = this.clock.iso();
    await this.database.dialect.insertMany(
      this.database, 'attachment',
      [{ name: 'signature', kind: 'text' }, { name: 'size', kind: 'int' }, { name: 'sha256', kind: 'text' }, { name: 'content', kind: 'bytes' }, { name: 'stored_at', kind: 'instant' }],
      files.map((f) => [f.signature, f.size, f.sha256, f.content, now]), ['signature', 'size'],
    );
    for (const f of files) {
      await this.database.run(sql`update attachment set content = ${f.content}, pruned_at = null, stored_at = ${this.database.dialect.value('instant', now)}
        where signature = ${f.signature} and size = ${f.size} and pruned_at is not null`);
    }
  }
}
