import type { AcknowledgementLine, InboxDetail, InboxLine } from '../../domain/ops-inbox-api.js';
import { maskText, personalValues } from '../../domain/mask-personal.js';
import type { AcknowledgementRow, InboxRow, InboxViewStore } from '../../ledger/inbox-view.store.js';
import type { OpsViewStore } from '../../ledger/ops-view.store.js';
import type { ReturnViewStore } from '../../ledger/return-view.store.js';
import { decodeDocument, splitContentType } from '../../platform/decode-document.js';
import { maskIncoming } from './mask-incoming.js';

const shownAcknowledgements = 200;
const shownCharacters = 64 * 1024;
/** Cases whose values are looked up to hide them; an entry that speaks of more is shown without Chinese text. */
const knownCases = 50;

/** Gathers what came in with what became of it, masked or not. */
export class InboxView {
  constructor(
    private readonly inbox: InboxViewStore,
    private readonly ops: OpsViewStore,
    private readonly returns: ReturnViewStore,
  ) {}

  async detail(row: InboxRow, unmasked: boolean): Promise<InboxDetail> {
    const [content, acknowledgements, returned] = await Promise.all([
      this.inbox.content(row.id), this.inbox.acknowledgements({ classes: [], inbox: row.id }, shownAcknowledgements), row.kind === 'return' ? this.returns.byInbox(row.id) : undefined,
    ]);
    const lines = await this.lines(acknowledgements, unmasked);
    const whole = content.length === 0 ? undefined : textOf(content, row.contentType);
    const text = whole === undefined || unmasked ? whole : await this.masked(whole.slice(0, shownCharacters + 1_000), row, acknowledgements);
    return {
      ...inboxLine(row), contentType: row.contentType, sha256: row.sha256, remote: row.remote, attempts: row.attempts, readAt: row.readAt, prunedAt: row.prunedAt,
      masked: !unmasked, text: text?.slice(0, shownCharacters), cut: (whole?.length ?? 0) > shownCharacters, acknowledgements: lines,
      ...(returned ? { returned: { outcome: returned.outcome, kind: returned.kind, day: returned.day, count: returned.count, faults: returned.faults.slice(0, 100).map((f) => ({ path: f.path, expected: f.expected })), receiptName: returned.receiptName, receiptWrittenAt: returned.receiptWrittenAt } } : {}),
    };
  }

  /** Without names where the reason has some: those of the case that it speaks of. */
  async lines(rows: readonly AcknowledgementRow[], unmasked: boolean): Promise<AcknowledgementLine[]> {
    const values = unmasked ? new Map<string, string[]>() : await this.valuesOf(rows);
    return rows.map(({ exchange, ...r }) => ({
      ...r, reason: r.reason === undefined || unmasked ? r.reason : maskText(r.reason, exchange ? (values.get(exchange.snapshotId) ?? []) : []),
      ...(exchange ? { exchange: { id: exchange.id, caseNo: exchange.caseNo, event: exchange.event, state: exchange.state } } : {}),
    }));
  }

  private async masked(text: string, row: InboxRow, acknowledgements: readonly AcknowledgementRow[]): Promise<string> {
    const known = acknowledgements.every((a) => a.exchange) && acknowledgements.length > 0 && acknowledgements.length <= knownCases;
    const values = known ? [...(await this.valuesOf(acknowledgements)).values()].flat().sort((a, b) => b.length - a.length) : [];
    return maskIncoming(text, row.kind === 'acknowledgement' && known ? 'acknowledgement' : 'other', values);
  }

  private async valuesOf(rows: readonly AcknowledgementRow[]): Promise<Map<string, string[]>> {
    const ids = [...new Set(rows.flatMap((r) => (r.exchange && r.reason !== undefined ? [r.exchange.snapshotId] : [])))].slice(0, shownAcknowledgements);
    const snapshots = await Promise.all(ids.map((id) => this.ops.snapshot(id)));
    return new Map(snapshots.flatMap((s) => (s ? [[s.id, personalValues(s.body)] as const] : [])));
  }
}

export function inboxLine(r: InboxRow): InboxLine {
  return { id: r.id, channel: r.channel, kind: r.kind, source: r.source, name: r.name, size: r.size, receivedAt: r.receivedAt, state: r.state, class: r.class, detail: r.detail, aside: r.aside };
}

/** As text where it is some; what cannot be decoded strictly is shown with marks where bytes are wrong. */
function textOf(content: Buffer, contentType: string): string | undefined {
  if (content.subarray(0, 4096).includes(0)) return undefined;
  const decoded = decodeDocument(content, splitContentType(contentType).charset);
  return 'text' in decoded ? decoded.text : new TextDecoder('utf-8').decode(content);
}
