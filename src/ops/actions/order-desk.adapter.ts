import { randomUUID } from 'node:crypto';
import type { ActionResult, OrderDetail, Ordered, OrderKind, OrderLine, Orders } from '../../domain/ops-action-api.js';
import type { Role } from '../../domain/ops-api.js';
import { acting, administrator } from '../../domain/ops-route.js';
import type { TwoPersons } from '../../domain/ops-settings.js';
import type { AuditStore } from '../../ledger/audit.store.js';
import type { OpsActionStore } from '../../ledger/ops-action.store.js';
import type { OpsOrder, OpsOrderStore } from '../../ledger/ops-order.store.js';
import type { SignedOn } from '../../ledger/request-session.adapter.js';
import { refuse } from '../refusal.js';
import type { ExchangeActions } from './perform-action.adapter.js';

/** Does what was ordered, in the name of both. */
export type OrderExecutor = (order: OpsOrder, signed: SignedOn) => Promise<void>;

interface DeskParts {
  readonly orders: OpsOrderStore;
  readonly actions: ExchangeActions;
  readonly actionStore: OpsActionStore;
  readonly audit: AuditStore;
  readonly twoPersons: TwoPersons;
}

/** Roles that may confirm each kind: those that may do it. */
const rolesOf: Readonly<Record<OrderKind, readonly Role[]>> = { action: acting, 'hand-over-export': acting, 'hand-over-confirm': acting, 'user-delete': administrator };

/** Orders of one person that wait for another one: listed, confirmed, declined, withdrawn. */
export class OrderDesk {
  private readonly executors = new Map<OrderKind, OrderExecutor>();

  constructor(private readonly parts: DeskParts) {}

  /** Says who does what is ordered of this kind; actions are known. */
  execute(kind: Exclude<OrderKind, 'action'>, executor: OrderExecutor): void {
    this.executors.set(kind, executor);
  }

  /** Opens an order; one about the same that waits already is given again. */
  async ask(kind: Exclude<OrderKind, 'action'>, subject: string, facts: OpsOrder['facts'], reason: string | undefined, signed: SignedOn): Promise<Ordered> {
    const order = await this.parts.orders.openAlone({ id: randomUUID(), kind, subject, facts, reason, by: signed.session.user, expireMs: this.parts.twoPersons.expireMs }, signed.who);
    return { orderId: order.id, until: order.until };
  }

  async list(signed: SignedOn): Promise<Orders> {
    const [waiting, decided] = await Promise.all([this.parts.orders.waiting(), this.parts.orders.decided()]);
    return { waiting: waiting.map((o) => lineOf(o, signed)), decided: decided.map((o) => lineOf(o, signed)) };
  }

  async detail(id: string, signed: SignedOn): Promise<OrderDetail> {
    const order = await this.known(id);
    return { order: lineOf(order, signed), preview: order.kind === 'action' ? await this.parts.actions.ordered(order.subject) : undefined };
  }

  async confirm(id: string, signed: SignedOn): Promise<{ order: OrderLine; action?: ActionResult | undefined }> {
    const order = await this.known(id);
    await this.mayDecide(order, signed);
    if (order.kind === 'action') {
      const action = await this.parts.actions.performConfirmed(order, signed);
      if (action === undefined) throw await this.late(id);
      return { order: lineOf(await this.known(id), signed), action };
    }
    const execute = this.executors.get(order.kind);
    if (!execute) throw new Error(`nobody does orders of the kind ${order.kind}`);
    if (!(await this.parts.orders.decide(order, { state: 'confirmed', by: signed.session.user }, signed.who))) throw await this.late(id);
    await execute(order, signed);
    return { order: lineOf(await this.known(id), signed) };
  }

  async decline(id: string, reason: string, signed: SignedOn): Promise<OrderLine> {
    const order = await this.known(id);
    const own = order.by === signed.session.user;
    if (!own) await this.mayDecide(order, signed);
    const drop = order.kind === 'action' ? (runner: Parameters<OpsActionStore['drop']>[0]) => this.parts.actionStore.drop(runner, order.subject, 'declined') : undefined;
    if (!(await this.parts.orders.decide(order, { state: own ? 'withdrawn' : 'declined', by: signed.session.user, note: reason }, signed.who, drop))) throw await this.late(id);
    return lineOf(await this.known(id), signed);
  }

  /** Another person, with the role that doing it takes; a try by the same one is recorded. */
  private async mayDecide(order: OpsOrder, signed: SignedOn): Promise<void> {
    const why = order.by === signed.session.user ? 'the same person' : isAbout(order, signed) ? 'about oneself' : rolesOf[order.kind].includes(signed.session.role) ? undefined : `role ${signed.session.role}`;
    if (why === undefined) return;
    await this.parts.audit.record(signed.who, { action: 'order.confirm', subject: `order ${order.id}`, outcome: 'refused', detail: { why } });
    throw refuse('forbidden', why === 'the same person' ? 'you ordered this: somebody else confirms it' : why === 'about oneself' ? 'nobody confirms the deletion of the user that is signed on: another administrator does' : `this takes the role ${rolesOf[order.kind].join(' or ')}`);
  }

  private async late(id: string): Promise<Error> {
    const now = await this.known(id);
    return refuse('gone', now.state === 'expired' ? 'this order expired; it can be ordered again' : `this order is ${now.state} already, by ${now.decidedBy ?? 'somebody'}`);
  }

  private async known(id: string): Promise<OpsOrder> {
    const order = /^[0-9a-f-]{36}$/.test(id) ? await this.parts.orders.find(id) : undefined;
    if (!order) throw refuse('not-found', 'there is no such order');
    return order;
  }
}

/** Nobody deletes the user that is signed on, nor confirms it. */
const isAbout = (o: OpsOrder, signed: SignedOn): boolean => o.kind === 'user-delete' && o.subject === signed.session.user;

function lineOf(o: OpsOrder, signed: SignedOn): OrderLine {
  const mine = o.by === signed.session.user;
  const { subject: _subject, ...rest } = o;
  return { ...rest, facts: { ...(o.kind === 'action' ? { token: o.subject } : {}), ...o.facts }, mine, mayConfirm: o.state === 'waiting' && !mine && !isAbout(o, signed) && rolesOf[o.kind].includes(signed.session.role) };
}
