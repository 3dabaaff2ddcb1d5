import { GatewayFailure } from '../domain/failures.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { InboxKind, InboxStore } from '../ledger/inbox.store.js';
import type { StagedEntry, StagingMachine } from '../platform/staging/staging-machine.js';
import { judgeFile } from './judge-file.js';

const maxFileBytes = 32 * 1024 * 1024;
const batchFiles = 32;

/**
 * Takes in once more what was collected before and lies in `ack/done/` or `return/done/`, for a ledger that lost it; what the inbox holds already
 * is not read. Returns how many were new. Throws staging-*; a directory that is not there holds nothing.
 */
export async function collectAgain(channel: ChannelSettings, staging: StagingMachine, inbox: InboxStore, kind: InboxKind = 'acknowledgement'): Promise<number> {
  const directory = `${kind === 'return' ? channel.staging.returnDir : channel.staging.acknowledgementDir}/done`;
  const entries = (await entriesOf(staging, directory)).map((e) => ({ ...e, file: nameBefore(e.name, kind) }));
  let fresh = 0;
  for (let i = 0; i < entries.length; i += batchFiles) {
    const batch = entries.slice(i, i + batchFiles);
    const known = await inbox.knownFiles(channel.channel, batch.map((e) => e.file), kind);
    const unknown = batch.filter((e) => known.get(e.file)?.includes(e.size) !== true);
    const incoming = await Promise.all(unknown.map(async (e) => {
      const read = await staging.read(directory, e.name, maxFileBytes);
      if (read.how !== 'read') return [];
      const { contentType } = judgeFile(e.file, read.bytes);
      return [{ channel: channel.channel, kind, source: 'file' as const, remote: 'staging machine', externalId: e.file, contentType, content: read.bytes }];
    }));
    fresh += (await inbox.receive(incoming.flat())).filter((r) => r.isNew).length;
  }
  return fresh;
}

/** A returned file is judged by its name too; one that met another of its name in `done/` got a token at the end. */
const nameBefore = (name: string, kind: InboxKind): string => (kind === 'return' ? name.replace(/\.[0-9a-f]{12}$/, '') : name);

async function entriesOf(staging: StagingMachine, directory: string): Promise<StagedEntry[]> {
  try {
    return await staging.list(directory);
  } catch (error) {
    if (error instanceof GatewayFailure && error.code === 'staging-denied') return [];
    throw error;
  }
}
