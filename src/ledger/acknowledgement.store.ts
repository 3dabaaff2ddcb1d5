import { unsentStates, type ExchangeState } from '../domain/exchange-states.js';
import type { Acknowledgement, AcknowledgementLevel } from '../domain/receiver-messages.js';
import type { ChannelName, ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Column, Runner } from '../platform/database/dialect.js';
import { list, raw, sql } from '../platform/database/sql.js';
import { classifyAcknowledgement, type AcknowledgementClass, type Classified, type EarlierAcknowledgement, type ExchangeFacts } from './classify-acknowledgement.js';
import type { ExchangeMove, ExchangeStore } from './exchange.store.js';
import { InboxStore } from './inbox.store.js';

/** One inbox entry whose acknowledgements were read. */
export interface ReadEntry {
  readonly inboxId: string;
  readonly channel: ChannelName;
  readonly receivedAt: string;
  readonly acknowledgements: readonly Acknowledgement[];
}

/** What a batch came to: how many fell into each class, and how many exchanges reached which state. */
export interface Recorded {
  readonly classes: Readonly<Partial<Record<AcknowledgementClass, number>>>;
  readonly moved: Readonly<Partial<Record<ExchangeState, number>>>;
  /** Ids of those that moved. */
  readonly exchanges: readonly ExchangeId[];
}

interface KnownExchange extends ExchangeFacts {
  readonly id: ExchangeId;
  readonly channel: ChannelName;
  readonly messageId: string;
  state: ExchangeState;
}

const rowColumns: readonly Column[] = [
  { name: 'inbox_id', kind: 'big' }, { name: 'ordinal', kind: 'int' }, { name: 'channel', kind: 'text' }, { name: 'message_id', kind: 'text' },
  { name: 'exchange_id', kind: 'big' }, { name: 'level', kind: 'text' }, { name: 'code', kind: 'text' }, { name: 'reason', kind: 'text' },
  { name: 'sha256', kind: 'text' }, { name: 'receiver_time', kind: 'text' }, { name: 'received_at', kind: 'instant' },
  { name: 'class', kind: 'text' }, { name: 'applied_at', kind: 'instant' },
];

/** Parameters of one `in (…)`; SQL Server takes 2100 in all. */
const inChunk = 1000;
/** Early ones that are applied in one transaction. */
const earlyBatch = 500;

/** Alone writes the acknowledgement table, and moves the exchanges that acknowledgements move, in the same transaction. */
export class AcknowledgementStore {
  constructor(
    readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly exchanges: ExchangeStore,
    private readonly inbox: InboxStore = new InboxStore(database, clock),
  ) {}

  /**
   * Records and applies entries of one channel in one transaction, in the order given, and ends them in the inbox. An entry
   * that somebody else ended meanwhile is left alone. Throws what the database throws; then nothing was recorded.
   */
  async record(channel: ChannelName, entries: readonly ReadEntry[]): Promise<Recorded> {
    return this.database.transaction(async (runner) => {
      const mine = new Set(await this.inbox.finish(runner, entries.map((e) => ({ id: e.inboxId, class: 'acknowledgements' as const, detail: `${e.acknowledgements.length} acknowledgements` }))));
      const items = entries.filter((e) => mine.has(e.inboxId)).flatMap((e) => e.acknowledgements.map((acknowledgement, ordinal) => ({ entry: e, ordinal, acknowledgement })));
      const known = await this.lockExchanges(runner, channel, items.map((i) => i.acknowledgement.messageId));
      const earlier = await this.earlierOf(runner, [...known.values()].map((k) => k.id));
      const judged = items.map((item) => {
        const exchange = known.get(item.acknowledgement.messageId);
        const said = exchange === undefined ? [] : earlier.get(exchange.id)!;
        const result = this.judge(exchange, said, item.acknowledgement);
        said.push(item.acknowledgement);
        return { ...item, exchange, ...result };
      });
      const now = this.clock.iso();
      await this.database.dialect.insertMany(runner, 'acknowledgement', rowColumns, judged.map((j) => {
        const a = j.acknowledgement;
        return [j.entry.inboxId, j.ordinal, channel, a.messageId, j.exchange?.id ?? null, a.level, cut(a.code, 60), cut(a.reason, 1000), a.sha256 ?? null, cut(a.at, 40), j.entry.receivedAt, j.class, j.class === 'applied' ? now : null];
      }), ['inbox_id', 'ordinal']);
      await this.apply(runner, judged.flatMap((j) => j.moves), channel);
      await this.noteOthers(runner, judged, channel);
      return recorded(judged);
    });
  }

