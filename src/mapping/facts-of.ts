import type { MessageFacts } from '../domain/receiver-messages.js';
import type { ExchangeRow } from '../ledger/exchange-row.js';

/** What a message says of itself. Nothing here depends on when it is rendered: the same exchange gives the same bytes. */
export function factsOf(row: Pick<ExchangeRow, 'messageId' | 'channel' | 'event' | 'version' | 'operation' | 'eventAt' | 'sequence'>): MessageFacts {
  return { id: row.messageId, channel: row.channel, event: row.event, version: row.version, operation: row.operation, at: row.eventAt, sequence: row.sequence };
}
