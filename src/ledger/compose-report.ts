import { createHash } from 'node:crypto';
import { bureauTime } from '../domain/bureau-time.js';
import type { CaseSnapshot, Row } from '../domain/snapshot.js';
import type { CardState } from '../domain/supervision-cards.js';
import type { CaseFacts, ClockLevel, ClockObject, ClockState, Light, Limit } from '../domain/supervision-facts.js';
import { supervisionStream } from '../domain/supervision-stream.js';
import type { CaseNo, ChannelName, Instant } from '../domain/vocabulary.js';
import type { DerivedEvent } from './plan-exchanges.js';

/** What the ledger's clock of one body says of a case. */
export interface ReportedClock {
  readonly body: string;
  readonly light: Light;
  readonly state: ClockState;
  readonly computedAt: Instant;
  readonly used?: number | undefined;
  readonly remaining?: number | undefined;
  readonly dueAt?: Instant | undefined;
  readonly facts: CaseFacts;
}

/** A card with what a person decided last about it. */
export interface ReportedCard {
  readonly body: string;
  readonly object: ClockObject;
  readonly sequence: string;
  readonly level: ClockLevel;
  readonly state: CardState;
  readonly stands: boolean;
  readonly crossedAt: Instant;
  readonly issuedAt: Instant;
  /** In words: `7 W committed, 10 W statutory`. */
  readonly limits: string;
  readonly used: number;
  readonly decided?: { readonly at: Instant; readonly reason: string } | undefined;
}

/** A channel that is told of clocks: whose, and what of it. */
export interface ToldChannel {
  readonly channel: ChannelName;
  readonly body: string;
  readonly events: readonly string[];
}

export interface ReportedReply {
  readonly theirNo: string;
  readonly channel: ChannelName;
  readonly text: string;
  readonly by: string;
  readonly at: Instant;
}

const time = (at: Instant | undefined): string | null => (at === undefined ? null : bureauTime(at));
const number = (n: number | undefined): string | null => (n === undefined ? null : String(n));
const named = (name: 'committed' | 'statutory', limit: Limit | undefined): Row => ({ [`${name}_limit`]: number(limit?.length), [`${name}_unit`]: limit?.unit ?? null });
/** Sequences of exchanges hold 60 characters; a longer key is told by its beginning and a digest. */
const fitted = (key: string): string => (key.length <= 60 ? key : `${key.slice(0, 40)}~${createHash('sha256').update(key).digest('hex').slice(0, 18)}`);

/** The snapshot of the gateway's own stream: what clocks, cards and answers say of a case. `identity` is the bureau's row of it. */
export function composeReport(caseNo: CaseNo, identity: Row, clocks: readonly ReportedClock[], cards: readonly ReportedCard[], replies: readonly ReportedReply[]): CaseSnapshot {
  const columns = Object.keys(supervisionStream.columns);
  return {
    stream: supervisionStream.stream,
    caseNo,
    case: { ...Object.fromEntries(columns.map((c) => [c, identity[c] ?? null])), case_no: caseNo },
    children: {
      lights: [...clocks].sort((a, b) => (a.body < b.body ? -1 : 1)).map((c): Row => ({
        body: c.body, light: c.light, state: c.state, since: time(c.computedAt), used: number(c.used), remaining: number(c.remaining), due_at: time(c.dueAt),
        ...named('committed', c.facts.limits?.committed), ...named('statutory', c.facts.limits?.statutory),
      })),
      cards: cards.map((c): Row => ({
        card_key: fitted(`${c.body}.${c.object}.${c.sequence}.${c.level}`), body: c.body, object: c.object, object_sequence: c.sequence, rule: `${c.object}.${c.level}`, level: c.level, state: c.state, stands: c.stands ? '1' : '0',
        crossed_at: time(c.crossedAt), issued_at: time(c.issuedAt), state_at: time(c.decided?.at ?? c.issuedAt), state_reason: c.decided?.reason ?? null, used: String(c.used),
        ...named('committed', limitIn(c.limits, 'committed')), ...named('statutory', limitIn(c.limits, 'statutory')),
      })),
      replies: replies.map((r): Row => ({ their_no: r.theirNo, channel: r.channel, reply: r.text, replied_by: r.by, replied_at: time(r.at) })),
    },
  };
}

/** A limit out of the words on a card. */
function limitIn(words: string, name: 'committed' | 'statutory'): Limit | undefined {
  const m = new RegExp(`(\\d+) ([WNHI]) ${name}`).exec(words);
  return m ? { length: Number(m[1]), unit: m[2] as Limit['unit'] } : undefined;
}

/**
 * What each channel is told: lights and cards of the body whose clock it follows, answers to its own queries. A card is judged by
 * all that it says, an answer by itself, for it names the case by its number alone; a light by its colour and by what names the case, so that a day more or less on it sends
 * nothing. One that was overtaken before it left is never sent.
 */
export function deriveReports(snapshot: CaseSnapshot, told: readonly ToldChannel[]): DerivedEvent[] {
  return told.flatMap(({ channel, body, events }) => events.flatMap((event): DerivedEvent[] => {
    const definition = supervisionStream.events[event];
    const { each } = definition ?? {};
    if (definition === undefined || each === undefined) return [];
    const { key } = supervisionStream.children[each]!;
    const mine = (snapshot.children[each] ?? []).filter((row) => (each === 'replies' ? row['channel'] === channel : row['body'] === body));
    return mine.map((row): DerivedEvent => {
      const at = row[(definition.at as string).replace('item.', '')]!;
      const base = { channel, event, sequence: row[key]!, at, phase: definition.phase as number, urgent: definition.urgent };
      if (event !== 'light') return { ...base, digest: sha256(JSON.stringify(each === 'replies' ? row : [row, snapshot.case])) };
      return { ...base, digest: sha256(JSON.stringify([row['light'], snapshot.case])), latestOnly: true, onlyAfter: row['light'] === 'none' };
    });
  }));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
