import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { manifestNumber } from '../delivery/parse-manifest.js';
import { listManifests, readStagedManifest } from '../delivery/staged-manifests.adapter.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { ManifestStore } from '../ledger/manifest.store.js';
import { readAnchor, type AuditAnchor, type AuditFault } from '../ledger/verify-audit.js';
import { StagingRegistry } from '../platform/staging/staging-registry.adapter.js';
import { CommandFailure, exitCodes } from './cli-context.js';
import { describeError } from '../platform/describe-error.js';

/** What manifests outside the ledger say of the audit log, and those that the ledger holds otherwise. */
export interface CenterAnchors {
  readonly read: number;
  readonly anchors: readonly AuditAnchor[];
  readonly faults: readonly AuditFault[];
}

/** From copies that the center gave out, as files M….xml in a folder. */
export async function anchorsOfFolder(folder: string, channel: ChannelSettings, manifests: ManifestStore): Promise<CenterAnchors> {
  const names = await readdir(folder).catch((error: unknown) => { throw new CommandFailure(`${folder} cannot be read: ${describeError(error)}`, exitCodes.usage); });
  const found: { seq: string; bytes: Buffer }[] = [];
  for (const name of names) {
    const seq = manifestNumber(name);
    if (seq !== undefined) found.push({ seq, bytes: await readFile(path.join(folder, name)) });
  }
  if (found.length === 0) throw new CommandFailure(`there is no manifest (M….xml) in ${folder}`, exitCodes.usage);
  return judge(found, channel, manifests, 'the copy of the center');
}

/** From what lies on the staging machine and in the receiver's archive there. */
export async function anchorsOfStaging(channel: ChannelSettings, manifests: ManifestStore): Promise<CenterAnchors> {
  const registry = new StagingRegistry([channel]);
  try {
    const staging = registry.of(channel.channel);
    const found: { seq: string; bytes: Buffer }[] = [];
    for (const manifest of await listManifests(staging, channel)) {
      const bytes = await readStagedManifest(staging, channel, manifest);
      if (bytes !== undefined) found.push({ seq: manifest.seq, bytes });
    }
    return await judge(found, channel, manifests, 'the staging machine');
  } catch (error) {
    throw error instanceof CommandFailure ? error : new CommandFailure(`the staging machine of ${channel.channel} cannot be read: ${describeError(error)}`, exitCodes.unavailable);
  } finally {
    await registry.closeAll();
  }
}

async function judge(found: readonly { seq: string; bytes: Buffer }[], channel: ChannelSettings, manifests: ManifestStore, whose: string): Promise<CenterAnchors> {
  const anchors: AuditAnchor[] = [];
  const faults: AuditFault[] = [];
  for (let i = 0; i < found.length; i += 500) {
    const part = found.slice(i, i + 500);
    const known = new Map((await manifests.staged(channel.channel, part.map((f) => f.seq))).map((m) => [m.seq, m.sha256]));
    for (const { seq, bytes } of part) {
      const anchor = readAnchor(bytes, `manifest ${seq} of channel ${channel.channel} (${whose})`);
      if (anchor) anchors.push(anchor);
      if (known.get(seq) === createHash('sha256').update(bytes).digest('hex')) continue;
      faults.push({ kind: 'anchor', seq: anchor?.seq ?? 0, text: `manifest ${seq} of channel ${channel.channel} is not in the ledger as ${whose} has it${known.has(seq) ? ': one of the two was changed' : ''}` });
    }
  }
  return { read: found.length, anchors, faults };
}
