import type { CaseSettlementFacts } from '../domain/case-clearance.js';
import type { InquiryAnswer, PaymentLine, Words } from '../domain/inquiry-answer.js';
import { writeYuan } from '../domain/money.js';
import type { DueName } from '../ledger/inquiry-row.js';
import { partyWords, paymentStateWords, taxEnglish } from './inquiry-words.js';

const summaries: Readonly<Record<InquiryAnswer['payments']['state'], Words>> = {
  none: { zh: '目前没有应缴的费用', en: 'Nothing to pay so far' },
  open: { zh: '还有税费待缴', en: 'Something is still to be paid' },
  checking: { zh: '税费正在核对', en: 'Payments are being checked' },
  settled: { zh: '税费已缴清', en: 'Everything is paid' },
};

/** Fees and taxes of a case as its payer has to know them. What was not compared yet is called so, never paid. */
export function tellPayments(due: readonly DueName[], settlement: CaseSettlementFacts | undefined): InquiryAnswer['payments'] {
  const standing = new Map([...(settlement?.charges ?? []), ...(settlement?.taxes ?? [])].map((i) => [i.id, i]));
  const lines = due.map((d): PaymentLine => {
    const item = standing.get(d.id);
    const state: PaymentLine['state'] = d.exempt || d.fen === 0n ? 'exempt' : !item ? 'checking' : item.settled ? 'settled' : item.reason === undefined ? 'checking' : item.reason === 'amount-short' ? 'short' : 'open';
    const party = partyWords[d.party ?? ''];
    const name: Words = d.kind === 'fee' ? { zh: d.name, en: d.name } : { zh: `${d.name}${party ? `(${party.zh})` : ''}`, en: `${taxEnglish(d.name)}${party ? ` of the ${party.en}` : ''}` };
    return { what: d.kind, ...name, amountYuan: d.fen === undefined ? undefined : writeYuan(d.fen), state, stateText: paymentStateWords[state], paymentCode: state === 'open' || state === 'short' ? d.paymentCode : undefined };
  });
  const owed = lines.filter((l) => l.state === 'open' || l.state === 'short');
  const checking = settlement?.unread === true || lines.some((l) => l.state === 'checking');
  const state = owed.length > 0 ? 'open' : checking ? 'checking' : lines.length === 0 ? 'none' : 'settled';
  // A sum only of what is known to the fen: what is short, and taxes, are told by the cashier.
  const open = due.filter((d, i) => d.fen !== undefined && lines[i]!.state === 'open');
  const dueYuan = open.length === 0 ? undefined : writeYuan(open.reduce((sum, d) => sum + d.fen!, 0n));
  return { state, ...summaries[state], dueYuan, lines };
}
