import type { OrderKind } from '../domain/ops-action-api.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql, type Sql } from '../platform/database/sql.js';
import type { AuditActor, AuditStore } from './audit.store.js';
import { instantText } from './exchange-row.js';

export type OrderState = 'waiting' | 'confirmed' | 'declined' | 'withdrawn' | 'expired';

/** What one person ordered and another one has to confirm. */
export interface OpsOrder {
  readonly id: string;
  readonly kind: OrderKind;
  /** Token of an action, channel, package or user. */
  readonly subject: string;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly reason?: string | undefined;
  readonly by: string;
  readonly at: string;
  readonly until: string;
  readonly state: OrderState;
  readonly decidedBy?: string | undefined;
  readonly decidedAt?: string | undefined;
  readonly note?: string | undefined;
}

const listLimit = 200;
const decidedDays = 30;

/** Alone writes orders that wait for a second person; each decision is made once and stands in the audit log. */
export class OpsOrderStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly audit: AuditStore,
  ) {}

  /** Inside the caller's transaction, with its audit line; one of the same kind and subject that waits already is given instead. */
  async open(runner: Runner, o: { id: string; kind: OrderKind; subject: string; facts: OpsOrder['facts']; reason: string | undefined; by: string; expireMs: number }, who: AuditActor): Promise<OpsOrder> {
    const known = await runner.run(sql`select * from ops_order where kind = ${o.kind} and subject = ${o.subject} and state = 'waiting' and until_at > ${this.now()}`);
    if (known.rows[0]) return orderRow(known.rows[0]);
    const [now, until] = [this.clock.iso(), this.clock.after(o.expireMs)];
    await this.database.dialect.insertMany(
      runner, 'ops_order',
      [{ name: 'id', kind: 'text' }, { name: 'kind', kind: 'text' }, { name: 'subject', kind: 'text' }, { name: 'facts', kind: 'long' }, { name: 'reason', kind: 'text' }, { name: 'ordered_by', kind: 'text' }, { name: 'ordered_at', kind: 'instant' }, { name: 'until_at', kind: 'instant' }, { name: 'state', kind: 'text' }],
      [[o.id, o.kind, o.subject, JSON.stringify(o.facts), o.reason ?? null, o.by, now, until, 'waiting']],
    );
    await this.audit.append(runner, who, { action: 'order.open', subject: `order ${o.id}`, outcome: 'ordered', detail: { kind: o.kind, of: o.subject, ...o.facts, ...(o.reason === undefined ? {} : { reason: o.reason }) } });
    return { id: o.id, kind: o.kind, subject: o.subject, facts: o.facts, reason: o.reason, by: o.by, at: now, until, state: 'waiting' };
  }

  /** Opens one in a transaction of its own. */
  openAlone(o: Parameters<OpsOrderStore['open']>[1], who: AuditActor): Promise<OpsOrder> {
    return this.database.transaction((runner) => this.open(runner, o, who));
  }

  async find(id: string): Promise<OpsOrder | undefined> {
    return (await this.read(sql`id = ${id}`))[0];
  }

  /** The newest order about an action. */
  async of(token: string): Promise<OpsOrder | undefined> {
    return (await this.read(sql`kind = 'action' and subject = ${token}`))[0];
  }

  async confirmedOf(token: string): Promise<OpsOrder | undefined> {
    return (await this.read(sql`kind = 'action' and subject = ${token} and state = 'confirmed'`))[0];
  }

  async waiting(): Promise<OpsOrder[]> {
    return this.read(sql`state = 'waiting' and until_at > ${this.now()}`);
  }

  /** Those of the last 30 days that do not wait any more. */
  async decided(): Promise<OpsOrder[]> {
    const since = this.database.dialect.value('instant', this.clock.after(-decidedDays * 86_400_000));
    return this.read(sql`ordered_at > ${since} and (state <> 'waiting' or until_at <= ${this.now()})`);
  }

  /** Decides it, in one transaction with what has to happen with it; false when somebody else was first, or it expired. */
  async decide(order: OpsOrder, decision: { state: 'confirmed' | 'declined' | 'withdrawn'; by: string; note?: string | undefined }, who: AuditActor, also: (runner: Runner) => Promise<void> = async () => undefined): Promise<boolean> {
    return this.database.transaction(async (runner) => {
      const { affected } = await runner.run(sql`update ops_order set state = ${decision.state}, decided_by = ${decision.by}, decided_at = ${this.now()}, note = ${decision.note ?? null}
        where id = ${order.id} and state = 'waiting' and until_at > ${this.now()}`);
      if (affected === 0) return false;
      await also(runner);
      await this.audit.append(runner, who, { action: `order.${decision.state === 'confirmed' ? 'confirm' : decision.state === 'declined' ? 'decline' : 'withdraw'}`, subject: `order ${order.id}`, outcome: 'done', detail: { kind: order.kind, of: order.subject, orderedBy: order.by, ...(decision.note === undefined ? {} : { note: decision.note }) } });
      return true;
    });
  }

  /** Ends what nobody decided on in time; each end stands in the audit log once, however many processes look. */
  async expire(who: AuditActor): Promise<OpsOrder[]> {
    const over = await this.read(sql`state = 'waiting' and until_at <= ${this.now()}`, false);
    const ended: OpsOrder[] = [];
    for (const order of over) {
      await this.database.transaction(async (runner) => {
        const { affected } = await runner.run(sql`update ops_order set state = 'expired', decided_at = ${this.now()} where id = ${order.id} and state = 'waiting'`);
        if (affected === 0) return;
        await this.audit.append(runner, who, { action: 'order.expire', subject: `order ${order.id}`, outcome: 'refused', detail: { kind: order.kind, of: order.subject, orderedBy: order.by } });
        ended.push({ ...order, state: 'expired' });
      });
    }
    return ended;
  }

  private async read(where: Sql, tellExpired = true): Promise<OpsOrder[]> {
    const top = this.database.dialect.top(listLimit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} * from ops_order where ${where} order by ordered_at desc, id ${raw(top.suffix)}`);
    const now = this.clock.iso();
    return rows.map(orderRow).map((o) => (tellExpired && o.state === 'waiting' && o.until <= now ? { ...o, state: 'expired' as const } : o));
  }

  private now(): unknown {
    return this.database.dialect.value('instant', this.clock.iso());
  }
}

function orderRow(r: Record<string, unknown>): OpsOrder {
  const optional = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : instantText(v));
  return {
    id: String(r['id']), kind: String(r['kind']) as OrderKind, subject: String(r['subject']), facts: JSON.parse(String(r['facts'])) as OpsOrder['facts'], reason: optional(r['reason']), by: String(r['ordered_by']),
    at: instantText(r['ordered_at']), until: instantText(r['until_at']), state: String(r['state']) as OrderState, decidedBy: optional(r['decided_by']), decidedAt: optional(r['decided_at']), note: optional(r['note']),
  };
}
