import type { Role } from '../domain/ops-api.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { sql, type Sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import { auditText } from './write-audit-line.js';

/** A session with what its user is now. */
export interface OpsSession {
  readonly id: string;
  readonly user: string;
  readonly role: Role;
  readonly mustChangePassword: boolean;
  readonly signOn: 'password' | 'proxy';
  readonly address: string;
  readonly agent: string;
  readonly createdAt: string;
  readonly seenAt: string;
  readonly endsAt: string;
}

/** How exact the time of the last request is: a write for each request would be one too many. */
const seenEveryMs = 30_000;

/** Alone writes sessions of the ops page. The ledger holds only the hash of a session's token. */
export class OpsSessionStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly limits: { readonly idleMs: number; readonly absoluteMs: number },
  ) {}

  async open(runner: Runner, s: { id: string; tokenHash: string; user: string; signOn: 'password' | 'proxy'; address: string; agent: string }): Promise<void> {
    const now = this.clock.iso();
    await this.database.dialect.insertMany(
      runner, 'ops_session',
      [{ name: 'token_hash', kind: 'text' }, { name: 'id', kind: 'text' }, { name: 'user_name', kind: 'text' }, { name: 'sign_on', kind: 'text' }, { name: 'address', kind: 'text' }, { name: 'agent', kind: 'text' }, { name: 'created_at', kind: 'instant' }, { name: 'seen_at', kind: 'instant' }, { name: 'ends_at', kind: 'instant' }],
      [[s.tokenHash, s.id, s.user, s.signOn, auditText(s.address, 60), auditText(s.agent, 200), now, now, this.clock.after(this.limits.absoluteMs)]],
    );
  }

  /** The session that lives under this hash; looking at it keeps it alive unless `touch` is false. */
  async find(tokenHash: string, touch = true): Promise<OpsSession | undefined> {
    const { rows } = await this.database.run(sql`select s.*, u.role_name, u.must_change from ops_session s join ops_user u on u.name = s.user_name where s.token_hash = ${tokenHash} and ${this.alive()}`);
    const session = rows[0] && sessionRow(rows[0]);
    if (session && touch && this.clock.now().getTime() - Date.parse(session.seenAt) >= seenEveryMs) {
      await this.database.run(sql`update ops_session set seen_at = ${this.value(this.clock.iso())} where token_hash = ${tokenHash}`);
    }
    return session;
  }

  /** Sessions that live, of one user or of all, newest first. */
  async list(user?: string): Promise<OpsSession[]> {
    const whose = user === undefined ? sql`1 = 1` : sql`s.user_name = ${user}`;
    const { rows } = await this.database.run(sql`select s.*, u.role_name, u.must_change from ops_session s join ops_user u on u.name = s.user_name where ${whose} and ${this.alive()} order by s.created_at desc, s.id`);
    return rows.map(sessionRow);
  }

  /** Ends a session; false when it had ended. */
  async end(runner: Runner, id: string): Promise<boolean> {
    const { affected } = await runner.run(sql`update ops_session set ended_at = ${this.value(this.clock.iso())} where id = ${id} and ended_at is null`);
    return affected === 1;
  }

  private alive(): Sql {
    return sql`s.ended_at is null and u.disabled = 0 and s.ends_at > ${this.value(this.clock.iso())} and s.seen_at > ${this.value(this.clock.after(-this.limits.idleMs))}`;
  }

  private value(instant: string): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

function sessionRow(r: Record<string, unknown>): OpsSession {
  return {
    id: String(r['id']), user: String(r['user_name']), role: String(r['role_name']) as Role, mustChangePassword: Number(r['must_change']) === 1 && String(r['sign_on']) === 'password', signOn: String(r['sign_on']) as 'password' | 'proxy',
    address: String(r['address']), agent: String(r['agent']), createdAt: instantText(r['created_at']), seenAt: instantText(r['seen_at']), endsAt: instantText(r['ends_at']),
  };
}
