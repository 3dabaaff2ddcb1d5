import { GatewayFailure } from '../../domain/failures.js';
import type { Forecast, ForecastLine } from '../../domain/ops-board-api.js';
import type { BoardStore } from '../../ledger/board.store.js';
import type { CaseTimelineStore, EventTimeline } from '../../ledger/case-timeline.store.js';
import type { Clock } from '../../platform/clock.js';
import { forecastDelays, restrainingEvents } from '../../supervision/forecast-delays.js';
import type { BoardRules } from './supervision-rules.adapter.js';

interface ForecastParts {
  readonly rules: BoardRules;
  readonly store: BoardStore;
  readonly timelines: CaseTimelineStore;
  readonly clock: Clock;
}

const horizonMs = 2 * 24 * 3_600_000;
/** What is on its way for less is not stuck. */
const stuckMs = 10 * 60_000;
const mostExchanges = 2_000;
const shownLines = 20;
const chunk = 250;
const freshMs = 60_000;

/** Levels that receivers see, or will see soon, only because an exchange is stuck. One look serves everybody for a minute. */
export class ForecastView {
  private last: { atMs: number; value: Promise<Forecast> } | undefined;

  constructor(private readonly parts: ForecastParts) {}

  /** Undefined where no clocks are kept. */
  async read(): Promise<Forecast | undefined> {
    if (this.parts.rules.sets.length === 0) return undefined;
    const nowMs = this.parts.clock.now().getTime();
    if (!this.last || nowMs - this.last.atMs >= freshMs || nowMs < this.last.atMs) {
      const value = this.look(nowMs);
      this.last = { atMs: nowMs, value };
      value.catch(() => { this.last = undefined; });
    }
    return this.last.value;
  }

  private async look(nowMs: number): Promise<Forecast> {
    const { rules, timelines } = this.parts;
    const stuck = await timelines.unaccepted(rules.stream, restrainingEvents, new Date(nowMs - stuckMs).toISOString(), mostExchanges + 1);
    const cases = [...new Set(stuck.slice(0, mostExchanges).map((s) => s.caseNo))];
    const lines: (ForecastLine & { readonly reached: boolean })[] = [];
    for (let i = 0; i < cases.length; i += chunk) lines.push(...(await this.judge(cases.slice(i, i + chunk), nowMs)));
    lines.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    const reached = lines.filter((l) => l.reached).length;
    return { at: new Date(nowMs).toISOString(), horizonMs, reached, coming: lines.length - reached, lines: lines.slice(0, shownLines).map(({ reached: _reached, ...line }) => line), more: stuck.length > mostExchanges };
  }

  private async judge(cases: readonly string[], nowMs: number): Promise<(ForecastLine & { readonly reached: boolean })[]> {
    const { rules, store, timelines } = this.parts;
    const reported = await timelines.ofCases(rules.stream, cases);
    const out: (ForecastLine & { readonly reached: boolean })[] = [];
    for (const set of rules.sets) {
      for (const kept of await store.clocks(set.body, cases)) {
        const own = kept.stream === rules.stream ? (reported.get(kept.caseNo) ?? []).filter((r) => rules.bodyOfChannel(r.channel) === set.body) : [];
        try {
          for (const f of forecastDelays(kept.facts, set, rules.meters, nowMs, horizonMs, own)) {
            const event = f.event as EventTimeline;
            out.push({ caseNo: kept.caseNo, body: set.body, section: kept.facts.section, channel: f.channel, level: f.level, at: f.at, reached: f.reached, exchangeId: event.exchangeId, event: event.event, state: event.state, waitsAt: waitsAt(event), capturedAt: event.capturedAt });
          }
        } catch (error) {
          // Without the year nothing can be said of this case; the alarm for the year stands by itself.
          if (!(error instanceof GatewayFailure) || error.code !== 'calendar-year-missing') throw error;
        }
      }
    }
    return out;
  }
}

const waitsAt = (e: EventTimeline): ForecastLine['waitsAt'] => (e.pickedUpAt !== undefined || e.state === 'refused' ? 'center' : e.stagedAt !== undefined ? 'staging machine' : 'gateway');
