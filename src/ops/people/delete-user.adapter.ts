import type { Ordered } from '../../domain/ops-action-api.js';
import type { TwoPersons } from '../../domain/ops-settings.js';
import type { OpsUserStore } from '../../ledger/ops-user.store.js';
import type { SignedOn } from '../../ledger/request-session.adapter.js';
import { orderNeedsSecond } from '../actions/needs-second.js';
import type { OrderDesk } from '../actions/order-desk.adapter.js';
import { refuse } from '../refusal.js';

/** Deletes users, by two persons where that is configured. */
export class UserDeletion {
  constructor(private readonly parts: { readonly users: OpsUserStore; readonly orders: OrderDesk; readonly twoPersons: TwoPersons }) {
    parts.orders.execute('user-delete', (order, signed) => this.remove(order.subject, order.reason, { ...signed.who, actor: `ops ${order.by} with ${signed.session.user}`.slice(0, 80) }));
  }

  /** Deletes, or orders it; what can be seen to be impossible is not ordered. */
  async ask(name: string, reason: string, signed: SignedOn): Promise<{ readonly ordered?: Ordered | undefined }> {
    if (signed.session.user === name) throw refuse('bad-request', 'nobody deletes the user that is signed on; another administrator can');
    const user = await this.parts.users.find(name);
    if (!user) throw refuse('not-found', 'there is no user of this name');
    if (orderNeedsSecond(this.parts.twoPersons, 'user-delete')) return { ordered: await this.parts.orders.ask('user-delete', name, { name, role: user.role }, reason, signed) };
    await this.remove(name, reason, signed.who);
    return {};
  }

  private async remove(name: string, reason: string | undefined, who: SignedOn['who']): Promise<void> {
    const outcome = await this.parts.users.remove(name, who, { reason });
    if (outcome === undefined) throw refuse('not-found', 'there is no user of this name any more');
    if (outcome === 'last') throw refuse('bad-request', 'this is the last administrator; make another one first');
  }
}
