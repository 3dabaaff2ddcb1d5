import type { ExchangeDetail, ExchangeLine, FailureText } from '../../domain/ops-exchange-api.js';
import { failureCodes, type FailureCode } from '../../domain/failures.js';
import { isSkipped } from '../../domain/lane-position.js';
import type { ExchangeId } from '../../domain/vocabulary.js';
import type { ExchangeRow } from '../../ledger/exchange-row.js';
import type { ExchangeViewStore } from '../../ledger/exchange-view.store.js';
import type { MessageContent, OperatorViewStore } from '../../ledger/operator-view.store.js';
import type { OpsViewStore } from '../../ledger/ops-view.store.js';
import { compareLeaves } from './compare-leaves.js';
import { hideSecrets, maskSnapshot, maskText, personalValues, secretValues } from '../../domain/mask-personal.js';

/** Gathers one exchange with all that the ledger knows of it, masked or not. */
export class ExchangeDetails {
  constructor(
    private readonly view: ExchangeViewStore,
    private readonly operator: OperatorViewStore,
    private readonly ops: OpsViewStore,
  ) {}

  async row(id: ExchangeId): Promise<ExchangeRow | undefined> {
    return (await this.view.find({ ids: [id] }, 1))[0];
  }

  async rows(ids: readonly ExchangeId[]): Promise<ExchangeRow[]> {
    return ids.length === 0 ? [] : this.view.find({ ids }, ids.length);
  }

  async gather(row: ExchangeRow, unmasked: boolean): Promise<ExchangeDetail> {
    const [timeline, findings, acknowledgements, message, snapshot, lane, versions, beforeId] = await Promise.all([
      this.view.timeline(row.id), this.view.findings(row.id), this.operator.acknowledgements(row.id), this.operator.message(row.id), this.ops.snapshot(row.snapshotId),
      this.ops.lane(row.channel, row.caseNo), this.ops.versions(row), row.version > 1 ? this.ops.versionBefore(row) : undefined,
    ]);
    const manifest = row.manifestSeq === undefined ? undefined : await this.operator.manifest(row.channel, row.manifestSeq);
    const before = beforeId === undefined ? undefined : await this.before(beforeId);
    // A query password is nobody's business, whoever asks; the exact bytes can still be downloaded, with a reason.
    const values = [snapshot, before?.snapshot].flatMap((s) => (s ? (unmasked ? secretValues : personalValues)(s.body) : [])).sort((a, b) => b.length - a.length);
    const mask = (text: string): string => (unmasked ? hideSecrets : maskText)(text, values);
    const maybe = (text: string | undefined): string | undefined => (text === undefined ? undefined : mask(text));
    // Without the snapshot nobody knows which words of the message are names.
    const xml = message && (unmasked || snapshot) ? xmlOf(message) : undefined;
    const beforeXml = before?.message && (unmasked || before.snapshot) ? xmlOf(before.message) : undefined;
    const failure = failureText(row.failureCode, maybe(row.failureDetail));
    return {
      exchange: exchangeLine(row, mask),
      ...(failure ? { failure } : {}),
      masked: !unmasked,
      timeline: timeline.map((t) => ({ ...t, detail: maybe(t.detail) })),
      findings: findings.map((f) => ({ ...f, text: mask(f.text), remedy: mask(f.remedy) })),
      acknowledgements: acknowledgements.map((a) => ({ ...a, reason: maybe(a.reason) })),
      ...(message
        ? { message: { size: message.size, sha256: message.sha256, encoding: message.encoding, renderedAt: message.renderedAt, prunedAt: message.prunedAt, xml: maybe(xml), attachments: message.attachments.map((a) => ({ ...a, fileName: mask(a.fileName) })) } }
        : {}),
      ...(snapshot ? { snapshot: { id: snapshot.id, takenAt: snapshot.takenAt, ...maskSnapshot(snapshot.body, unmasked) } } : {}),
      ...(manifest ? { manifest: { seq: manifest.seq, fileName: manifest.fileName, state: manifest.state, preparedAt: manifest.preparedAt, stagedAt: manifest.stagedAt } } : {}),
      lane,
      versions,
      // Compared as they are: a changed name is a difference, even where both names are hidden.
      ...(beforeId !== undefined && xml !== undefined && beforeXml !== undefined ? { difference: { from: beforeId, leaves: compareLeaves(beforeXml, xml).map((l) => ({ path: l.path, before: maybe(l.before), after: maybe(l.after) })) } } : {}),
    };
  }

  private async before(id: ExchangeId) {
    const row = await this.row(id);
    const [message, snapshot] = await Promise.all([this.operator.message(id), row ? this.ops.snapshot(row.snapshotId) : undefined]);
    return { message, snapshot };
  }
}

/** The text of a message that is still there. */
function xmlOf(message: MessageContent): string | undefined {
  return message.prunedAt !== undefined || message.content.length === 0 ? undefined : new TextDecoder(message.encoding).decode(message.content);
}

export function failureText(code: string | undefined, detail: string | undefined): FailureText | undefined {
  if (code === undefined) return undefined;
  const known = Object.hasOwn(failureCodes, code) ? failureCodes[code as FailureCode] : undefined;
  return { code, kind: known?.kind, text: known?.text, remedy: known?.remedy, detail };
}

export function exchangeLine(e: ExchangeRow, mask: (text: string) => string): ExchangeLine {
  return {
    id: e.id, channel: e.channel, stream: e.stream, caseNo: e.caseNo, item: e.item, event: e.event, sequence: e.sequence, version: e.version, operation: e.operation, state: e.state, parkedFrom: e.parkedFrom, skipped: isSkipped(e.lanePosition),
    messageId: e.messageId, fileName: e.fileName, capturedAt: e.capturedAt, stateSince: e.stateSince, attempts: e.attempts, failureCode: e.failureCode, failureDetail: e.failureDetail === undefined ? undefined : mask(e.failureDetail),
  };
}
