import { asFailure } from '../domain/failures.js';
import type { ChannelSettings } from '../domain/settings.js';
import { openStaging } from '../platform/staging/open-staging.adapter.js';
import type { Capabilities } from '../platform/staging/staging-machine.js';
import { failureLine, good, warning, type CheckLine } from './check-line.js';

/** The staging machine of a channel: connection, host key, directories, and what it was seen to do. */
export async function checkChannel(channel: ChannelSettings): Promise<CheckLine[]> {
  const area = `channel ${channel.channel}`;
  const { staging } = channel;
  const lines: CheckLine[] = [];
  try {
    const machine = openStaging(staging);
    try {
      const directories = [staging.outboxDir, staging.manifestDir, staging.acknowledgementDir];
      // What the delivery does at its start too, so that looking is no more than that.
      await machine.ensureDirectories(directories);
      for (const directory of directories) await machine.list(directory);
      lines.push(good(area, `${placeOf(channel)}: logged in${staging.adapter === 'sftp' ? ', the host key is the pinned one' : ''}; ${directories.join(', ')} are there`));
      lines.push(...capabilityLines(area, await machine.probe(), staging.fsync));
    } finally {
      await machine.close();
    }
  } catch (error) {
    const line = failureLine(area, asFailure(error));
    lines.push({ ...line, text: `${placeOf(channel)}: ${line.text}` });
  }
  if (channel.acknowledgement.http === undefined && !channel.acknowledgement.files) {
    lines.push(warning(area, 'no way back is configured: the receiver can acknowledge neither by HTTP nor by file', channel.laneAdvancesOn === 'accepted' ? 'set acknowledgement.http or acknowledgement.files: with laneAdvancesOn accepted each case stops after its first message' : 'set acknowledgement.http or acknowledgement.files'));
  }
  return lines;
}

function placeOf({ staging }: ChannelSettings): string {
  return staging.adapter === 'sftp' ? `sftp ${staging.sftp!.username}@${staging.sftp!.host}:${staging.sftp!.port}` : `directory ${staging.directory!.path}`;
}

function capabilityLines(area: string, c: Capabilities, fsync: boolean): CheckLine[] {
  const seen = [
    c.renameRefusesExisting ? 'rename never overwrites' : 'rename overwrites',
    c.posixRename ? 'posix-rename' : 'no posix-rename',
    c.fsync ? (c.directoryFsync ? 'fsync of files and directories' : 'fsync of files') : 'no fsync',
    ...(c.maxOpenHandles === undefined ? [] : [`${c.maxOpenHandles} handles`]),
  ].join(', ');
  const lines = [good(area, `writing, renaming and removing work (${c.serverVersion}: ${seen})`)];
  if (!c.renameRefusesExisting) lines.push(warning(area, 'its rename overwrites what is there', 'nothing to do: the gateway looks before it renames; nobody else may write into its directories'));
  if (fsync && !c.fsync) lines.push(warning(area, 'it cannot be asked to flush to its disk', 'a power cut there may lose files that were reported as staged: ask the center for a server with fsync@openssh.com, or set staging.fsync: false to accept it'));
  return lines;
}
