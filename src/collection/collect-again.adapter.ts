import { GatewayFailure } from '../domain/failures.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { InboxStore } from '../ledger/inbox.store.js';
import type { StagedEntry, StagingMachine } from '../platform/staging/staging-machine.js';
import { judgeFile } from './judge-file.js';

const maxFileBytes = 4 * 1024 * 1024;
const batchFiles = 32;

/**
 * Takes in once more what was collected before and lies in `ack/done/`, for a ledger that lost it; what the inbox holds already
 * is not read. Returns how many were new. Throws staging-*; a directory that is not there holds nothing.
 */
export async function collectAgain(channel: ChannelSettings, staging: StagingMachine, inbox: InboxStore): Promise<number> {
  const directory = `${channel.staging.acknowledgementDir}/done`;
  const entries = await entriesOf(staging, directory);
  let fresh = 0;
  for (let i = 0; i < entries.length; i += batchFiles) {
    const batch = entries.slice(i, i + batchFiles);
    const known = await inbox.knownFiles(channel.channel, batch.map((e) => e.name));
    const unknown = batch.filter((e) => known.get(e.name)?.includes(e.size) !== true);
    const incoming = await Promise.all(unknown.map(async (e) => {
      const read = await staging.read(directory, e.name, maxFileBytes);
      if (read.how !== 'read') return [];
      const { contentType } = judgeFile(e.name, read.bytes);
      return [{ channel: channel.channel, source: 'file' as const, remote: 'staging machine', externalId: e.name, contentType, content: read.bytes }];
    }));
    fresh += (await inbox.receive(incoming.flat())).filter((r) => r.isNew).length;
  }
  return fresh;
}

async function entriesOf(staging: StagingMachine, directory: string): Promise<StagedEntry[]> {
  try {
    return await staging.list(directory);
  } catch (error) {
    if (error instanceof GatewayFailure && error.code === 'staging-denied') return [];
    throw error;
  }
}
