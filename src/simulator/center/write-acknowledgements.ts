import type { AcknowledgementLevel } from '../../domain/receiver-messages.js';

/** One answer of the center about one message. */
export interface CenterAcknowledgement {
  readonly messageId: string;
  readonly level: AcknowledgementLevel;
  readonly sha256?: string | undefined;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  /** Center time, `YYYYMMDDThhmmss`. */
  readonly time: string;
}

/** The document with its declaration; the caller encodes it as the declaration says. */
export function writeAcknowledgementsXml(channel: string, encoding: 'UTF-8' | 'GB18030', acknowledgements: readonly CenterAcknowledgement[]): string {
  const element = (name: string, value: string | undefined): string => (value === undefined ? '' : `<${name}>${escapeXml(value)}</${name}>`);
  const lines = acknowledgements.map(
    (a) =>
      `  <ACK>${element('ID', a.messageId)}${element('LEVEL', a.level)}${element('SHA256', a.sha256)}${element('CODE', a.code)}${element('REASON', a.reason)}${element('TIME', a.time)}</ACK>`,
  );
  return `<?xml version="1.0" encoding="${encoding}"?>\n<ACKNOWLEDGEMENTS CHANNEL="${escapeXml(channel)}">\n${lines.join('\n')}\n</ACKNOWLEDGEMENTS>\n`;
}

/** The same as JSON, which is UTF-8 always. */
export function writeAcknowledgementsJson(channel: string, acknowledgements: readonly CenterAcknowledgement[]): string {
  return JSON.stringify({ channel, acknowledgements: acknowledgements.map(({ messageId, ...rest }) => ({ id: messageId, ...rest })) });
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
