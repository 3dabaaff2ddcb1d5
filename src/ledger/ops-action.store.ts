import type { ActionKind, ActionLine } from '../domain/ops-action-api.js';
import type { ExchangeId } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { list, sql } from '../platform/database/sql.js';
import type { AuditActor, AuditStore } from './audit.store.js';
import { instantText } from './exchange-row.js';

export interface DoneLine extends ActionLine {
  readonly done: boolean;
  readonly newId?: ExchangeId | undefined;
}

/** What its preview said beside the lines. */
export interface ActionFacts {
  readonly lanes: number;
  readonly waitingBehind: number;
  readonly more: boolean;
  readonly missing: readonly ExchangeId[];
  readonly second?: 'kind' | 'bulk' | undefined;
}

export type ActionState = 'previewed' | 'ordered' | 'performing' | 'done' | 'declined' | 'expired';

/** An action from its preview to its result. */
export interface OpsAction {
  readonly token: string;
  readonly kind: ActionKind;
  readonly reason?: string | undefined;
  readonly by: string;
  readonly state: ActionState;
  readonly plan: readonly ActionLine[];
  readonly facts: ActionFacts;
  readonly createdAt: string;
  readonly untilAt: string;
  /** Until when whoever performs it is taken to be alive. */
  readonly claimedUntil?: string | undefined;
  readonly tries: number;
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
  async keep(a: { token: string; kind: ActionKind; reason: string | undefined; by: string; plan: readonly ActionLine[]; facts: ActionFacts }): Promise<string> {
    const until = this.clock.after(previewMs);
    await this.database.dialect.insertMany(
      this.database, 'ops_action',
      [{ name: 'token', kind: 'text' }, { name: 'kind', kind: 'text' }, { name: 'reason', kind: 'text' }, { name: 'by_user', kind: 'text' }, { name: 'state', kind: 'text' }, { name: 'plan_lines', kind: 'long' }, { name: 'facts', kind: 'long' }, { name: 'created_at', kind: 'instant' }, { name: 'until_at', kind: 'instant' }],
      [[a.token, a.kind, a.reason ?? null, a.by, 'previewed', JSON.stringify(a.plan), JSON.stringify(a.facts), this.clock.iso(), until]],
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
    return this.database.transaction((runner) => this.takeIn(runner, action, who, 'previewed'));
  }

  /** The same inside the transaction in which a second person confirmed it. */
  async takeConfirmed(runner: Runner, action: OpsAction, who: AuditActor): Promise<void> {
    if (!(await this.takeIn(runner, action, who, 'ordered'))) throw new Error(`action ${action.token} was ordered and is ${action.state}`);
  }

  /** It waits for a second person; false when it does already or its preview ran out. */
  async order(runner: Runner, token: string): Promise<boolean> {
    const { affected } = await runner.run(sql`update ops_action set state = 'ordered' where token = ${token} and state = 'previewed' and until_at > ${this.value(this.clock.iso())}`);
    return affected === 1;
  }

  /** Nobody will perform it. */
  async drop(runner: Runner, token: string, state: 'declined' | 'expired'): Promise<void> {
    await runner.run(sql`update ops_action set state = ${state}, finished_at = ${this.value(this.clock.iso())} where token = ${token} and state = 'ordered'`);
  }

  dropAlone(token: string, state: 'declined' | 'expired'): Promise<void> {
    return this.database.transaction((runner) => this.drop(runner, token, state));
  }

  /** Keeps what became of some lines, and the claim. */
  async addPart(token: string, part: number, lines: readonly DoneLine[]): Promise<void> {
    const done = lines.filter((l) => l.done).length;
    await this.database.transaction(async (runner) => {
      await this.database.dialect.insertMany(
        runner, 'ops_action_part',
        [{ name: 'token', kind: 'text' }, { name: 'part', kind: 'int' }, { name: 'done_count', kind: 'int' }, { name: 'not_done_count', kind: 'int' }, { name: 'result_lines', kind: 'long' }],
        [[token, part, done, lines.length - done, JSON.stringify(lines)]], ['token', 'part'],
      );
      await runner.run(sql`update ops_action set claimed_until = ${this.value(this.clock.after(claimMs))} where token = ${token} and state = 'performing'`);
    });
  }

  /** What became of its lines so far, part by part. */
  async parts(token: string): Promise<Map<number, readonly DoneLine[]>> {
    const { rows } = await this.database.run(sql`select part, result_lines from ops_action_part where token = ${token} order by part`);
    return new Map(rows.map((r) => [Number(r['part']), JSON.parse(String(r['result_lines'])) as DoneLine[]]));
  }

  async progress(token: string): Promise<{ done: number; notDone: number }> {
    const { rows } = await this.database.run(sql`select coalesce(sum(done_count), 0) as done, coalesce(sum(not_done_count), 0) as not_done from ops_action_part where token = ${token}`);
    return { done: Number(rows[0]!['done']), notDone: Number(rows[0]!['not_done']) };
  }

  /** Which of these were moved by this actor since then: a process that died may not have kept what it did. */
  async movedBy(actor: string, since: string, ids: readonly ExchangeId[]): Promise<Set<ExchangeId>> {
    if (ids.length === 0) return new Set();
    const { rows } = await this.database.run(sql`select distinct exchange_id from exchange_log where exchange_id in (${list(ids)}) and actor = ${actor} and at >= ${this.value(since)}`);
    return new Set(rows.map((r) => String(r['exchange_id'])));
  }

  /** All parts are kept: it is done, with its audit line in one transaction. */
  async finish(action: OpsAction, who: AuditActor): Promise<void> {
    await this.database.transaction(async (runner) => {
      const { affected } = await runner.run(sql`update ops_action set state = 'done', finished_at = ${this.value(this.clock.iso())}, claimed_until = null where token = ${action.token} and state = 'performing'`);
      if (affected === 0) return;
      await this.audit.append(runner, who, { action: `exchange.${action.kind}`, subject: `action ${action.token}`, outcome: 'done', detail: await this.progress(action.token) });
    });
  }

  /** Gives the claim back: whoever looks next goes on. */
  async giveBack(token: string): Promise<void> {
    await this.database.run(sql`update ops_action set claimed_until = ${this.value(this.clock.iso())} where token = ${token} and state = 'performing'`);
  }

  /** Tokens of what was begun and nobody goes on with. */
  async abandoned(): Promise<string[]> {
    const { rows } = await this.database.run(sql`select token from ops_action where state = 'performing' and claimed_until < ${this.value(this.clock.iso())}`);
    return rows.map((r) => String(r['token']));
  }

  private async takeIn(runner: Runner, action: OpsAction, who: AuditActor, from: 'previewed' | 'ordered'): Promise<boolean> {
    const now = this.value(this.clock.iso());
    const inTime = from === 'previewed' ? sql`until_at > ${now}` : sql`1 = 1`;
    const { affected } = await runner.run(sql`update ops_action set state = 'performing', tries = tries + 1, claimed_until = ${this.value(this.clock.after(claimMs))} where token = ${action.token}
      and ((state = ${from} and ${inTime}) or (state = 'performing' and claimed_until < ${now}))`);
    if (affected === 0) return false;
    const will = action.plan.filter((l) => l.will).map((l) => l.id);
    await this.audit.append(runner, who, {
      action: `exchange.${action.kind}`, subject: `action ${action.token}`, outcome: 'ordered',
      detail: { count: will.length, exchanges: will.slice(0, 50), ...(action.reason === undefined ? {} : { reason: action.reason.slice(0, 500) }), ...(action.state === 'performing' ? { again: true } : {}) },
    });
    return true;
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

function actionRow(r: Record<string, unknown>): OpsAction {
  const optional = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : instantText(v));
  return {
    token: String(r['token']), kind: String(r['kind']) as ActionKind, reason: optional(r['reason']), by: String(r['by_user']), state: String(r['state']) as ActionState,
    plan: JSON.parse(String(r['plan_lines'])) as ActionLine[], facts: r['facts'] === null ? { lanes: 0, waitingBehind: 0, more: false, missing: [] } : (JSON.parse(String(r['facts'])) as ActionFacts),
    createdAt: instantText(r['created_at']), untilAt: instantText(r['until_at']), claimedUntil: optional(r['claimed_until']), tries: Number(r['tries']), finishedAt: optional(r['finished_at']),
  };
}
