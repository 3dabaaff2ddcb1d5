import { returnOutcomes, isTaken, type ReturnFault, type ReturnOutcome } from '../domain/return-outcomes.js';
import type { Instant } from '../domain/vocabulary.js';

/** What a receipt says; the same facts give the same bytes, so that writing it again changes nothing. */
export interface ReceiptFacts {
  readonly channel: string;
  readonly fileName: string;
  readonly size: number;
  readonly sha256: string | undefined;
  readonly fileId: string | undefined;
  readonly issue: number | undefined;
  readonly outcome: ReturnOutcome;
  readonly faults: readonly ReturnFault[];
  /** Records taken; undefined when nothing was. */
  readonly records: number | undefined;
  readonly judgedAt: Instant;
}

/** The receipt (文件回执) as the center reads it, in UTF-8, as receipt.xsd says. */
export function writeReceipt(facts: ReceiptFacts): Buffer {
  const { zh, en } = returnOutcomes[facts.outcome];
  const lines = [
    element('TD', facts.channel), element('WJM', facts.fileName), element('WJDX', String(facts.size)), element('SHA256', facts.sha256), element('WJBH', facts.fileId), element('PC', facts.issue),
    element('JG', isTaken(facts.outcome) ? 'accepted' : 'refused'), element('DM', facts.outcome), element('YY', zh), element('YYEN', en), element('BS', facts.records),
    ...facts.faults.map((f) => `<CW>${element('WZ', f.path)}${element('HH', f.line)}${element('QW', f.expected)}</CW>`),
    element('SJ', localTime(facts.judgedAt)),
  ];
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<WJHZ>\n${lines.filter((l) => l !== '').map((l) => `  ${l}\n`).join('')}</WJHZ>\n`);
}

function element(name: string, value: string | number | undefined): string {
  if (value === undefined) return '';
  const plain = String(value).replace(/[\p{Cc}\p{Surrogate}\ufffe\uffff]/gu, '\ufffd');
  return `<${name}>${plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</${name}>`;
}

/** Asia/Shanghai has had no summer time since 1991. */
function localTime(at: Instant): string {
  const local = new Date(Date.parse(at) + 8 * 3_600_000).toISOString();
  return local.slice(0, 19).replaceAll(/[-:]/g, '');
}
