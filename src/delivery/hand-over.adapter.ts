import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { GatewayFailure } from '../domain/failures.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { CaseNo, ExchangeId } from '../domain/vocabulary.js';
import type { ExchangeStore } from '../ledger/exchange.store.js';
import type { HandOverPackage, HandOverStore } from '../ledger/hand-over.store.js';
import type { ManifestStore } from '../ledger/manifest.store.js';
import type { MessageStore } from '../ledger/message.store.js';
import type { Clock } from '../platform/clock.js';
import { checkHashList, decodeHashList, type HashCheck } from './check-hash-list.js';
import { manifestLine } from './delivery.processor.js';
import { writeHashList, writePackageReadme, type PackageFile } from './write-hand-over.js';
import { writeManifest } from './write-manifest.js';

export interface HandOverParts {
  readonly exchanges: ExchangeStore;
  readonly messages: MessageStore;
  readonly manifests: ManifestStore;
  readonly handOvers: HandOverStore;
  readonly clock: Clock;
  /** Messages of one manifest, and how long a claim holds. */
  readonly batch: number;
  readonly claimMs: number;
}

export interface WrittenPackage {
  readonly id: string;
  readonly folder: string;
  readonly manifests: readonly string[];
  readonly exchanges: readonly ExchangeId[];
  readonly files: number;
}

interface Content extends PackageFile {
  readonly bytes: Buffer;
}

/**
 * Delivery on a medium, for when the line is down.
 * Enters as: rendered, head of its lane. Leaves as: staged, once the receiving side's hashes matched. Can fail with: errors of
 * the medium's file system. If run twice: what a package holds is fixed in the ledger before a byte is written, so it can be
 * written again, confirmed or taken back at any time.
 */
export class HandOverAdapter {
  constructor(private readonly parts: HandOverParts) {}

  /** Fixes a package and writes it below `dir`; undefined when nothing is due. `busy`: another one is not settled yet. */
  async export(channel: ChannelSettings, dir: string, actor: string, caseNos?: readonly CaseNo[]): Promise<WrittenPackage | { readonly busy: string } | undefined> {
    await requireDirectory(dir);
    const made = await this.fix(channel, actor, caseNos);
    return made === undefined || 'busy' in made ? made : this.write(channel, made, dir);
  }

  /** Fixes a package in the ledger; undefined when nothing is due. Whoever has it can have its files as often as it is open. */
  async fix(channel: ChannelSettings, actor: string, caseNos?: readonly CaseNo[]): Promise<HandOverPackage | { readonly busy: string } | undefined> {
    const { parts } = this;
    const id = `${channel.channel}-${shanghaiDigits(parts.clock.now())}-${randomBytes(2).toString('hex')}`;
    const { busy } = await parts.handOvers.begin(channel.channel, id, actor);
    if (busy !== undefined) return { busy };
    // Ended here or not: whatever stands in the ledger is the package, and `again` writes it.
    for (;;) {
      const token = randomUUID();
      const claimed = await parts.exchanges.claim(channel.channel, 'rendered', { limit: parts.batch, token, claimMs: parts.claimMs, caseNos });
      if (claimed.length === 0) break;
      const messages = await parts.messages.messages(claimed);
      const entries = claimed.flatMap((row) => (messages.has(row.id) ? [{ row, line: manifestLine({ row, message: messages.get(row.id)! }) }] : []));
      const manifest = await parts.manifests.prepare(channel.channel, entries, token, writeManifest, id);
      if (manifest !== undefined) continue;
      await parts.exchanges.release(claimed, token);
      break;
    }
    await parts.handOvers.endEmpty(id, actor);
    const made = await parts.handOvers.find(id);
    return made?.state === 'open' ? made : undefined;
  }

