import { createHash } from 'node:crypto';
import { GatewayFailure } from '../domain/failures.js';
import type { MirrorFinding } from '../domain/mirror-findings.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { ExchangeId } from '../domain/vocabulary.js';
import type { ExchangeViewStore } from '../ledger/exchange-view.store.js';
import type { ManifestRow, ManifestStore } from '../ledger/manifest.store.js';
import type { MessageStore } from '../ledger/message.store.js';
import type { StagedFile, StagingMachine } from '../platform/staging/staging-machine.js';

export interface RestoreParts {
  readonly view: ExchangeViewStore;
  readonly messages: MessageStore;
  readonly manifests: ManifestStore;
}

/** What restoring would do, in the order in which it is done. */
export interface RestorePlan {
  /** Files with other content than ours: moved to the aside directory, never removed. */
  readonly aside: readonly { readonly directory: string; readonly name: string; readonly sha256: string }[];
  /** Manifests that go there again with the same bytes, each after the files that it lists and that are gone. */
  readonly manifests: readonly ManifestRow[];
  readonly beside: readonly ExchangeId[];
  /** Exchanges whose manifest the receiver has: they are delivered and listed anew, by a replay. */
  readonly replay: readonly ExchangeId[];
}

export interface RestoreOutcome {
  readonly moved: readonly { readonly from: string; readonly to: string }[];
  readonly put: readonly string[];
  readonly failed: readonly { readonly name: string; readonly failure: GatewayFailure }[];
}

const inStatement = 1_000;
const maxBytes = 64 * 1024 * 1024;

/**
 * Puts right what the mirror found missing or altered, on an administrator's order. A manifest must not come before the files
 * it lists: the receiver would refuse them as missing.
 */
export class RestoreStagedAdapter {
  constructor(private readonly parts: RestoreParts) {}

  async plan(channel: ChannelSettings, findings: readonly MirrorFinding[]): Promise<RestorePlan> {
    const { manifestDir } = channel.staging;
    const wrong = findings.filter((f) => f.kind === 'missing' || f.kind === 'altered' || f.kind === 'renamed' || f.kind === 'misread');
    const seqs = [...new Set(wrong.filter((f) => f.directory === manifestDir).flatMap((f) => f.manifestSeq ?? []))];
    const manifests = seqs.length === 0 ? [] : (await this.parts.manifests.staged(channel.channel, seqs)).filter((m) => m.state === 'staged');
    const again = new Set(manifests.map((m) => m.seq));
    const files = wrong.filter((f) => f.directory !== manifestDir && f.exchangeId !== undefined);
    const ids = (those: readonly MirrorFinding[]): ExchangeId[] => [...new Set(those.flatMap((f) => f.exchangeId ?? []))];
    const isBeside = (f: MirrorFinding): boolean => f.manifestSeq !== undefined && again.has(f.manifestSeq);
    const beside = ids(files.filter(isBeside));
    return {
      manifests, beside, replay: ids(files).filter((id) => !beside.includes(id)),
      aside: wrong.filter((f) => f.kind === 'altered').map((f) => ({ directory: f.directory, name: f.name, sha256: f.sha256 ?? '' })),
    };
  }

  /** Everything but the replay. A file that is no longer as the plan saw it is left alone. */
  async perform(channel: ChannelSettings, staging: StagingMachine, plan: RestorePlan): Promise<RestoreOutcome> {
    const { outboxDir, manifestDir, asideDir } = channel.staging;
    const moved: { from: string; to: string }[] = [];
    if (plan.aside.length > 0) await staging.ensureDirectories([asideDir]);
    for (const file of plan.aside) {
      // Its hash may not be known where its size told enough; then it still has to be what was looked at.
      const read = await staging.read(file.directory, file.name, maxBytes);
      if (file.sha256 !== '' && (read.how !== 'read' || createHash('sha256').update(read.bytes).digest('hex') !== file.sha256)) continue;
      const name = await staging.move(file.directory, file.name, asideDir);
      if (name !== undefined) moved.push({ from: `${file.directory}/${file.name}`, to: `${asideDir}/${name}` });
    }
    const put: string[] = [];
    const failed: RestoreOutcome['failed'][number][] = [];
    const send = async (files: readonly StagedFile[]): Promise<boolean> => {
      const outcomes = await staging.put(files);
      for (const o of outcomes) {
        if (o.ok) put.push(o.finalName);
        else failed.push({ name: o.finalName, failure: o.failure });
      }
      return outcomes.every((o) => o.ok);
    };
    for (const manifest of plan.manifests) {
      const { files, without } = await this.filesOf(outboxDir, manifest, new Set(plan.beside));
      failed.push(...without.map((name) => ({ name, failure: new GatewayFailure('unexpected', `the ledger does not hold its bytes; ${manifest.fileName} is not put there without it`) })));
      const whole = (await send(files)) && without.length === 0;
      if (whole) await send([{ directory: manifestDir, finalName: manifest.fileName, bytes: manifest.content, sha256: manifest.sha256, lookFirst: true }]);
    }
    return { moved, put, failed };
  }

  private async filesOf(directory: string, manifest: ManifestRow, only: ReadonlySet<ExchangeId>): Promise<{ files: StagedFile[]; without: string[] }> {
    const ids = [...only];
    const files: StagedFile[] = [];
    const without: string[] = [];
    for (let i = 0; i < ids.length; i += inStatement) {
      const rows = (await this.parts.view.find({ ids: ids.slice(i, i + inStatement), channel: manifest.channel }, inStatement)).filter((r) => r.manifestSeq === manifest.seq);
      const messages = await this.parts.messages.messages(rows);
      for (const row of rows) {
        const message = messages.get(row.id);
        const contents = await this.parts.messages.attachmentContents((message?.attachments ?? []).map((a) => a.signature));
        if (message === undefined || message.attachments.some((a) => !contents.has(a.signature))) {
          without.push(row.fileName);
          continue;
        }
        for (const a of message.attachments) files.push({ directory, finalName: a.fileName, bytes: contents.get(a.signature)!, sha256: a.sha256, lookFirst: true });
        files.push({ directory, finalName: row.fileName, bytes: message.content, sha256: message.sha256, lookFirst: true });
      }
    }
    return { files, without };
  }
}
