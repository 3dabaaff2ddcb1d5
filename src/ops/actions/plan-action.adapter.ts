import type { ActionKind, ActionLine } from '../../domain/ops-action-api.js';
import type { ExchangeId } from '../../domain/vocabulary.js';
import type { CancelStore } from '../../ledger/cancel.store.js';
import type { ExchangeViewStore } from '../../ledger/exchange-view.store.js';
import type { DoneLine } from '../../ledger/ops-action.store.js';
import { describeReplay } from '../../ledger/plan-replay.js';
import { describeOpening, type RetryStep } from '../../ledger/plan-retry.js';
import type { StandStillStore } from '../../ledger/stand-still.store.js';
import type { ReplayLine, ReplayStore } from '../../ledger/replay.store.js';
import type { RetryStore } from '../../ledger/retry.store.js';

interface ActionStores {
  readonly view: ExchangeViewStore;
  readonly retry: RetryStore;
  readonly replay: ReplayStore;
  readonly cancel: CancelStore;
  readonly standStill: StandStillStore;
}

interface Doing {
  readonly kind: ActionKind;
  readonly reason: string;
  readonly actor: string;
}

/** Exchanges of one transaction. */
export const chunkSize = 500;

/** What each kind of action would do, and does, with at most `chunkSize` exchanges; the ledger's stores decide and act. */
export class ActionPlans {
  constructor(private readonly stores: ActionStores) {}

  async plan(kind: ActionKind, ids: readonly ExchangeId[]): Promise<ActionLine[]> {
    const { stores } = this;
    switch (kind) {
      case 'cancel':
        return (await stores.cancel.plan(ids)).map((l) => ({ ...factsOf(l), will: l.step.action === 'cancel', text: l.step.action === 'cancel' ? `cancelled${l.step.notice === undefined ? '' : ` (${l.step.notice})`}` : l.step.why }));
      case 'hold':
      case 'release':
      case 'park':
      case 'skip':
        return (await stores.standStill.plan(kind, ids)).map((l) => ({ ...factsOf(l), will: l.step.action === 'move', text: l.step.action === 'move' ? l.step.text : l.step.why }));
      case 'resend':
        return (await this.replayPlan(ids)).map((l) => ({ ...factsOf(l), will: l.step.action === 'resend', text: l.step.action === 'retry' ? 'it waits for a person: retry it' : describeReplay(l.step) }));
      case 'replay':
        return (await this.replayPlan(ids)).map((l) => ({ ...factsOf(l), will: l.step.action !== 'none', text: describeReplay(l.step) }));
      case 'retry':
      case 'render': {
        const lines: ActionLine[] = [];
        for await (const page of stores.retry.plan({ filter: { ids }, render: kind === 'render' })) lines.push(...page.map(({ exchange, step }) => ({ ...factsOf(exchange), will: step.action !== 'none', text: describeRetry(step) })));
        return lines;
      }
    }
  }

  /** Does what was planned with these; what is no longer as it was is left alone and says so. */
  async perform(doing: Doing, lines: readonly ActionLine[]): Promise<DoneLine[]> {
    const now = new Map((await this.stores.view.find({ ids: lines.map((l) => l.id) }, lines.length)).map((r) => [r.id, r.state]));
    const same = lines.filter((l) => now.get(l.id) === l.state);
    const done = same.length === 0 ? new Map<ExchangeId, ExchangeId | undefined>() : await this.act(doing, same);
    return lines.map((l) => (done.has(l.id) ? { ...l, done: true, newId: done.get(l.id) } : { ...l, done: false, text: `left alone: it is ${now.get(l.id) ?? 'no longer there'} now${now.get(l.id) === l.state ? ' and cannot be acted on any more' : ''}` }));
  }

  /** What was done, each with the exchange that was opened in its place. */
  private async act({ kind, reason, actor }: Doing, lines: readonly ActionLine[]): Promise<Map<ExchangeId, ExchangeId | undefined>> {
    const { stores } = this;
    const ids = lines.map((l) => l.id);
    const done = new Map<ExchangeId, ExchangeId | undefined>();
    switch (kind) {
      case 'cancel':
        return new Map((await stores.cancel.perform(ids, reason, actor)).filter((l) => l.step.action === 'cancel').map((l) => [l.id, undefined]));
      case 'hold':
      case 'release':
      case 'park':
      case 'skip':
        return new Map((await stores.standStill.perform(kind, ids, reason, actor)).filter((l) => l.step.action === 'move').map((l) => [l.id, undefined]));
      case 'resend':
      case 'replay': {
        const wanted = new Map(lines.map((l) => [l.id, l.text]));
        const plan = (await this.replayPlan(ids)).filter((l) => l.step.action !== 'none' && describeReplay(l.step) === wanted.get(l.id));
        for await (const page of stores.replay.perform(plan, actor)) for (const l of page) if (l.outcome === 'done') done.set(l.id, l.newId);
        return done;
      }
      case 'retry':
      case 'render':
        for (const state of ['parked', 'refused'] as const) {
          const of = lines.filter((l) => l.state === state).map((l) => l.id);
          if (of.length === 0) continue;
          for await (const page of stores.retry.perform({ filter: { ids: of, states: [state] }, render: kind === 'render' }, actor)) {
            for (const l of page) if (l.step.action !== 'none' && l.movedMeanwhile !== true) done.set(l.exchange.id, l.newId);
          }
        }
        return done;
    }
  }

  private async replayPlan(ids: readonly ExchangeId[]): Promise<ReplayLine[]> {
    const lines: ReplayLine[] = [];
    for await (const page of this.stores.replay.plan({ ids })) lines.push(...page);
    return lines;
  }
}

function factsOf(l: Pick<ActionLine, 'id' | 'channel' | 'caseNo' | 'event' | 'version' | 'state'>): Omit<ActionLine, 'will' | 'text'> {
  return { id: l.id, channel: l.channel, caseNo: l.caseNo, event: l.event, version: l.version, state: l.state };
}

function describeRetry(step: RetryStep): string {
  switch (step.action) {
    case 'return':
      return step.to === 'captured' ? 'rendered anew from its snapshot' : 'delivered with the same bytes';
    case 'open':
      return describeOpening(`version ${step.version} is opened from the newest snapshot, in the same place of its lane`, step);
    case 'yield':
      return `superseded by exchange ${step.to}, which the receiver has`;
    case 'none':
      return step.why;
  }
}
