import { randomUUID } from 'node:crypto';
import type { ActionKind, ActionLine, ActionPreview, ActionResult } from '../../domain/ops-action-api.js';
import type { TwoPersons } from '../../domain/ops-settings.js';
import type { ChannelName, ExchangeId, Instant } from '../../domain/vocabulary.js';
import type { ExchangeSearchStore } from '../../ledger/exchange-search.store.js';
import type { FailureGroupStore } from '../../ledger/failure-group.store.js';
import type { OpsAction, OpsActionStore } from '../../ledger/ops-action.store.js';
import type { OpsOrder, OpsOrderStore } from '../../ledger/ops-order.store.js';
import type { OpsSearch } from '../../ledger/ops-search.js';
import type { OpsViewStore } from '../../ledger/ops-view.store.js';
import type { Clock } from '../../platform/clock.js';
import type { DatabaseAdapter } from '../../platform/database/database.adapter.js';
import type { SignedOn } from '../../ledger/request-session.adapter.js';
import { refuse } from '../refusal.js';
import { soon } from '../soon.adapter.js';
import { actionNeedsSecond } from './needs-second.js';
import { chunkSize, type ActionPlans } from './plan-action.adapter.js';
import { actorOf, type ActionRunner } from './run-action.adapter.js';

interface ActionParts {
  readonly database: DatabaseAdapter;
  readonly clock: Clock;
  readonly search: ExchangeSearchStore;
  readonly failures: FailureGroupStore;
  readonly ops: OpsViewStore;
  readonly actions: OpsActionStore;
  readonly orders: OpsOrderStore;
  readonly plans: ActionPlans;
  readonly runner: ActionRunner;
  readonly twoPersons: TwoPersons;
}
export interface ActionWish {
  readonly kind: ActionKind;
  readonly ids?: readonly ExchangeId[] | undefined;
  readonly group?: string | undefined;
  readonly search?: OpsSearch | undefined;
  readonly window?: { readonly channel: ChannelName; readonly by: 'captured' | 'staged'; readonly from: Instant; readonly to: Instant } | undefined;
  readonly reason?: string | undefined;
}

/** Exchanges of one action at the most; for more it is done again. */
const mostExchanges = 10_000;
const shownLines = 200;
/** How long a click waits for its result; what takes longer goes on by itself and is asked for. */
const waitMs = 2_000;

/** Plans what an administrator wants, and does exactly that plan once: what moved since the preview is left alone and said. */
export class ExchangeActions {
  constructor(private readonly parts: ActionParts) {}

  async preview(wish: ActionWish, signed: SignedOn): Promise<ActionPreview> {
    const found = await this.resolve(wish);
    const ids = found.slice(0, mostExchanges);
    const lines: ActionLine[] = [];
    for (let i = 0; i < ids.length; i += chunkSize) lines.push(...(await this.parts.plans.plan(wish.kind, ids.slice(i, i + chunkSize))));
    const token = randomUUID();
    const seen = new Set(lines.map((l) => l.id));
    const will = lines.filter((l) => l.will);
    const facts = {
      ...(await this.parts.ops.lanesOf(will.map((l) => l.id))), more: found.length > ids.length, missing: (wish.ids ?? []).filter((id) => !seen.has(id)),
      second: actionNeedsSecond(this.parts.twoPersons, wish.kind, will.length),
    };
    const untilAt = await this.parts.actions.keep({ token, kind: wish.kind, reason: wish.reason, by: signed.session.user, plan: lines, facts });
    return previewOf({ token, kind: wish.kind, reason: wish.reason, plan: lines, facts, untilAt });
  }

  /** Does it, or orders it from a second person; a second click, here or in another process, gets the result or that it is under way. */
  async perform(token: string, signed: SignedOn): Promise<ActionResult> {
    const action = await this.own(token, signed);
    if (action.facts.second !== undefined && (action.state === 'previewed' || action.state === 'ordered')) return this.order(action, signed);
    if (action.state === 'previewed' || (action.state === 'performing' && this.standsStill(action))) {
      const order = await this.parts.orders.confirmedOf(token);
      if (await this.parts.actions.take(action, signed.who)) await soon(this.parts.runner.start(action, signed.who, actorOf(action.by, order?.decidedBy)), waitMs);
    }
    const result = await this.result(token, signed);
    if (result.state === 'previewed') throw refuse('gone', 'this preview ran out; make a new one');
    return result;
  }

  async result(token: string, signed: SignedOn): Promise<ActionResult> {
    const action = /^[0-9a-f-]{36}$/.test(token) ? await this.parts.actions.find(token) : undefined;
    // Who confirmed it looks at it too.
    if (action && action.by !== signed.session.user && (await this.parts.orders.confirmedOf(token))?.decidedBy === signed.session.user) return this.resultOf(action);
    return this.resultOf(await this.own(token, signed));
  }

