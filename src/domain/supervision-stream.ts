import type { StreamDefinition } from './stream.js';

/**
 * The gateway's own stream: what its clocks and cards say of a case. Its snapshots are written in the transaction that changes a
 * light or a card, and from there its messages are exchanges like all others, in the lane of the case. Nobody polls it; the
 * names of its tables are the ledger's. Times are Asia/Shanghai without zone, as in every snapshot.
 */
export const supervisionStream: StreamDefinition = {
  stream: 'supervision',
  title: '电子监察',
  table: 'clock_state',
  key: 'case_no',
  watermark: { mode: 'rowversion', column: 'id', overlapSeconds: 0 },
  // Of the case itself, as the bureau's newest snapshot has it; no more than lights and cards say, for a change of it has them said again.
  columns: { case_no: 'text', item_code: 'text', item_name: 'text', division_code: 'text', accept_org: 'text', accept_org_uscc: 'text' },
  children: {
    /** One row for each supervising body whose clock is kept. */
    lights: {
      table: 'clock_state', parent: 'case_no', key: 'body',
      columns: {
        body: 'text', light: 'text', state: 'text', since: 'datetime', used: 'integer', remaining: 'integer', due_at: 'datetime',
        committed_limit: 'integer', committed_unit: 'text', statutory_limit: 'integer', statutory_unit: 'text',
      },
    },
    /** One row for each card that was ever issued, whatever became of it. */
    cards: {
      table: 'card', parent: 'case_no', key: 'card_key',
      columns: {
        card_key: 'text', body: 'text', object: 'text', object_sequence: 'text', rule: 'text', level: 'text', state: 'text', stands: 'boolean', crossed_at: 'datetime', issued_at: 'datetime',
        state_at: 'datetime', state_reason: 'text', used: 'integer', committed_limit: 'integer', committed_unit: 'text', statutory_limit: 'integer', statutory_unit: 'text',
      },
    },
    /** One row for each query of the supervising side that was answered. */
    replies: { table: 'supervision_query', parent: 'case_no', key: 'their_no', columns: { their_no: 'text', channel: 'text', reply: 'text', replied_by: 'text', replied_at: 'datetime' } },
  },
  events: {
    light: { title: '红绿灯', each: 'lights', at: 'item.since', phase: 70, urgent: false },
    card: { title: '监察牌', each: 'cards', at: 'item.issued_at', phase: 80, urgent: false },
    'query-reply': { title: '督办答复', each: 'replies', at: 'item.replied_at', phase: 90, urgent: false },
  },
  // A case that is gone from the bureau is reported by the bureau's own stream, which takes everything of it back.
  removalEvent: 'light',
};

/** A stream by its name: the bureau's as configured, or the gateway's own. */
export function findStream(configured: readonly StreamDefinition[], name: string): StreamDefinition | undefined {
  return name === supervisionStream.stream ? supervisionStream : configured.find((s) => s.stream === name);
}

/** The stream that an event of a channel belongs to. */
export function streamOfEvent(channel: { readonly stream: string; readonly supervision?: { readonly messages: Readonly<Record<string, string>> } | undefined }, event: string): string {
  return channel.supervision && Object.hasOwn(channel.supervision.messages, event) ? supervisionStream.stream : channel.stream;
}