  /** Applies what came before our record said staged and whose exchange is staged by now: one batch, `more` says whether another may be due. */
  async applyEarly(channel: ChannelName): Promise<Recorded & { readonly more: boolean }> {
    return this.database.transaction(async (runner) => {
      const top = this.database.dialect.top(earlyBatch);
      const { rows } = await runner.run(sql`select ${raw(top.prefix)} a.id, a.exchange_id from acknowledgement a join exchange e on e.id = a.exchange_id
        where a.class = 'early' and a.channel = ${channel} and e.state not in (${list(unsentStates)}) order by a.id ${raw(top.suffix)}`);
      if (rows.length === 0) return { ...recorded([]), more: false };
      // By exchange and not by message: one that a person linked names another message.
      const known = await this.lockById(runner, [...new Set(rows.map((r) => String(r['exchange_id'])))]);
      // Read after the exchanges are locked: whoever else applies these waits here and then finds them done.
      const early = await runner.run(sql`select id, exchange_id, message_id, level, code, reason, sha256 from acknowledgement
        where class = 'early' and id in (${list(rows.map((r) => r['id']))}) order by id`);
      const earlier = await this.earlierOf(runner, [...known.values()].map((k) => k.id));
      const judged = early.rows.flatMap((r) => {
        const exchange = known.get(String(r['exchange_id']));
        if (exchange === undefined || unsentStates.includes(exchange.state)) return [];
        const id = BigInt(String(r['id']));
        const acknowledgement = { messageId: String(r['message_id']), ...saidOf(r), reason: optional(r['reason']) };
        const said = earlier.get(exchange.id)!.filter((e) => e.id !== undefined && e.id < id);
        return [{ id: String(id), exchange, acknowledgement, ...this.judge(exchange, said, acknowledgement) }];
      });
      const now = this.clock.iso();
      await this.database.dialect.updateMany(runner, {
        table: 'acknowledgement',
        key: { name: 'id', kind: 'big' },
        match: [],
        set: [{ name: 'class', kind: 'text' }, { name: 'applied_at', kind: 'instant' }],
        rows: judged.map((j) => [j.id, j.class, j.class === 'applied' ? now : null]),
      });
      await this.apply(runner, judged.flatMap((j) => j.moves), channel);
      await this.noteOthers(runner, judged, channel);
      return { ...recorded(judged), more: judged.length === earlyBatch };
    });
  }

  /** Channels that hold early acknowledgements whose exchange is staged by now; the sweep rings for them. */
  async channelsWithEarly(): Promise<ChannelName[]> {
    const { rows } = await this.database.run(sql`select distinct a.channel from acknowledgement a join exchange e on e.id = a.exchange_id
      where a.class = 'early' and e.state not in (${list(unsentStates)})`);
    return rows.map((r) => String(r['channel']));
  }

  /** Acknowledgements of messages that the ledger did not know and knows now wait to be applied like early ones. Returns how many. */
  async adoptUnknown(runner: Runner, channel: ChannelName): Promise<number> {
    const known = sql`from exchange e where e.channel = acknowledgement.channel and e.message_id = acknowledgement.message_id`;
    const { affected } = await runner.run(sql`update acknowledgement set class = 'early', exchange_id = (select max(e.id) ${known}) where channel = ${channel} and class = 'unknown' and exists (select 1 ${known})`);
    return affected;
  }

