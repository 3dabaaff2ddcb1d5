import { createHash } from 'node:crypto';
import { GatewayFailure } from '../domain/failures.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { ManifestStore } from '../ledger/manifest.store.js';
import type { StagedEntry, StagingMachine } from '../platform/staging/staging-machine.js';
import { manifestNumber } from './parse-manifest.js';

/** A manifest that lies on the staging machine. */
export interface StagedManifest {
  readonly seq: string;
  readonly directory: string;
  readonly name: string;
  /** Not taken by the receiver yet. */
  readonly waiting: boolean;
}

const maxManifestBytes = 64 * 1024 * 1024;

/** Manifests that lie there or in the receiver's archive, by number, ascending; an archive that cannot be read is left out. */
export async function listManifests(staging: StagingMachine, channel: ChannelSettings): Promise<StagedManifest[]> {
  const { manifestDir, archiveDir } = channel.staging;
  const found = new Map<string, StagedManifest>();
  // The archive is listed second: what is moved there meanwhile is then seen in one of them.
  const waiting = await listIfThere(staging, manifestDir);
  for (const { directory, entries } of [{ directory: `${archiveDir}/${manifestDir}`, entries: await listIfThere(staging, `${archiveDir}/${manifestDir}`) }, { directory: manifestDir, entries: waiting }]) {
    for (const { name } of entries) {
      const seq = manifestNumber(name);
      if (seq !== undefined) found.set(seq, { seq, directory, name, waiting: directory === manifestDir });
    }
  }
  return [...found.values()].sort((a, b) => (BigInt(a.seq) < BigInt(b.seq) ? -1 : 1));
}

/** The bytes of a manifest, wherever it lies by now; undefined when nowhere. */
export async function readStagedManifest(staging: StagingMachine, channel: ChannelSettings, manifest: StagedManifest): Promise<Buffer | undefined> {
  const archive = `${channel.staging.archiveDir}/${channel.staging.manifestDir}`;
  for (const directory of new Set([manifest.directory, archive])) {
    const read = await staging.read(directory, manifest.name, maxManifestBytes);
    if (read.how === 'read') return read.bytes;
  }
  return undefined;
}

/**
 * Throws `ledger-behind` when the staging machine holds a manifest that the ledger has not written: numbers would be given out
 * twice. One listing of two directories and one small file.
 */
export async function checkLedgerKnows(staging: StagingMachine, channel: ChannelSettings, manifests: Pick<ManifestStore, 'last' | 'staged'>): Promise<void> {
  const newest = (await listManifests(staging, channel)).at(-1);
  if (newest === undefined) return;
  // Asked after the listing: the ledger knows a manifest before it is put.
  const last = await manifests.last(channel.channel);
  if (last === undefined || BigInt(newest.seq) > BigInt(last.seq)) {
    throw new GatewayFailure('ledger-behind', `${newest.directory}/${newest.name} is there, the ledger's last manifest is ${last?.seq ?? 'none'}`);
  }
  const known = newest.seq === last.seq ? last : (await manifests.staged(channel.channel, [newest.seq]))[0];
  const bytes = await readStagedManifest(staging, channel, newest);
  if (bytes !== undefined && createHash('sha256').update(bytes).digest('hex') !== known?.sha256) {
    throw new GatewayFailure('ledger-behind', `${newest.directory}/${newest.name} is not the manifest of that number in the ledger`);
  }
}

/** None where the directory is missing or closed to us. */
export async function listIfThere(staging: StagingMachine, directory: string): Promise<StagedEntry[]> {
  try {
    return await staging.list(directory);
  } catch (error) {
    if (error instanceof GatewayFailure && error.code === 'staging-denied') return [];
    throw error;
  }
}

/** Names of the directories in it; none where it is missing or closed to us. */
export async function directoriesIfThere(staging: StagingMachine, directory: string): Promise<string[]> {
  try {
    return await staging.listDirectories(directory);
  } catch (error) {
    if (error instanceof GatewayFailure && error.code === 'staging-denied') return [];
    throw error;
  }
}
