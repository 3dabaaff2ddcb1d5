import { BlockList, isIP } from 'node:net';
import { alarmWords } from '../domain/alarm-words.js';
import type { InquiryAnswer } from '../domain/inquiry-answer.js';
import type { Settings } from '../domain/settings.js';
import type { RuleSet } from '../domain/supervision-rules.js';
import type { CaseNo } from '../domain/vocabulary.js';
import type { AlarmStore } from '../ledger/alarm.store.js';
import type { InquiryFacts } from '../ledger/inquiry-row.js';
import type { InquiryTryStore } from '../ledger/inquiry-try.store.js';
import type { InquiryViewStore } from '../ledger/inquiry-view.store.js';
import type { Clock } from '../platform/clock.js';
import type { Meters } from '../supervision/make-meters.js';
import { addressScope } from './address-scope.js';
import { composeAnswer } from './compose-answer.js';
import type { FlightLimit } from './flight-limit.adapter.js';
import { digestProof, digestSubject } from './prove-right.js';
import type { Question } from './read-question.js';
import { refuseInquiry } from './refuse-inquiry.js';
import { unmovedDue } from './unmoved-due.js';

interface InquiryParts {
  readonly settings: Settings;
  readonly key: string;
  readonly view: InquiryViewStore;
  readonly tries: InquiryTryStore;
  readonly alarms: AlarmStore;
  readonly flight: FlightLimit;
  readonly clock: Clock;
  /** Whose clock is told, with its rules; undefined where nobody supervises. */
  readonly body: { readonly name: string; readonly rules: RuleSet } | undefined;
  readonly meters: Meters;
}

/** Answers who may know. Every question that is not answered costs the same and says the same, whatever is wrong with it. */
export class CaseInquiry {
  private readonly shared = new BlockList();
  private toldIn = '';

  constructor(private readonly parts: InquiryParts) {
    for (const entry of parts.settings.inquiry.sharedAddresses) {
      const [address = '', bits] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      this.shared.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
    }
  }

  /** Throws InquiryRefused: too-many-requests, busy, or no-match for everything else. */
  async ask(question: Question, address: string): Promise<InquiryAnswer> {
    const { key, tries, view, settings, flight } = this.parts;
    const digest = digestProof(key, question.kind, question.caseNo, question.proof);
    const by = { address: digestSubject(key, 'address', addressScope(address)), caseNo: digestSubject(key, 'case', question.caseNo), shared: this.isShared(address) };
    return flight.run(async () => {
      const wait = await tries.take(by);
      if (wait?.because === 'all') await this.tellGuessing();
      if (wait) throw refuseInquiry('too-many-requests', Math.max(1, Math.ceil(wait.waitMs / 1000)));
      const caseNo = await view.proven(digest, settings.inquiry.stream);
      const facts = caseNo === undefined ? undefined : await this.facts(caseNo);
      if (!facts) {
        await tries.wrong();
        throw refuseInquiry('no-match');
      }
      await tries.right(by);
      return this.compose(facts);
    });
  }

  /** Whether a proof is right, for somebody who may see the case anyway. */
  async proves(question: Question): Promise<boolean> {
    return (await this.parts.view.proven(digestProof(this.parts.key, question.kind, question.caseNo, question.proof), this.parts.settings.inquiry.stream)) !== undefined;
  }

  facts(caseNo: CaseNo): Promise<InquiryFacts | undefined> {
    return this.parts.view.facts(this.parts.settings.inquiry.stream, caseNo, this.parts.body?.name);
  }

  compose(facts: InquiryFacts): InquiryAnswer {
    const { settings, clock, body, meters } = this.parts;
    const unmovedDueAt = body && facts.clock ? unmovedDue(facts.clock.facts, body.rules, meters, clock.now().getTime()) : undefined;
    return composeAnswer(facts, { settings: settings.inquiry, unmovedDueAt, at: clock.iso() });
  }

  /** Once an hour; each process for itself. */
  private async tellGuessing(): Promise<void> {
    const { alarms, clock, settings } = this.parts;
    const hour = clock.iso().slice(0, 13);
    if (this.toldIn === hour) return;
    this.toldIn = hour;
    await alarms.raise('inquiry-guessed', 'inquiry-guessed', alarmWords['inquiry-guessed']({ perHour: settings.inquiry.limits.failuresPerHour }), undefined, { forMs: 3_600_000 });
  }

  private isShared(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.shared.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}
