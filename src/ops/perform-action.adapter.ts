import { randomUUID } from 'node:crypto';
import type { ActionKind, ActionLine, ActionPreview, ActionResult } from '../domain/ops-action-api.js';
import type { ExchangeId } from '../domain/vocabulary.js';
import type { CancelStore } from '../ledger/cancel.store.js';
import type { ExchangeViewStore } from '../ledger/exchange-view.store.js';
import type { DoneLine, OpsAction, OpsActionStore } from '../ledger/ops-action.store.js';
import type { OpsSearch } from '../ledger/ops-search.js';
import type { OpsViewStore } from '../ledger/ops-view.store.js';
import { describeReplay } from '../ledger/plan-replay.js';
import type { RetryStep } from '../ledger/plan-retry.js';
import type { ReplayLine, ReplayStore } from '../ledger/replay.store.js';
import type { RetryStore } from '../ledger/retry.store.js';
import type { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { groupKey } from './group-key.js';
import { refuse } from './refusal.js';
import type { SignedOn } from '../ledger/request-session.adapter.js';

interface ActionParts {
  readonly view: ExchangeViewStore;
  readonly ops: OpsViewStore;
  readonly actions: OpsActionStore;
  readonly retry: RetryStore;
  readonly replay: ReplayStore;
  readonly cancel: CancelStore;
  readonly doorbell: DoorbellAdapter;
}
export interface ActionWish {
  readonly kind: ActionKind;
  readonly ids?: readonly ExchangeId[] | undefined;
  readonly group?: string | undefined;
  readonly search?: OpsSearch | undefined;
  readonly reason?: string | undefined;
}

/** Exchanges of one action at the most; more are done filter by filter. */
const mostExchanges = 10_000;
const chunkSize = 500;
const shownLines = 200;
const groupLimit = 201;

/** Plans what an administrator wants, and does exactly that plan once: what moved since the preview is left alone and said. */
export class ExchangeActions {
  constructor(private readonly parts: ActionParts) {}

  async preview(wish: ActionWish, signed: SignedOn): Promise<ActionPreview> {
    const ids = await this.resolve(wish);
    const lines: ActionLine[] = [];
    for (const chunk of chunksOf(ids)) lines.push(...(await this.plan(wish.kind, chunk)));
    const token = randomUUID();
    const until = await this.parts.actions.keep({ token, kind: wish.kind, reason: wish.reason, by: signed.session.user, plan: lines });
    const seen = new Set(lines.map((l) => l.id));
    const will = lines.filter((l) => l.will);
    const lanes = await this.parts.ops.lanesOf(will.map((l) => l.id));
    return {
      token, until, kind: wish.kind, reason: wish.reason, more: false, total: lines.length, will: will.length, ...lanes, accepted: lines.filter((l) => l.state === 'accepted').length,
      states: Object.fromEntries([...new Set(lines.map((l) => l.state))].map((s) => [s, lines.filter((l) => l.state === s).length])),
      lines: lines.slice(0, shownLines), missing: (wish.ids ?? []).filter((id) => !seen.has(id)),
    };
  }

  /** Does it; a second click, here or in another process, gets the result or that it is under way. */
  async perform(token: string, signed: SignedOn): Promise<ActionResult> {
    const action = await this.own(token, signed);
    if (action.state === 'done') return resultOf(action);
    if (!(await this.parts.actions.take(action, signed.who))) {
      const now = await this.own(token, signed);
      if (now.state === 'previewed') throw refuse('gone', 'this preview ran out; make a new one');
      return resultOf(now);
    }
    const result: DoneLine[] = action.plan.filter((l) => !l.will).map((l) => ({ ...l, done: false }));
    const will = action.plan.filter((l) => l.will);
    for (let i = 0; i < will.length; i += chunkSize) {
      result.push(...(await this.performChunk(action, will.slice(i, i + chunkSize), signed.who.actor)));
      await this.parts.actions.keepClaim(token);
    }
    await this.parts.actions.finish(action, result, signed.who);
    const channels = [...new Set(result.filter((l) => l.done).map((l) => l.channel))];
    // Lost bells cost a sweep of the relay.
    await Promise.all(channels.flatMap((c) => [this.parts.doorbell.ring('render', c), this.parts.doorbell.ring('deliver', c)]));
    return resultOf((await this.parts.actions.find(token))!);
  }

  async result(token: string, signed: SignedOn): Promise<ActionResult> {
    return resultOf(await this.own(token, signed));
  }

  private async own(token: string, signed: SignedOn): Promise<OpsAction> {
    const action = /^[0-9a-f-]{36}$/.test(token) ? await this.parts.actions.find(token) : undefined;
    if (!action || action.by !== signed.session.user) throw refuse('not-found', 'there is no such action of yours');
    return action;
  }

  private async resolve(wish: ActionWish): Promise<readonly ExchangeId[]> {
    if (wish.ids) return [...new Set(wish.ids)];
    const limit = mostExchanges + 1;
    const cause = wish.group === undefined ? undefined : (await this.parts.ops.failures(groupLimit)).find((g) => groupKey(g) === wish.group);
    if (wish.group !== undefined && !cause) throw refuse('not-found', 'this group is closed: nothing stands still for this cause any more');
    const ids = cause ? await this.parts.ops.idsOf(cause, limit) : await this.parts.ops.ids(wish.search ?? {}, limit);
    if (ids.length > mostExchanges) throw refuse('too-large', `more than ${mostExchanges} exchanges match; narrow the filter and do it in parts`);
    return ids;
  }

  private async plan(kind: ActionKind, ids: readonly ExchangeId[]): Promise<ActionLine[]> {
    if (kind === 'cancel') return (await this.parts.cancel.plan(ids)).map((l) => ({ ...factsOf(l), will: l.step.action === 'cancel', text: l.step.action === 'cancel' ? `cancelled${l.step.notice === undefined ? '' : ` (${l.step.notice})`}` : l.step.why }));
    if (kind === 'resend') return (await this.replayPlan(ids)).map((l) => ({ ...factsOf(l), will: l.step.action === 'resend', text: l.step.action === 'retry' ? 'it waits for a person: retry it' : describeReplay(l.step) }));
    const lines: ActionLine[] = [];
    for await (const page of this.parts.retry.plan({ filter: { ids }, render: kind === 'render' })) lines.push(...page.map(({ exchange, step }) => ({ ...factsOf(exchange), will: step.action !== 'none', text: describeRetry(step) })));
    return lines;
  }

  private async replayPlan(ids: readonly ExchangeId[]): Promise<ReplayLine[]> {
    const lines: ReplayLine[] = [];
    for await (const page of this.parts.replay.plan({ ids })) lines.push(...page);
    return lines;
  }

  private async performChunk(action: OpsAction, lines: readonly ActionLine[], actor: string): Promise<DoneLine[]> {
    const now = new Map((await this.parts.view.find({ ids: lines.map((l) => l.id) }, lines.length)).map((r) => [r.id, r.state]));
    const same = lines.filter((l) => now.get(l.id) === l.state);
    const done = same.length === 0 ? new Map<ExchangeId, ExchangeId | undefined>() : await this.act(action, same, actor);
    return lines.map((l) => (done.has(l.id) ? { ...l, done: true, newId: done.get(l.id) } : { ...l, done: false, text: `left alone: it is ${now.get(l.id) ?? 'no longer there'} now${now.get(l.id) === l.state ? ' and cannot be acted on any more' : ''}` }));
  }

  /** What was done, each with the exchange that was opened in its place. */
  private async act(action: OpsAction, lines: readonly ActionLine[], actor: string): Promise<Map<ExchangeId, ExchangeId | undefined>> {
    const ids = lines.map((l) => l.id);
    if (action.kind === 'cancel') {
      const cancelled = await this.parts.cancel.perform(ids, action.reason ?? '', actor);
      return new Map(cancelled.filter((l) => l.step.action === 'cancel').map((l) => [l.id, undefined]));
    }
    const done = new Map<ExchangeId, ExchangeId | undefined>();
    if (action.kind === 'resend') {
      const plan = (await this.replayPlan(ids)).filter((l) => l.step.action === 'resend');
      for await (const page of this.parts.replay.perform(plan, actor)) for (const l of page) if (l.outcome === 'done') done.set(l.id, l.newId);
      return done;
    }
    for (const state of ['parked', 'refused'] as const) {
      const of = lines.filter((l) => l.state === state).map((l) => l.id);
      if (of.length === 0) continue;
      for await (const page of this.parts.retry.perform({ filter: { ids: of, states: [state] }, render: action.kind === 'render' }, actor)) {
        for (const l of page) if (l.step.action !== 'none' && l.movedMeanwhile !== true) done.set(l.exchange.id, l.newId);
      }
    }
    return done;
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
      return `version ${step.version} is opened from the newest snapshot, in the same place of its lane`;
    case 'yield':
      return `superseded by exchange ${step.to}, which the receiver has`;
    case 'none':
      return step.why;
  }
}

function resultOf(a: OpsAction): ActionResult {
  const lines = a.result ?? [];
  const [not, yes] = [lines.filter((l) => !l.done), lines.filter((l) => l.done)];
  return { token: a.token, kind: a.kind, state: a.state, by: a.by, total: a.plan.length, done: yes.length, notDone: not.length, finishedAt: a.finishedAt, lines: [...not, ...yes.slice(0, shownLines)] };
}

function* chunksOf(ids: readonly ExchangeId[]): Generator<readonly ExchangeId[]> {
  for (let i = 0; i < ids.length; i += chunkSize) yield ids.slice(i, i + chunkSize);
}