  /** What the one who ordered it saw. */
  async ordered(token: string): Promise<ActionPreview | undefined> {
    const action = await this.parts.actions.find(token);
    return action && previewOf(action);
  }

  /** Somebody else confirmed it: confirmed and begun in one transaction. */
  async performConfirmed(order: OpsOrder, signed: SignedOn): Promise<ActionResult | undefined> {
    const action = await this.parts.actions.find(order.subject);
    if (!action) throw refuse('not-found', 'the action of this order is not there any more');
    const decided = await this.parts.orders.decide(order, { state: 'confirmed', by: signed.session.user }, signed.who, (runner) => this.parts.actions.takeConfirmed(runner, action, signed.who));
    if (!decided) return undefined;
    await soon(this.parts.runner.start(action, signed.who, actorOf(action.by, signed.session.user)), waitMs);
    return this.resultOf((await this.parts.actions.find(order.subject))!);
  }

  private async order(action: OpsAction, signed: SignedOn): Promise<ActionResult> {
    const { actions, orders, database, twoPersons } = this.parts;
    const will = action.plan.filter((l) => l.will).length;
    await database.transaction(async (runner) => {
      if (!(await actions.order(runner, action.token))) return;
      const facts = { action: action.kind, exchanges: will, lanes: action.facts.lanes, waitingBehind: action.facts.waitingBehind, rule: action.facts.second! };
      await orders.open(runner, { id: randomUUID(), kind: 'action', subject: action.token, facts, reason: action.reason, by: action.by, expireMs: twoPersons.expireMs }, signed.who);
    });
    const result = await this.resultOf((await actions.find(action.token))!);
    if (result.state === 'previewed') throw refuse('gone', 'this preview ran out; make a new one');
    return result;
  }

  private async own(token: string, signed: SignedOn): Promise<OpsAction> {
    const action = /^[0-9a-f-]{36}$/.test(token) ? await this.parts.actions.find(token) : undefined;
    if (!action || action.by !== signed.session.user) throw refuse('not-found', 'there is no such action of yours');
    return action;
  }

  private standsStill(action: OpsAction): boolean {
    return action.claimedUntil !== undefined && action.claimedUntil < this.parts.clock.iso();
  }

  private async resultOf(action: OpsAction): Promise<ActionResult> {
    const { actions, orders } = this.parts;
    const expired = action.state === 'ordered' ? (await orders.of(action.token)) : undefined;
    const state = action.state === 'performing' && this.standsStill(action) ? 'stopped' : action.state === 'ordered' && expired?.state === 'expired' ? 'expired' : action.state;
    const lines = state === 'done' ? [...(await actions.parts(action.token)).values()].flat() : [];
    const [not, yes] = [lines.filter((l) => !l.done), lines.filter((l) => l.done)];
    return {
      token: action.token, kind: action.kind, state, by: action.by, total: action.plan.length, ...(await actions.progress(action.token)), orderId: expired?.id, finishedAt: action.finishedAt,
      lines: [...not, ...yes.slice(0, shownLines)],
    };
  }

  /** Numbers of what is meant, one more than an action takes where there are more. */
  private async resolve(wish: ActionWish): Promise<readonly ExchangeId[]> {
    if (wish.ids) return [...new Set(wish.ids)];
    const limit = mostExchanges + 1;
    if (wish.group !== undefined) {
      const cause = await this.parts.failures.cause(wish.group);
      const ids = cause === undefined ? [] : await this.parts.ops.idsOf(cause, limit);
      if (ids.length === 0) throw refuse('not-found', 'this group is closed: nothing stands still for this cause any more');
      return ids;
    }
    if (wish.window) return this.parts.search.idsOfWindow(wish.window, limit);
    return this.parts.search.ids(wish.search ?? {}, limit);
  }
}

function previewOf(a: Pick<OpsAction, 'token' | 'kind' | 'reason' | 'plan' | 'facts' | 'untilAt'>): ActionPreview {
  const states = [...new Set(a.plan.map((l) => l.state))];
  return {
    token: a.token, until: a.untilAt, kind: a.kind, reason: a.reason, total: a.plan.length, will: a.plan.filter((l) => l.will).length, more: a.facts.more, lanes: a.facts.lanes, waitingBehind: a.facts.waitingBehind,
    states: Object.fromEntries(states.map((s) => [s, a.plan.filter((l) => l.state === s).length])), accepted: a.plan.filter((l) => l.state === 'accepted').length,
    lines: a.plan.slice(0, shownLines), missing: a.facts.missing, ...(a.facts.second === undefined ? {} : { second: { why: a.facts.second } }),
  };
}