  /**
   * A person says to which exchange an unknown or contradictory acknowledgement belongs, inside the caller's transaction. It is
   * then judged as if it had named it: what contradicts a final state stays contradictory and flips nothing. Undefined: it is
   * neither of the two any more, or there is no such exchange on its channel.
   */
  async link(runner: Runner, id: string, exchangeId: ExchangeId, by: string): Promise<(Classified & { readonly channel: ChannelName }) | undefined> {
    const exchange = (await this.lockById(runner, [exchangeId])).get(exchangeId);
    const { hint, suffix } = this.database.dialect.lockRows;
    const { rows } = await runner.run(sql`select id, channel, message_id, level, code, reason, sha256 from acknowledgement ${raw(hint)} where id = ${id} and class in ('unknown', 'contradictory') ${raw(suffix)}`);
    const r = rows[0];
    if (!r || exchange?.channel !== String(r['channel'])) return undefined;
    const acknowledgement: Acknowledgement = { messageId: String(r['message_id']), ...saidOf(r), reason: optional(r['reason']) };
    const said = (await this.earlierOf(runner, [exchangeId])).get(exchangeId)!.filter((e) => e.id !== BigInt(id));
    const judged = { exchange, acknowledgement, ...this.judge(exchange, said, acknowledgement) };
    await runner.run(sql`update acknowledgement set exchange_id = ${exchangeId}, class = ${judged.class}, linked_by = ${by.slice(0, 80)}, aside_at = null, aside_by = null, aside_reason = null,
      applied_at = ${judged.class === 'applied' ? this.database.dialect.value('instant', this.clock.iso()) : null} where id = ${id}`);
    await this.exchanges.log(runner, [{ exchangeId, note: 'acknowledgement-linked', detail: `${acknowledgement.level} for message ${acknowledgement.messageId}, inbox acknowledgement ${id}` }], by);
    await this.apply(runner, judged.moves, exchange.channel);
    await this.noteOthers(runner, [judged], exchange.channel);
    return { ...judged, channel: exchange.channel };
  }

  /** A person has seen an unknown or contradictory one and nothing follows from it. False when it is neither or was set aside before. */
  async setAside(runner: Runner, id: string, reason: string, by: string): Promise<boolean> {
    const { affected } = await runner.run(sql`update acknowledgement set aside_at = ${this.database.dialect.value('instant', this.clock.iso())}, aside_by = ${by.slice(0, 80)}, aside_reason = ${reason.slice(0, 500)}
      where id = ${id} and class in ('unknown', 'contradictory') and aside_at is null`);
    return affected === 1;
  }

  private judge(exchange: KnownExchange | undefined, said: readonly EarlierAcknowledgement[], acknowledgement: Acknowledgement): Classified & { moves: ExchangeMove[] } {
    const result = classifyAcknowledgement(exchange, said, acknowledgement);
    if (exchange === undefined || result.to === undefined) return { ...result, moves: [] };
    const move: ExchangeMove = {
      id: exchange.id, from: exchange.state, to: result.to, note: acknowledgement.level,
      detail: describe(acknowledgement),
      ...(result.to === 'refused' ? { failureCode: 'refused-by-receiver', failureDetail: describe(acknowledgement) ?? 'no code, no reason' } : {}),
    };
    // What follows in the same batch is judged against the state that this one leads to.
    exchange.state = result.to;
    return { ...result, moves: [move] };
  }

  /** One statement for all exchanges that move once; those that move twice (picked up, then accepted) take a second round. */
  private async apply(runner: Runner, moves: readonly ExchangeMove[], channel: ChannelName): Promise<void> {
    let waiting = moves;
    while (waiting.length > 0) {
      const round = new Map<ExchangeId, ExchangeMove>();
      const later: ExchangeMove[] = [];
      for (const move of waiting) if (round.has(move.id)) later.push(move); else round.set(move.id, move);
      for (const chunk of chunks([...round.values()], inChunk)) {
        const moved = await this.exchanges.move(runner, chunk, { actor: `receiver ${channel}` });
        if (moved.length !== chunk.length) throw new MovedMeanwhile(chunk.length - moved.length);
      }
      waiting = later;
    }
  }

  /** What did not move an exchange stands in its timeline all the same. */
  private async noteOthers(runner: Runner, judged: readonly { exchange: KnownExchange | undefined; class: AcknowledgementClass; acknowledgement: Acknowledgement }[], channel: ChannelName): Promise<void> {
    const lines = judged.flatMap((j) => (j.exchange === undefined || j.class === 'applied' ? [] : [{ exchangeId: j.exchange.id, note: `${j.class}-acknowledgement`, detail: [j.acknowledgement.level, describe(j.acknowledgement)].filter((t) => t !== undefined).join(' ') }]));
    if (lines.length > 0) await this.exchanges.log(runner, lines, `receiver ${channel}`);
  }