  /** Writes an open package, for the first time or again; the folder appears whole or not at all. */
  async write(channel: ChannelSettings, made: HandOverPackage, dir: string): Promise<WrittenPackage> {
    await requireDirectory(dir);
    const folder = path.join(dir, made.id);
    if (await exists(folder)) throw new GatewayFailure('name-taken', `${folder} is there already`);
    const temporary = `${folder}.part`;
    await rm(temporary, { recursive: true, force: true });
    const { outboxDir, manifestDir } = channel.staging;
    for (const sub of [outboxDir, manifestDir]) await mkdir(path.join(temporary, sub), { recursive: true });
    const listed: PackageFile[] = [];
    const manifests: string[] = [];
    const exchanges: ExchangeId[] = [];
    for await (const part of this.contents(channel, made.id)) {
      manifests.push(part.manifest);
      exchanges.push(...part.exchanges);
      for (const file of part.files) {
        await writeVerified(path.join(temporary, file.path), file.bytes, file.sha256);
        listed.push({ path: file.path, sha256: file.sha256 });
      }
    }
    const readme = writePackageReadme({ id: made.id, title: channel.title, channel: channel.channel, outboxDir, manifestDir, manifests, messages: exchanges.length, files: listed.length });
    await writeDurable(path.join(temporary, 'SHA256SUMS'), Buffer.from(writeHashList(listed)));
    await writeDurable(path.join(temporary, 'README.txt'), Buffer.from(readme));
    await rename(temporary, folder);
    await this.parts.handOvers.noteWritten(made.id);
    return { id: made.id, folder, manifests, exchanges, files: listed.length };
  }

  /** Every file of an open package in the order in which it is copied, for whoever writes them elsewhere than into a folder; it counts as written at the end. */
  async *files(channel: ChannelSettings, made: HandOverPackage): AsyncGenerator<{ readonly path: string; readonly bytes: Buffer }> {
    const { outboxDir, manifestDir } = channel.staging;
    const listed: PackageFile[] = [];
    const manifests: string[] = [];
    let messages = 0;
    for await (const part of this.contents(channel, made.id)) {
      manifests.push(part.manifest);
      messages += part.exchanges.length;
      for (const { path: file, bytes, sha256 } of part.files) {
        if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new GatewayFailure('content-differs', `${file} is not what its hash says`);
        listed.push({ path: file, sha256 });
        yield { path: file, bytes };
      }
    }
    yield { path: 'SHA256SUMS', bytes: Buffer.from(writeHashList(listed)) };
    yield { path: 'README.txt', bytes: Buffer.from(writePackageReadme({ id: made.id, title: channel.title, channel: channel.channel, outboxDir, manifestDir, manifests, messages, files: listed.length })) };
    await this.parts.handOvers.noteWritten(made.id);
  }

  /** Whether a list of hashes from the receiving side is that of the package. Changes nothing. */
  async check(channel: ChannelSettings, id: string, list: Buffer): Promise<HashCheck> {
    const files: PackageFile[] = [];
    for await (const part of this.contents(channel, id)) files.push(...part.files.map(({ path: p, sha256 }) => ({ path: p, sha256 })));
    return checkHashList(decodeHashList(list), files);
  }

  /** Manifest by manifest: its messages and their attachments, then itself. */
  private async *contents(channel: ChannelSettings, id: string): AsyncGenerator<{ manifest: string; exchanges: ExchangeId[]; files: Content[] }> {
    const { outboxDir, manifestDir } = channel.staging;
    for await (const m of this.parts.handOvers.contents(id)) {
      const messages = await this.parts.messages.messages(m.exchanges);
      const files: Content[] = [];
      for (const e of m.exchanges) {
        const message = messages.get(e.id);
        if (message === undefined) throw new GatewayFailure('unexpected', `the rendered bytes of exchange ${e.id} are missing in the ledger`);
        const contents = await this.parts.messages.attachmentContents(message.attachments.map((a) => a.signature));
        for (const a of message.attachments) files.push({ path: `${outboxDir}/${a.fileName}`, bytes: contents.get(a.signature)!, sha256: a.sha256 });
        files.push({ path: `${outboxDir}/${e.fileName}`, bytes: message.content, sha256: message.sha256 });
      }
      files.push({ path: `${manifestDir}/${m.fileName}`, bytes: m.content, sha256: m.sha256 });
      yield { manifest: m.seq, exchanges: m.exchanges.map((e) => e.id), files };
    }
  }
}

async function requireDirectory(dir: string): Promise<void> {
  const found = await stat(dir).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new GatewayFailure('unexpected', `${dir} is not a directory: name the place where the medium is mounted`);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false);
}

/** A medium is pulled out: what is not flushed is not there. */
async function writeDurable(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeVerified(file: string, bytes: Buffer, sha256: string): Promise<void> {
  await writeDurable(file, bytes);
  if (createHash('sha256').update(await readFile(file)).digest('hex') !== sha256) throw new GatewayFailure('content-differs', `${file}: what was read back is not what was written; try another medium`);
}

/** `20261124153000` in Asia/Shanghai. */
function shanghaiDigits(at: Date): string {
  return new Date(at.getTime() + 8 * 3_600_000).toISOString().replaceAll(/\D/g, '').slice(0, 14);
}
