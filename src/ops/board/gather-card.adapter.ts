import { createHash } from 'node:crypto';
import type { Delays } from '../../domain/exchange-delays.js';
import type { BoardCaseDetail, CardDetail, CardEvidence, CardLine, CardsPage } from '../../domain/ops-board-api.js';
import { GatewayFailure } from '../../domain/failures.js';
import { maskText } from '../../domain/mask-personal.js';
import type { CaseSnapshot } from '../../domain/snapshot.js';
import { cardMoves, type CardMove, type CardState } from '../../domain/supervision-cards.js';
import type { CaseNo, Instant } from '../../domain/vocabulary.js';
import type { BoardStore, KeptClock } from '../../ledger/board.store.js';
import type { CardRow, CardStore } from '../../ledger/card.store.js';
import type { CardSearch, CardViewStore } from '../../ledger/card-view.store.js';
import type { CaseTimelineStore, EventTimeline } from '../../ledger/case-timeline.store.js';
import type { Clock } from '../../platform/clock.js';
import { computeClock } from '../../supervision/compute-clock.js';
import { explainClock } from '../../supervision/explain-clock.js';
import { judgeDelays } from '../../supervision/judge-delays.js';
import { refuse } from '../refusal.js';
import type { TheirViews } from './gather-theirs.adapter.js';
import type { BoardRules } from './supervision-rules.adapter.js';

interface CardParts {
  readonly rules: BoardRules;
  readonly store: BoardStore;
  readonly view: CardViewStore;
  readonly cards: CardStore;
  readonly timelines: CaseTimelineStore;
  readonly theirs: TheirViews;
  readonly clock: Clock;
}
const cardsOfCase = 100;
const noDelays: Delays = { events: [], caused: [] };

/** One case with its arithmetic and whose time it was; cards with the evidence of their moment. */
export class CardViews {
  constructor(private readonly parts: CardParts) {}

  async oneCase(caseNo: CaseNo, body: string | undefined, at: Instant | undefined): Promise<BoardCaseDetail> {
    const { rules, store, timelines, view, theirs, clock } = this.parts;
    const set = rules.of(body);
    const kept = (await store.clocks(set.body, [caseNo])).find((k) => k.stream === rules.stream);
    if (!kept) throw refuse('not-found', `no clock is kept of a case ${caseNo.slice(0, 60)} under ${set.body}: give the number as the bureau writes it`);
    const nowMs = at === undefined ? clock.now().getTime() : Date.parse(at);
    const [reported, snapshot, cards, said] = await Promise.all([timelines.ofCase(rules.stream, caseNo), timelines.latestSnapshot(rules.stream, caseNo), view.page({ caseNo }, undefined, cardsOfCase), theirs.ofCase(caseNo)]);
    const delays = this.delaysOf(kept, set.body, nowMs, reported);
    const base = { caseNo, at: new Date(nowMs).toISOString(), body: set.body, bodies: rules.bodies, itemName: snapshot === undefined ? undefined : ((JSON.parse(snapshot.body) as CaseSnapshot).case['item_name'] ?? undefined), facts: kept.facts, theirs: said, ...delays };
    const lines = cards.map((c) => lineOf(c, c.body === set.body && causedBy(c, delays)));
    try {
      return { ...base, reading: computeClock(kept.facts, set, rules.meters, nowMs), explanation: explainClock(kept.facts, set, rules.meters, nowMs), cards: lines };
    } catch (error) {
      if (!(error instanceof GatewayFailure) || error.code !== 'calendar-year-missing') throw error;
      throw refuse('not-found', `${error.detail ?? 'a year is missing'}: enter the year under nationalYears in config/calendar.yaml; until then no light and no card is given`);
    }
  }

  async page(search: CardSearch, before: string | undefined, limit: number): Promise<CardsPage> {
    const found = await this.parts.view.page(search, before, limit + 1);
    const shown = found.slice(0, limit);
    const caused = await this.causedOf(shown);
    return { cards: shown.map((c) => lineOf(c, caused.has(c.id))), ...(found.length > limit ? { next: shown.at(-1)!.id } : {}) };
  }

  async one(id: string): Promise<CardDetail> {
    const card = await this.row(id);
    const { rules, store, cards, timelines, clock } = this.parts;
    const [history, clocks, reported] = await Promise.all([cards.history(id), store.clocks(card.body, [card.caseNo]), timelines.ofCase(card.stream, card.caseNo)]);
    const kept = clocks.find((k) => k.stream === card.stream);
    const delays = kept && rules.bodies.some((b) => b.body === card.body) ? this.delaysOf(kept, card.body, clock.now().getTime(), reported) : noDelays;
    return {
      card: lineOf(card, causedBy(card, delays)), examinedAt: card.examinedAt, examinedNote: card.examinedNote, evidence: history!.evidence as CardEvidence, evidenceSha256: createHash('sha256').update(history!.evidenceText).digest('hex'),
      // People write reasons; what looks like a number of a person is none of the page's business.
      log: history!.log.map((l) => ({ ...l, reason: maskText(l.reason, []) })),
      moves: (Object.keys(cardMoves) as CardMove[]).filter((m) => (cardMoves[m].from as readonly CardState[]).includes(card.state)), ...delays,
      messages: reported.map(({ exchangeId, channel, messageId, sha256, manifestSeq }) => ({ exchangeId, channel, messageId, sha256, manifestSeq })),
    };
  }

  async row(id: string): Promise<CardRow> {
    const row = /^[1-9]\d{0,17}$/.test(id) ? (await this.parts.cards.find({ ids: [id] }, 1))[0] : undefined;
    if (!row) throw refuse('not-found', 'there is no card of this number');
    return row;
  }

  /** Which of these cards a receiver reached early because an exchange came late. */
  private async causedOf(cards: readonly CardRow[]): Promise<ReadonlySet<string>> {
    const { rules, store, timelines, clock } = this.parts;
    const nowMs = clock.now().getTime();
    const own = cards.filter((c) => c.object === 'case' && c.stream === rules.stream && rules.bodies.some((b) => b.body === c.body));
    const reported = await timelines.ofCases(rules.stream, [...new Set(own.map((c) => c.caseNo))]);
    const found = new Set<string>();
    for (const body of new Set(own.map((c) => c.body))) {
      const ofBody = own.filter((c) => c.body === body);
      for (const kept of await store.clocks(body, ofBody.map((c) => c.caseNo))) {
        const delays = this.delaysOf(kept, body, nowMs, reported.get(kept.caseNo) ?? []);
        for (const c of ofBody) if (c.caseNo === kept.caseNo && c.stream === kept.stream && causedBy(c, delays)) found.add(c.id);
      }
    }
    return found;
  }

  private delaysOf(kept: KeptClock, body: string, nowMs: number, reported: readonly EventTimeline[]): Delays {
    try {
      const { events, caused } = judgeDelays(kept.facts, this.parts.rules.of(body), this.parts.rules.meters, nowMs, reported);
      // A receiver that counts by other rules gives no card of these.
      return { events, caused: caused.filter((d) => this.parts.rules.bodyOfChannel(d.channel) === body) };
    } catch (error) {
      if (error instanceof GatewayFailure && error.code === 'calendar-year-missing') return noDelays;
      throw error;
    }
  }
}

const causedBy = (card: CardRow, delays: Delays): boolean => card.object === 'case' && delays.caused.some((d) => d.level === card.level);

export function lineOf({ stream: _stream, examinedAt: _at, examinedNote: _note, ...card }: CardRow, caused: boolean): CardLine {
  return { ...card, caused };
}