  /** Locks in the order of ids, so that two batches that share exchanges wait instead of deadlocking. */
  private async lockExchanges(runner: Runner, channel: ChannelName, messageIds: readonly string[]): Promise<Map<string, KnownExchange>> {
    const found: string[] = [];
    for (const chunk of chunks([...new Set(messageIds)], inChunk)) {
      const { rows } = await runner.run(sql`select id from exchange where channel = ${channel} and message_id in (${list(chunk)})`);
      found.push(...rows.map((r) => String(r['id'])));
    }
    return new Map([...(await this.lockById(runner, found)).values()].map((k) => [k.messageId, k]));
  }

  private async lockById(runner: Runner, ids: readonly ExchangeId[]): Promise<Map<ExchangeId, KnownExchange>> {
    const { hint, suffix } = this.database.dialect.lockRows;
    const known = new Map<ExchangeId, KnownExchange>();
    for (const chunk of chunks([...ids].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)), inChunk)) {
      const { rows } = await runner.run(sql`select id, channel, message_id, state, sha256 from exchange ${raw(hint)} where id in (${list(chunk)}) order by id ${raw(suffix)}`);
      for (const r of rows) known.set(String(r['id']), { id: String(r['id']), channel: String(r['channel']), messageId: String(r['message_id']), state: String(r['state']) as ExchangeState, sha256: optional(r['sha256']) });
    }
    return known;
  }

  private async earlierOf(runner: Runner, exchangeIds: readonly ExchangeId[]): Promise<Map<ExchangeId, (EarlierAcknowledgement & { id?: bigint })[]>> {
    const earlier = new Map<ExchangeId, (EarlierAcknowledgement & { id?: bigint })[]>(exchangeIds.map((id) => [id, []]));
    for (const chunk of chunks(exchangeIds, inChunk)) {
      const { rows } = await runner.run(sql`select id, exchange_id, level, code, sha256 from acknowledgement where exchange_id in (${list(chunk)}) order by id`);
      for (const r of rows) earlier.get(String(r['exchange_id']))!.push({ id: BigInt(String(r['id'])), ...saidOf(r) });
    }
    return earlier;
  }
}

/** An exchange left the state it was locked in; cannot happen while locks hold, so the batch is tried again. */
export class MovedMeanwhile extends Error {
  constructor(readonly missing: number) {
    super(`${missing} exchanges moved while their acknowledgements were applied`);
    this.name = 'MovedMeanwhile';
  }
}

const optional = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
const saidOf = (r: Record<string, unknown>): EarlierAcknowledgement & { level: AcknowledgementLevel } => ({ level: String(r['level']) as AcknowledgementLevel, code: optional(r['code']), sha256: optional(r['sha256']) });

function chunks<T>(items: readonly T[], size: number): T[][] {
  const out: T[][] = [];
  for (let i = 0; i < items.length; i += size) out.push(items.slice(i, i + size));
  return out;
}

/** Cuts at a character, not inside one. */
function cut(text: string | undefined, limit: number): string | null {
  return text === undefined ? null : text.slice(0, limit).replace(/\p{Surrogate}$/u, '');
}

/** `<code>: <reason>` of an acknowledgement, whichever it has. */
function describe(acknowledgement: Acknowledgement): string | undefined {
  const parts = [acknowledgement.code, acknowledgement.reason].filter((t) => t !== undefined);
  return parts.length === 0 ? undefined : cut(parts.join(': '), 1000)!;
}

function recorded(judged: readonly { class: AcknowledgementClass; moves: readonly ExchangeMove[] }[]): Recorded {
  const classes: Partial<Record<AcknowledgementClass, number>> = {};
  const moved: Partial<Record<ExchangeState, number>> = {};
  for (const j of judged) {
    classes[j.class] = (classes[j.class] ?? 0) + 1;
    for (const m of j.moves) moved[m.to] = (moved[m.to] ?? 0) + 1;
  }
  return { classes, moved, exchanges: [...new Set(judged.flatMap((j) => j.moves.map((m) => m.id)))] };
}
