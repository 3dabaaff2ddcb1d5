import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { AuditActor } from '../../ledger/audit.store.js';
import type { DoneLine, OpsAction, OpsActionStore } from '../../ledger/ops-action.store.js';
import type { OpsOrderStore } from '../../ledger/ops-order.store.js';
import type { GatewayLog } from '../../platform/log.adapter.js';
import type { DoorbellAdapter } from '../../platform/queue/doorbell.adapter.js';
import { chunkSize, type ActionPlans } from './plan-action.adapter.js';

interface RunnerParts {
  readonly actions: OpsActionStore;
  readonly orders: OpsOrderStore;
  readonly plans: ActionPlans;
  readonly doorbell: DoorbellAdapter;
  readonly log: GatewayLog;
}

const lookEveryMs = 30_000;
/** After so many processes that died or failed on it, the rest is given up and said to be. */
const mostTries = 5;
const house: AuditActor = { actor: 'gateway', origin: 'page', address: '' };

/** Performs actions chunk by chunk behind the requests, goes on with those whose process died, and ends orders that nobody decided on. */
export class ActionRunner implements OnModuleInit, OnModuleDestroy {
  private readonly running = new Map<string, Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(private readonly parts: RunnerParts) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.look(), lookEveryMs);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await Promise.all(this.running.values());
  }

  /** Performs an action that was taken; resolves when it is done or given back, never rejects. */
  start(action: OpsAction, who: AuditActor, actor: string): Promise<void> {
    const known = this.running.get(action.token);
    if (known) return known;
    const run = this.run(action, who, actor)
      .catch(async (error: unknown) => {
        this.parts.log.error({ token: action.token, err: error }, 'an action of the ops page failed; it is tried again');
        // The claim runs out by itself when the ledger cannot be written now.
        await this.parts.actions.giveBack(action.token).catch(() => undefined);
      })
      .finally(() => this.running.delete(action.token));
    this.running.set(action.token, run);
    return run;
  }

  /** Looks for what nobody goes on with. */
  async look(): Promise<void> {
    try {
      for (const order of await this.parts.orders.expire(house)) if (order.kind === 'action') await this.parts.actions.dropAlone(order.subject, 'expired');
      for (const token of await this.parts.actions.abandoned()) {
        const action = await this.parts.actions.find(token);
        const order = action && (await this.parts.orders.confirmedOf(token));
        if (action && !this.stopping && (await this.parts.actions.take(action, house))) void this.start(action, house, actorOf(action.by, order?.decidedBy));
      }
    } catch (error) {
      this.parts.log.warn({ err: error }, 'the ledger was not asked for actions that stand still');
    }
  }

  private async run(action: OpsAction, who: AuditActor, actor: string): Promise<void> {
    const { actions, plans, doorbell } = this.parts;
    const known = await actions.parts(action.token);
    const [will, not] = [action.plan.filter((l) => l.will), action.plan.filter((l) => !l.will)];
    if (!known.has(0)) await actions.addPart(action.token, 0, not.map((l) => ({ ...l, done: false })));
    const channels = new Set<string>();
    for (let part = 1; (part - 1) * chunkSize < will.length; part += 1) {
      if (known.has(part)) continue;
      if (this.stopping) return actions.giveBack(action.token);
      const lines = will.slice((part - 1) * chunkSize, part * chunkSize);
      // Done by a process that died before it could say so.
      const before = action.tries > 0 ? await actions.movedBy(actor, action.createdAt, lines.map((l) => l.id)) : new Set<string>();
      const rest = lines.filter((l) => !before.has(l.id));
      const done: DoneLine[] = action.tries >= mostTries ? rest.map((l) => ({ ...l, done: false, text: 'given up: it failed again and again; the log says why' })) : await plans.perform({ kind: action.kind, reason: action.reason ?? '', actor }, rest);
      await actions.addPart(action.token, part, [...lines.filter((l) => before.has(l.id)).map((l) => ({ ...l, done: true })), ...done]);
      for (const l of done) if (l.done) channels.add(l.channel);
    }
    await actions.finish(action, who);
    // Lost bells cost a sweep of the relay.
    await Promise.all([...channels].flatMap((c) => [doorbell.ring('render', c), doorbell.ring('deliver', c)]));
  }
}

/** Who stands in the timelines: the one who ordered it, and who confirmed it where that was somebody else. */
export function actorOf(by: string, second?: string): string {
  return (second === undefined ? `ops ${by}` : `ops ${by} with ${second}`).slice(0, 80);
}
