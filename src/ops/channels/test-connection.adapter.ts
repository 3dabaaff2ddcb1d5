import type { ConnectionTest } from '../../domain/ops-channel-api.js';
import { asFailure, failureCodes, GatewayFailure } from '../../domain/failures.js';
import type { ChannelSettings } from '../../domain/settings.js';
import { openStaging } from '../../platform/staging/open-staging.adapter.js';
import { readHostKey, resolveHost } from '../../platform/staging/read-host-key.adapter.js';
import type { Capabilities } from '../../platform/staging/staging-machine.js';

type Step = ConnectionTest['steps'][number];
type StepName = Step['step'];
/** What a step saw; a warning says what to do and holds nothing up. */
interface Seen { readonly text: string; readonly warning?: string | undefined }

/** A test takes no longer than this, whatever the machine does. */
const longestMs = 25_000;

/** Connects to a staging machine as the delivery does and tries each thing that the delivery needs. Leaves nothing behind. */
export async function testConnection(channel: ChannelSettings, now: () => number): Promise<ConnectionTest> {
  const { staging } = channel;
  const sftp = staging.adapter === 'sftp' ? staging.sftp : undefined;
  const began = now();
  const steps: Step[] = [];
  let seenHostKey: ConnectionTest['seenHostKey'];
  const machine = openStaging(staging);
  const left = (): number => Math.max(1, longestMs - (now() - began));
  // Once a step has failed, what follows would fail for the same reason.
  const attempt = async (step: StepName, work: () => Promise<Seen>): Promise<void> => {
    if (steps.some((s) => s.status === 'failed')) {
      steps.push({ step, status: 'skipped', text: '', ms: 0 });
      return;
    }
    const at = now();
    try {
      const seen = await within(work(), left());
      steps.push({ step, status: seen.warning === undefined ? 'ok' : 'warning', text: seen.text, remedy: seen.warning, ms: now() - at });
    } catch (error) {
      const failure = asFailure(error);
      steps.push({ step, status: 'failed', text: `${failureCodes[failure.code].text}: ${failure.detail}`, remedy: failureCodes[failure.code].remedy, ms: now() - at });
    }
  };
  const directories = [staging.outboxDir, staging.manifestDir, staging.acknowledgementDir, ...(channel.returns?.files ? [staging.returnDir, staging.receiptDir] : [])];
  try {
    if (sftp) {
      await attempt('address', async () => ({ text: `${sftp.host}: ${(await resolveHost(sftp.host)).join(', ')}` }));
      await attempt('host-key', async () => {
        const { fingerprint, type, matches } = await readHostKey(sftp);
        seenHostKey = { fingerprint, type, pinned: matches };
        if (!matches) throw new GatewayFailure('staging-host-key', `${sftp.host}:${sftp.port} shows ${fingerprint} (${type}), which is not pinned`);
        return { text: `${fingerprint} (${type})` };
      });
      await attempt('login', async () => {
        await machine.stat(staging.outboxDir, 'gateway-looks');
        return { text: `${sftp.username}@${sftp.host}:${sftp.port}` };
      });
    } else {
      await attempt('path', async () => {
        await machine.stat(staging.outboxDir, 'gateway-looks');
        return { text: staging.directory!.path };
      });
    }
    await attempt('directories', async () => {
      await machine.ensureDirectories(directories);
      for (const directory of directories) await machine.list(directory);
      return { text: directories.join(', ') };
    });
    await attempt('write', async () => describeCapabilities(await machine.probe(), staging.fsync));
  } finally {
    await within(machine.close(), 2_000).catch(() => undefined);
  }
  return { ok: steps.every((s) => s.status !== 'failed'), tookMs: now() - began, seenHostKey, steps };
}

function describeCapabilities(c: Capabilities, fsync: boolean): Seen {
  const text = [c.serverVersion, c.renameRefusesExisting ? 'rename never overwrites' : 'rename overwrites', c.fsync ? (c.directoryFsync ? 'fsync of files and directories' : 'fsync of files') : 'no fsync'].join(', ');
  if (fsync && !c.fsync) return { text, warning: 'a power cut there may lose files that were reported as staged: ask for a server with fsync@openssh.com, or set staging.fsync: false to accept it' };
  if (!c.renameRefusesExisting) return { text, warning: 'nothing to do: the gateway looks before it renames; nobody else may write into its directories' };
  return { text };
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new GatewayFailure('staging-unreachable', `no answer within ${Math.round(ms / 1000)} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
