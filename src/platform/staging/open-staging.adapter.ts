import type { StagingSettings } from '../../domain/settings.js';
import { GatewayFailure } from '../../domain/failures.js';
import { DirectoryStagingAdapter } from './directory-staging.adapter.js';
import { SftpStagingAdapter } from './sftp-staging.adapter.js';
import type { StagingMachine } from './staging-machine.js';

/** The staging machine of a channel as its settings name it; nothing is connected before the first call. */
export function openStaging(settings: StagingSettings): StagingMachine {
  if (settings.adapter === 'sftp' && settings.sftp !== undefined) {
    return new SftpStagingAdapter(settings.sftp, { directory: settings.outboxDir, fsync: settings.fsync });
  }
  if (settings.adapter === 'directory' && settings.directory !== undefined) {
    return new DirectoryStagingAdapter(settings.directory.path, { directory: settings.outboxDir, fsync: settings.fsync });
  }
  throw new GatewayFailure('unexpected', `the staging section for adapter ${settings.adapter} is missing`);
}
