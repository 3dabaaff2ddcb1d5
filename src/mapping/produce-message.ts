import type { Finding } from '../domain/mapping-language.js';
import type { MessageFacts } from '../domain/receiver-messages.js';
import type { CaseSnapshot, Row } from '../domain/snapshot.js';
import type { CompiledMapping } from './compiled-mapping.js';
import { messageRow, renderMessage, type ChannelText, type RenderedMessage } from './render-message.js';
import { validateMessage } from './validate-message.js';

/** Renders one event of a case and judges it: bytes and digest where nothing is wrong, otherwise all findings at once. */
export function produceMessage(mapping: CompiledMapping, snapshot: CaseSnapshot, item: Row | undefined, facts: MessageFacts, channel: ChannelText): RenderedMessage {
  const rendered = renderMessage(mapping, snapshot, item, facts, channel);
  if (rendered.findings.some((f) => f.rule === 'charset')) return rendered; // no document that a parser could judge
  const message = messageRow(mapping, facts);
  const utf8 = rendered.bytes && channel.encoding === 'UTF-8' ? rendered.bytes : Buffer.from(rendered.body, 'utf8');
  const judged = validateMessage(mapping, utf8, item ? { snapshot, item, message } : { snapshot, message });
  if (judged.length === 0) return rendered;
  // What rendering found says more than the XSD about the same element, and about what is inside one that is missing.
  const known = rendered.findings.map((f) => f.element);
  const told = (element: string): boolean => known.some((k) => element === k || element.startsWith(`${k}[`) || element.startsWith(`${k}/`));
  const findings: Finding[] = [...rendered.findings, ...judged.filter((f) => !told(f.element))];
  return { ...rendered, findings, bytes: undefined, sha256: undefined };
}
