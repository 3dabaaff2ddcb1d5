import type { ChannelName, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';

export interface MappingInForce {
  readonly channel: ChannelName;
  readonly event: string;
  /** Folder below mappings/. */
  readonly mapping: string;
  readonly digest: string;
}

/** Since when which version of a mapping is in force, as processes found it at their start. */
export class MappingVersionStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Notes versions that are not the newest ones known. */
  async note(found: readonly MappingInForce[]): Promise<void> {
    const known = await this.newest();
    const fresh = found.filter((f) => known.find((k) => k.channel === f.channel && k.event === f.event)?.digest !== f.digest);
    await this.database.dialect.insertMany(
      this.database, 'mapping_version', [{ name: 'channel', kind: 'text' }, { name: 'event', kind: 'text' }, { name: 'mapping', kind: 'text' }, { name: 'digest', kind: 'text' }, { name: 'since_at', kind: 'instant' }],
      fresh.map((f) => [f.channel, f.event, f.mapping, f.digest, this.clock.iso()]),
    );
  }

  async newest(): Promise<(MappingInForce & { readonly since: Instant; readonly versions: number })[]> {
    const { rows } = await this.database.run(sql`select v.*, (select count(*) from mapping_version c where c.channel = v.channel and c.event = v.event) as versions from mapping_version v
      where v.id = (select max(n.id) from mapping_version n where n.channel = v.channel and n.event = v.event) order by v.channel, v.event`);
    return rows.map((r) => ({ channel: String(r['channel']), event: String(r['event']), mapping: String(r['mapping']), digest: String(r['digest']), since: instantText(r['since_at']), versions: Number(r['versions']) }));
  }
}
