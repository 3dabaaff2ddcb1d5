import type { CaseNo, ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { exchangeRow, instantText, type ExchangeRow } from './exchange-row.js';
import type { ExchangeStore } from './exchange.store.js';

/** open: fixed, on its way by hand; confirmed: the receiving side's hashes matched; taken-back: the gateway delivers it itself; empty: nothing was due. */
export type PackageState = 'open' | 'confirmed' | 'taken-back' | 'empty';

export interface HandOverPackage {
  readonly id: string;
  readonly channel: ChannelName;
  readonly state: PackageState;
  readonly createdAt: string;
  readonly createdBy: string;
  /** When its files were last written to a medium. */
  readonly writtenAt?: string | undefined;
  readonly closedAt?: string | undefined;
  readonly closedBy?: string | undefined;
  readonly manifests: readonly string[];
}

/** Packages that are carried by hand. Their manifests are links of the channel's chain like any other. */
export class HandOverStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
  ) {}

  /** How many exchanges a package would take, with those of a manifest that did not reach the staging machine. */
  async due(channel: ChannelName, caseNos?: readonly CaseNo[]): Promise<number> {
    const { rows } = await this.database.run(sql`select count(*) as n from exchange e where e.channel = ${channel} and e.state = 'rendered' and (
      exists (select 1 from manifest f where f.channel = e.channel and f.seq = e.manifest_seq and f.state = 'prepared')
      or (e.head = 1 and e.due_at <= ${this.now()} ${caseNos === undefined ? sql`` : sql`and e.case_no in (${list(caseNos)})`}))`);
    return Number(rows[0]!['n']);
  }

  /**
   * Begins a package; from now on the channel stands still. A manifest that was fixed and did not reach the staging machine is
   * its first. Gives the id of another open package instead when there is one.
   */
  async begin(channel: ChannelName, id: string, actor: string): Promise<{ readonly busy?: string }> {
    return this.database.transaction(async (runner) => {
      const { hint, suffix } = this.database.dialect.lockRows;
      await runner.run(sql`select channel from channel_state ${raw(hint)} where channel = ${channel} ${raw(suffix)}`);
      const { rows } = await runner.run(sql`select id from hand_over where channel = ${channel} and state = 'open'`);
      if (rows[0]) return { busy: String(rows[0]['id']) };
      // One that was taken back is under way by itself, with the files of its own package.
      const returning = await runner.run(sql`select package_id from manifest where channel = ${channel} and state = 'prepared' and package_id is not null`);
      if (returning.rows[0]) return { busy: String(returning.rows[0]['package_id']) };
      await runner.run(sql`insert into hand_over (id, channel, state, created_at, created_by) values (${id}, ${channel}, 'open', ${this.now()}, ${actor})`);
      await runner.run(sql`update manifest set state = 'carried', package_id = ${id} where channel = ${channel} and state = 'prepared'`);
      return {};
    });
  }

  async find(id: string): Promise<HandOverPackage | undefined> {
    return (await this.packages(sql`where id = ${id}`))[0];
  }

  /** All packages, newest first. */
  list(channel?: ChannelName): Promise<HandOverPackage[]> {
    return this.packages(channel === undefined ? sql`` : sql`where channel = ${channel}`);
  }

  /** The manifests of a package in the order of the chain, each with the exchanges that it lists. */
  async *contents(id: string): AsyncGenerator<{ readonly seq: string; readonly fileName: string; readonly content: Buffer; readonly sha256: string; readonly exchanges: readonly ExchangeRow[] }> {
    const seqs = await this.database.run(sql`select seq from manifest where package_id = ${id} order by seq`);
    for (const { seq } of seqs.rows) {
      const { rows } = await this.database.run(sql`select channel, seq, file_name, content, sha256 from manifest where package_id = ${id} and seq = ${seq}`);
      const m = rows[0]!;
      const listed = await this.database.run(sql`select * from exchange where channel = ${m['channel']} and manifest_seq = ${seq} order by id`);
      yield { seq: String(seq), fileName: String(m['file_name']), content: m['content'] as Buffer, sha256: String(m['sha256']), exchanges: listed.rows.map(exchangeRow) };
    }
  }

  /** Ends a package without manifests. */
  async endEmpty(id: string, actor: string): Promise<void> {
    await this.database.run(sql`update hand_over set state = 'empty', closed_at = ${this.now()}, closed_by = ${actor} where id = ${id} and state = 'open' and not exists (select 1 from manifest f where f.package_id = ${id})`);
  }

  async noteWritten(id: string): Promise<void> {
    await this.database.run(sql`update hand_over set written_at = ${this.now()} where id = ${id}`);
  }

  /** Its hashes matched on the receiving side: its exchanges are staged. Undefined when it was not open any more. */
  async confirm(id: string, actor: string): Promise<ExchangeId[] | undefined> {
    return this.database.transaction(async (runner) => {
      if (!(await this.close(runner, id, 'confirmed', actor))) return undefined;
      const { rows } = await runner.run(sql`select e.* from exchange e join manifest f on f.channel = e.channel and f.seq = e.manifest_seq where f.package_id = ${id} and f.state = 'carried' and e.state = 'rendered' order by e.id`);
      await runner.run(sql`update manifest set state = 'staged', staged_at = ${this.now()} where package_id = ${id} and state = 'carried'`);
      return this.exchanges.move(runner, rows.map(exchangeRow).map((e) => ({ id: e.id, from: 'rendered' as const, to: 'staged' as const, note: 'delivered-by-hand', detail: `${e.fileName} in manifest ${e.manifestSeq ?? ''}, package ${id}, hashes of the receiving side matched` })), { actor });
    });
  }

  /** The gateway delivers the very same manifests and files itself. False when it was not open any more. */
  async takeBack(id: string, actor: string): Promise<boolean> {
    return this.database.transaction(async (runner) => {
      if (!(await this.close(runner, id, 'taken-back', actor))) return false;
      await runner.run(sql`update manifest set state = 'prepared' where package_id = ${id} and state = 'carried'`);
      return true;
    });
  }

  private async close(runner: Runner, id: string, state: PackageState, actor: string): Promise<boolean> {
    const { affected } = await runner.run(sql`update hand_over set state = ${state}, closed_at = ${this.now()}, closed_by = ${actor} where id = ${id} and state = 'open'`);
    return affected === 1;
  }

  private async packages(where: ReturnType<typeof sql>): Promise<HandOverPackage[]> {
    const { rows } = await this.database.run(sql`select * from hand_over ${where} order by created_at desc, id`);
    const manifests = await this.database.run(sql`select package_id, seq from manifest where package_id in (${list(rows.map((r) => String(r['id'])))}) order by seq`);
    const text = (v: unknown): string | undefined => (v === null ? undefined : instantText(v));
    return rows.map((r) => ({
      id: String(r['id']), channel: String(r['channel']), state: String(r['state']) as PackageState, createdAt: instantText(r['created_at']), createdBy: String(r['created_by']),
      writtenAt: text(r['written_at']), closedAt: text(r['closed_at']), closedBy: r['closed_by'] === null ? undefined : String(r['closed_by']),
      manifests: manifests.rows.filter((m) => m['package_id'] === r['id']).map((m) => String(m['seq'])),
    }));
  }

  private now(): unknown {
    return this.database.dialect.value('instant', this.clock.iso());
  }
}
