import { lockedForMs } from '../domain/locked-for.js';
import type { Role, UserLine } from '../domain/ops-api.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import type { AuditActor, AuditEntry, AuditStore } from './audit.store.js';
import { instantText } from './exchange-row.js';

export interface OpsUser extends UserLine {
  /** Absent for who signs on by the reverse proxy only. */
  readonly passwordHash?: string | undefined;
}

export interface UserChange {
  readonly role?: Role | undefined;
  readonly disabled?: boolean | undefined;
  readonly unlock?: boolean | undefined;
  readonly password?: { readonly hash: string; readonly mustChange: boolean } | undefined;
}

/** Alone writes the users of the ops page; each change and its audit line are one transaction. */
export class OpsUserStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly audit: AuditStore,
  ) {}

  /** False when there is one of this name, or was: the name of a deleted user stays its own in the log. */
  async create(user: { name: string; role: Role; passwordHash: string | undefined }, who: AuditActor): Promise<boolean> {
    return this.database.transaction(async (runner) => {
      const made = await this.database.dialect.insertMany(
        runner, 'ops_user', [{ name: 'name', kind: 'text' }, { name: 'role_name', kind: 'text' }, { name: 'password_hash', kind: 'text' }, { name: 'created_at', kind: 'instant' }, { name: 'created_by', kind: 'text' }],
        [[user.name, user.role, user.passwordHash ?? null, this.clock.iso(), who.actor.slice(0, 80)]], ['name'],
      );
      await this.audit.append(runner, who, { action: 'user.create', subject: user.name, outcome: made === 1 ? 'done' : 'refused', detail: { role: user.role, ...(made === 1 ? {} : { why: 'the name is taken' }) } });
      return made === 1;
    });
  }

  async find(name: string): Promise<OpsUser | undefined> {
    const { rows } = await this.database.run(sql`select * from ops_user where name = ${name} and deleted_at is null`);
    return rows[0] && userRow(rows[0]);
  }

  async all(): Promise<OpsUser[]> {
    const { rows } = await this.database.run(sql`select * from ops_user where deleted_at is null order by name`);
    return rows.map(userRow);
  }

  /**
   * Takes one try at the password, before it is looked at: tries at the same moment in several processes all count. Gives until
   * when the user is locked instead, where that is so.
   */
  async takeTry(name: string): Promise<{ readonly user: OpsUser; readonly lockedUntil?: string | undefined } | undefined> {
    return this.database.transaction(async (runner) => {
      const user = await this.locked(runner, name);
      if (!user) return undefined;
      const now = this.clock.now().getTime();
      if (user.lockedUntil !== undefined && Date.parse(user.lockedUntil) > now) return { user, lockedUntil: user.lockedUntil };
      const failures = user.failures + 1;
      const delayMs = lockedForMs(failures);
      const until = delayMs === undefined ? null : this.value(new Date(now + delayMs).toISOString());
      await runner.run(sql`update ops_user set failures = ${failures}, locked_until = ${until} where name = ${name}`);
      return { user };
    });
  }

  /** The password was right. */
  async noteLogin(runner: Runner, name: string): Promise<void> {
    await runner.run(sql`update ops_user set failures = 0, locked_until = null, last_login_at = ${this.value(this.clock.iso())} where name = ${name}`);
  }

  /** Changes a user and ends the sessions where that is due; undefined when there is none, 'last' when no administrator would be left. */
  async change(name: string, change: UserChange, who: AuditActor, entry: Pick<AuditEntry, 'action' | 'detail'>, keepSession?: string): Promise<OpsUser | 'last' | undefined> {
    return this.database.transaction(async (runner) => {
      const { hint, suffix } = this.database.dialect.lockRows;
      // All administrators, always in one order: two of them cannot take the role from each other at the same moment.
      const { rows } = await runner.run(sql`select * from ops_user ${raw(hint)} where deleted_at is null and (role_name = 'administrator' or name = ${name}) order by name ${raw(suffix)}`);
      const user = rows.map(userRow).find((u) => u.name === name);
      if (!user) return undefined;
      const loses = user.role === 'administrator' && !user.disabled && ((change.role !== undefined && change.role !== 'administrator') || change.disabled === true);
      if (loses && !rows.map(userRow).some((u) => u.name !== name && u.role === 'administrator' && !u.disabled)) {
        await this.audit.append(runner, who, { ...entry, subject: name, outcome: 'refused', detail: { ...entry.detail, why: 'the last administrator' } });
        return 'last';
      }
      if (change.role !== undefined) await runner.run(sql`update ops_user set role_name = ${change.role} where name = ${name}`);
      if (change.disabled !== undefined) await runner.run(sql`update ops_user set disabled = ${change.disabled ? 1 : 0} where name = ${name}`);
      if (change.unlock === true || change.password !== undefined) await runner.run(sql`update ops_user set failures = 0, locked_until = null where name = ${name}`);
      if (change.password !== undefined) await runner.run(sql`update ops_user set password_hash = ${change.password.hash}, must_change = ${change.password.mustChange ? 1 : 0} where name = ${name}`);
      if (change.password !== undefined || change.disabled === true) {
        await runner.run(sql`update ops_session set ended_at = ${this.value(this.clock.iso())} where user_name = ${name} and ended_at is null and id <> ${keepSession ?? ''}`);
      }
      await this.audit.append(runner, who, { ...entry, subject: name, outcome: 'done' });
      const after = await runner.run(sql`select * from ops_user where name = ${name}`);
      return userRow(after.rows[0]!);
    });
  }

  /** Ends a user for good: the sessions end, the password goes, the name stays in the log and is given to nobody else. */
  async remove(name: string, who: AuditActor, detail: AuditEntry['detail']): Promise<'deleted' | 'last' | undefined> {
    return this.database.transaction(async (runner) => {
      const { hint, suffix } = this.database.dialect.lockRows;
      const { rows } = await runner.run(sql`select * from ops_user ${raw(hint)} where deleted_at is null and (role_name = 'administrator' or name = ${name}) order by name ${raw(suffix)}`);
      const user = rows.map(userRow).find((u) => u.name === name);
      if (!user) return undefined;
      const last = user.role === 'administrator' && !user.disabled && !rows.map(userRow).some((u) => u.name !== name && u.role === 'administrator' && !u.disabled);
      if (!last) {
        const now = this.value(this.clock.iso());
        await runner.run(sql`update ops_user set deleted_at = ${now}, disabled = 1, password_hash = null where name = ${name}`);
        await runner.run(sql`update ops_session set ended_at = ${now} where user_name = ${name} and ended_at is null`);
      }
      await this.audit.append(runner, who, { action: 'user.delete', subject: name, outcome: last ? 'refused' : 'done', detail: { role: user.role, ...detail, ...(last ? { why: 'the last administrator' } : {}) } });
      return last ? 'last' : 'deleted';
    });
  }

  private async locked(runner: Runner, name: string): Promise<OpsUser | undefined> {
    const { hint, suffix } = this.database.dialect.lockRows;
    const { rows } = await runner.run(sql`select * from ops_user ${raw(hint)} where name = ${name} and deleted_at is null ${raw(suffix)}`);
    return rows[0] && userRow(rows[0]);
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

const optional = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : instantText(v));

function userRow(r: Record<string, unknown>): OpsUser {
  return {
    name: String(r['name']), role: String(r['role_name']) as Role, disabled: Number(r['disabled']) === 1, mustChangePassword: Number(r['must_change']) === 1, failures: Number(r['failures']),
    lockedUntil: optional(r['locked_until']), createdAt: instantText(r['created_at']), createdBy: String(r['created_by']), lastLoginAt: optional(r['last_login_at']), passwordHash: optional(r['password_hash']),
  };
}
