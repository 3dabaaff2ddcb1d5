import type { ActionKind, ActionLine } from '../domain/ops-action-api.js';
import type { ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { sql } from '../platform/database/sql.js';
import type { AuditActor, AuditStore } from './audit.store.js';
import { instantText } from './exchange-row.js';

export interface DoneLine extends ActionLine {
  readonly done: boolean;
  readonly newId?: ExchangeId | undefined;
}

/** An action from its preview to its result. */
export interface OpsAction {
  readonly token: string;
  readonly kind: ActionKind;
  readonly reason?: string | undefined;
  readonly by: string;
  readonly state: 'previewed' | 'performing' | 'done';
  readonly plan: readonly ActionLine[];
  readonly result?: readonly DoneLine[] | undefined;
  readonly untilAt: string;
  readonly finishedAt?: string | undefined;
}

/** How long a preview may be performed. */
const previewMs = 15 * 60_000;
/** Whoever performs and says nothing for this long is dead; the same token may then be performed again. */
const claimMs = 120_000;

/** Alone writes the actions of the ops page. A token is performed once, however often and wherever it is clicked. */
export class OpsActionStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly audit: AuditStore,
  ) {}

  /** Keeps a plan; gives until when it holds. */
  async keep(a: { token: string; kind: ActionKind; reason: string | undefined; by: string; plan: readonly ActionLine[] }): Promise<string> {
    const until = this.clock.after(previewMs);
    await this.database.dialect.insertMany(
      this.database, 'ops_action',
      [{ name: 'token', kind: 'text' }, { name: 'kind', kind: 'text' }, { name: 'reason', kind: 'text' }, { name: 'by_user', kind: 'text' }, { name: 'state', kind: 'text' }, { name: 'plan_lines', kind: 'long' }, { name: 'created_at', kind: 'instant' }, { name: 'until_at', kind: 'instant' }],
      [[a.token, a.kind, a.reason ?? null, a.by, 'previewed', JSON.stringify(a.plan), this.clock.iso(), until]],
    );
    return until;
  }

  async find(token: string): Promise<OpsAction | undefined> {
    const { rows } = await this.database.run(sql`select * from ops_action where token = ${token}`);
    return rows[0] && actionRow(rows[0]);
  }

  /**
   * Takes the right to perform it and writes the order into the audit log, in one transaction. False when it is done, being
   * done, or its preview ran out. An order whose process died is taken again: what it did is seen by its states.
   */
  async take(action: OpsAction, who: AuditActor): Promise<boolean> {
    return this.database.transaction(async (runner) => {
      const now = this.value(this.clock.iso());
      const { affected } = await runner.run(sql`update ops_action set state = 'performing', claimed_until = ${this.value(this.clock.after(claimMs))} where token = ${action.token}
        and ((state = 'previewed' and until_at > ${now}) or (state = 'performing' and claimed_until < ${now}))`);
      if (affected === 0) return false;
      const will = action.plan.filter((l) => l.will).map((l) => l.id);
      await this.audit.append(runner, who, {
        action: `exchange.${action.kind}`, subject: `action ${action.token}`, outcome: 'ordered',
        detail: { count: will.length, exchanges: will.slice(0, 50), ...(action.reason === undefined ? {} : { reason: action.reason.slice(0, 500) }), ...(action.state === 'performing' ? { again: true } : {}) },
      });
      return true;
    });
  }

  /** It goes on: keeps the claim. */
  async keepClaim(token: string): Promise<void> {
    await this.database.run(sql`update ops_action set claimed_until = ${this.value(this.clock.after(claimMs))} where token = ${token} and state = 'performing'`);
  }

  /** The result, with its audit line in one transaction; the first result stands. */
  async finish(action: OpsAction, result: readonly DoneLine[], who: AuditActor): Promise<void> {
    await this.database.transaction(async (runner) => {
      const { affected } = await runner.run(sql`update ops_action set state = 'done', result_lines = ${JSON.stringify(result)}, finished_at = ${this.value(this.clock.iso())}, claimed_until = null
        where token = ${action.token} and state = 'performing'`);
      if (affected === 0) return;
      const done = result.filter((l) => l.done).length;
      await this.audit.append(runner, who, { action: `exchange.${action.kind}`, subject: `action ${action.token}`, outcome: 'done', detail: { done, notDone: result.length - done } });
    });
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

function actionRow(r: Record<string, unknown>): OpsAction {
  const optional = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : instantText(v));
  return {
    token: String(r['token']), kind: String(r['kind']) as ActionKind, reason: optional(r['reason']), by: String(r['by_user']), state: String(r['state']) as OpsAction['state'],
    plan: JSON.parse(String(r['plan_lines'])) as ActionLine[], result: r['result_lines'] === null ? undefined : (JSON.parse(String(r['result_lines'])) as DoneLine[]),
    untilAt: instantText(r['until_at']), finishedAt: optional(r['finished_at']),
  };
}
