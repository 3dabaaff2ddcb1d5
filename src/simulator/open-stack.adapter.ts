import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { ConfigFault, Settings } from '../domain/settings.js';
import { loadMappings } from '../mapping/load-mappings.adapter.js';
import type { CompiledMapping } from '../mapping/compiled-mapping.js';
import { formatFaults } from '../platform/config/format-faults.js';
import { loadSettings } from '../platform/config/load-settings.config.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../platform/embedded-postgres.adapter.js';

/** The databases that a gateway needs, on a PostgreSQL of our own. */
export interface Databases {
  readonly postgres: EmbeddedPostgres;
  readonly bureauUrl: string;
  readonly ledgerUrl: string;
}

/** Starts PostgreSQL with the databases of the bureau and of the ledger (which also holds the queue in embedded use). */
export async function openDatabases(options: { dataDir?: string; durable?: boolean; log?: (line: string) => void }): Promise<Databases> {
  if (options.dataDir) await mkdir(path.dirname(options.dataDir), { recursive: true });
  const postgres = await startEmbeddedPostgres(options);
  await postgres.createDatabase('bureau');
  await postgres.createDatabase('ledger');
  return { postgres, bureauUrl: postgres.url('bureau'), ledgerUrl: postgres.url('ledger') };
}

/** Settings and mappings from config/ with an environment of our own; throws with every fault listed. */
export function configure(env: Record<string, string>): { settings: Settings; mappings: readonly CompiledMapping[] } {
  const { settings, faults } = loadSettings({ configDir: path.resolve('config'), env });
  const loaded = settings ? loadMappings({ dir: path.resolve(settings.mappingsDir), streams: settings.streamDefinitions, channels: settings.channels.filter((c) => c.enabled) }) : undefined;
  const all: ConfigFault[] = [...faults, ...(loaded?.faults ?? [])];
  if (!settings || !loaded || all.length > 0) throw new Error(`the configuration has faults:\n${formatFaults(all)}`);
  return { settings, mappings: loaded.mappings };
}
