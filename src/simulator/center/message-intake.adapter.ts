import type { AnomalyKind, CenterCaseStore, MessageFacts } from './center-case.store.js';
import type { CenterSchemas } from './center-schemas.adapter.js';
import { orderRules, refusalCodes, type OrderRule, type RefusalCode } from './judge-order.js';
import { headDifference, judgeReceived, type Judgement, type RefusalRule } from './judge-received.js';
import { UnreadableDocument } from './read-document.js';
import type { ManifestEntry } from './read-manifest.js';
import { withMessage, type ReceivedMessage } from './read-message.js';
import type { FoundEntry } from './staged-files.adapter.js';

/** Takes the lines of a manifest one by one and notes in the center's record what follows from each. */
export class MessageIntake {
  private readonly order: readonly OrderRule[];

  constructor(
    private readonly store: CenterCaseStore,
    /** None: messages are not judged by an XSD. */
    private readonly schemas: CenterSchemas | undefined,
    private readonly faults: { readonly refusals: readonly RefusalRule[] },
    private readonly random: () => number,
  ) {
    this.order = orderRules(schemas?.messages);
  }

  /** Notes one line: picked up, and then applied, duplicate, conflict or refused, with the anomaly where there is one. */
  take(manifest: number, found: FoundEntry, archivedAs: string): void {
    const { entry } = found;
    const facts = factsOf(manifest, entry, found.sha256 ?? '');
    if (found.bytes === undefined) {
      // Listed again after it was taken: the sender did not know how far it had come.
      if (this.store.verdictOf(entry.messageId)?.sha256 === entry.sha256) return this.noteRepeated(manifest, entry);
      return this.refuse(facts, '901', 'file-missing', 'is not there');
    }
    this.store.note({ event: 'picked-up', ...facts, archivedAs });
    if (!found.matches) return this.refuse(facts, '902', 'file-differs', `is not what manifest ${String(manifest)} says`);
    const bad = found.attachments.find((attachment) => !attachment.matches);
    if (bad) return this.refuse(facts, '903', bad.bytes ? 'attachment-differs' : 'attachment-missing', `attachment ${bad.file.name}`);
    try {
      withMessage(found.bytes, (message, schemaErrors) => {
        const difference = headDifference(message, entry);
        if (difference !== undefined) return this.refuse(facts, '902', 'head-differs', difference);
        if (this.schemas) {
          const xsd = this.schemas.validatorOf(message.message);
          if (!xsd) return this.refuse(facts, '904', 'message-unknown', `no XSD for ${message.message}`);
          const errors = schemaErrors(xsd);
          if (errors.length > 0) return this.refuse(facts, '001', 'message-invalid', `${String(errors.length)} schema errors, first: ${errors[0] ?? ''}`);
        }
        this.judge({ ...facts, sequence: message.sequence, operation: message.operation }, message);
      });
    } catch (error) {
      if (!(error instanceof UnreadableDocument)) throw error;
      this.refuse(facts, '001', 'message-unreadable', error.message);
    }
  }

  /** Notes a line whose message was taken before, with the answer it got then. */
  noteRepeated(manifest: number, entry: ManifestEntry): void {
    const verdict = this.store.verdictOf(entry.messageId);
    this.store.note({ event: 'duplicate', ...factsOf(manifest, entry, entry.sha256), code: verdict?.code, reason: verdict?.reason });
  }

  private judge(facts: MessageFacts, message: ReceivedMessage): void {
    const { store, order, faults, random } = this;
    const view = { ...store.judged(message), stands: (parent: string, sequence?: string) => store.stands(message.caseNo, parent, sequence) };
    const judgement: Judgement = judgeReceived(message, facts.sha256, view, { order, refusals: faults.refusals, random });
    switch (judgement.outcome) {
      case 'apply':
        store.note({ event: 'applied', ...facts, order: store.counts().applied + 1, head: message.fields });
        break;
      case 'duplicate':
        store.note({ event: 'duplicate', ...facts, code: judgement.verdict.code, reason: judgement.verdict.reason });
        break;
      case 'conflict':
        store.note({ event: 'conflict', ...facts, code: judgement.code, reason: judgement.reason });
        break;
      case 'refuse':
        if (judgement.anomaly) this.anomaly(facts, judgement.anomaly.kind, judgement.anomaly.detail);
        store.note({ event: 'refused', ...facts, code: judgement.code, reason: judgement.reason });
        break;
    }
  }

  private refuse(facts: MessageFacts, code: RefusalCode, kind: AnomalyKind, detail: string): void {
    this.anomaly(facts, kind, detail);
    this.store.note({ event: 'refused', ...facts, code, reason: refusalCodes[code] });
  }

  private anomaly(facts: MessageFacts, kind: AnomalyKind, detail: string): void {
    const { manifest, messageId, fileName } = facts;
    this.store.note({ event: 'anomaly', kind, detail: `${fileName}: ${detail}`, manifest, messageId, fileName });
  }
}

/** Facts by the manifest alone; sequence and operation stay empty until HEAD was read. */
function factsOf(manifest: number, entry: ManifestEntry, sha256: string): MessageFacts {
  const { messageId, caseNo, message, version, name } = entry;
  return { manifest, messageId, caseNo, message, sequence: '', version, operation: '', sha256, fileName: name };
}
