import type { Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import { deskRoles } from '../domain/inquiry-answer.js';
import type { LoginRequest, Me } from '../domain/ops-api.js';
import { opsRoutes, type OpsRoutePath } from '../domain/ops-routes.js';
import type { Settings } from '../domain/settings.js';
import type { AuditActor, AuditStore } from '../ledger/audit.store.js';
import type { OpsSessionStore } from '../ledger/ops-session.store.js';
import type { OpsUserStore } from '../ledger/ops-user.store.js';
import { addressOf, type RequestSessions, type SignedOn } from '../ledger/request-session.adapter.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { csrfOf, hashToken } from '../platform/session-token.js';
import { StrangerLocks, type LoginLimit } from './limit-tries.adapter.js';
import { newToken, passwordFits } from './password.adapter.js';
import { refuse } from './refusal.js';

interface SignOnParts {
  readonly settings: Settings;
  readonly database: DatabaseAdapter;
  readonly users: OpsUserStore;
  readonly sessions: OpsSessionStore;
  readonly audit: AuditStore;
  readonly requests: RequestSessions;
  readonly limit: LoginLimit;
  readonly clock: Clock;
}

const wrong = 'name or password is wrong; after several wrong passwords a name is locked for some minutes';

/** Signs people on and off, and knows who a request comes from. */
export class SignOn {
  private readonly strangers: StrangerLocks;

  constructor(private readonly parts: SignOnParts) {
    this.strangers = new StrangerLocks(parts.clock);
  }

  async login(request: Request, response: Response, asked: LoginRequest): Promise<Me> {
    const { limit, audit, users } = this.parts;
    const address = addressOf(request);
    const waitSeconds = limit.take(address);
    if (waitSeconds !== undefined) throw refuse('too-many-requests', `too many tries from this address; wait ${waitSeconds} seconds`, { retryAfterSeconds: waitSeconds });
    if (asked.password === undefined) return this.loginByProxy(request, response);
    const name = asked.name.trim().toLowerCase();
    const who: AuditActor = { actor: `ops ${name}`, origin: 'page', address };
    const tried = /^[a-z][a-z0-9._-]{1,39}$/.test(name) ? await users.takeTry(name) : undefined;
    const refused = (why: string): Promise<void> => audit.record(tried ? who : { ...who, actor: 'ops (unknown)' }, { action: 'login', outcome: 'refused', detail: { why } });
    const lockedUntilMs = tried ? (tried.lockedUntil === undefined ? undefined : Date.parse(tried.lockedUntil)) : this.strangers.take(name.slice(0, 100));
    if (lockedUntilMs !== undefined) {
      await refused('locked');
      const seconds = Math.max(1, Math.ceil((lockedUntilMs - this.parts.clock.now().getTime()) / 1000));
      throw refuse('locked', `too many wrong passwords: locked for ${Math.ceil(seconds / 60)} more minutes; an administrator can unlock it`, { retryAfterSeconds: seconds });
    }
    const fits = await passwordFits(tried?.user.passwordHash, asked.password);
    if (!tried || !fits || tried.user.disabled) {
      await refused(!tried ? 'no such user' : fits ? 'disabled' : 'wrong password');
      throw refuse('wrong-login', wrong);
    }
    return this.open(request, response, { name, role: tried.user.role, mustChange: tried.user.mustChangePassword, signOn: 'password' }, who);
  }

  async logout(signed: SignedOn, request: Request, response: Response): Promise<void> {
    await this.parts.audit.with(signed.who, { action: 'logout', outcome: 'done' }, (runner) => this.parts.sessions.end(runner, signed.session.id));
    response.append('set-cookie', this.parts.requests.cookie(request, '', 0));
  }

  /** The session of a request; `touch` keeps it alive. */
  find(request: Request, touch = true): Promise<SignedOn | undefined> {
    return this.parts.requests.find(request, touch);
  }

  csrfFits(request: Request, signed: SignedOn): boolean {
    return this.parts.requests.csrfFits(request, signed);
  }

  me(signed: SignedOn): Me {
    const { session, token } = signed;
    return this.meOf({ name: session.user, role: session.role, mustChange: session.mustChangePassword, signOn: session.signOn }, token, session.endsAt);
  }

  private async loginByProxy(request: Request, response: Response): Promise<Me> {
    const name = this.parts.requests.proxyName(request);
    const user = name === undefined ? undefined : await this.parts.users.find(name);
    const who: AuditActor = { actor: user ? `ops ${user.name}` : 'ops (unknown)', origin: 'page', address: addressOf(request) };
    if (!user || user.disabled) {
      await this.parts.audit.record(who, { action: 'login', outcome: 'refused', detail: { why: name === undefined ? 'no password' : user ? 'disabled' : 'no such user', by: 'proxy' } });
      throw refuse('wrong-login', name === undefined ? wrong : 'the proxy signed on a user that does not exist here; an administrator can create it');
    }
    return this.open(request, response, { name: user.name, role: user.role, mustChange: false, signOn: 'proxy' }, who);
  }

  private async open(request: Request, response: Response, user: { name: string; role: Me['role']; mustChange: boolean; signOn: 'password' | 'proxy' }, who: AuditActor): Promise<Me> {
    const { audit, sessions, users, settings, clock } = this.parts;
    const token = newToken();
    const endsAt = clock.after(settings.ops.sessions.absoluteMs);
    await audit.with(who, { action: 'login', outcome: 'done', detail: { by: user.signOn } }, async (runner) => {
      if (user.signOn === 'password') await users.noteLogin(runner, user.name);
      await sessions.open(runner, { id: randomUUID(), tokenHash: hashToken(token), user: user.name, signOn: user.signOn, address: addressOf(request), agent: request.header('user-agent') ?? '' });
    });
    response.append('set-cookie', this.parts.requests.cookie(request, token, Math.floor(settings.ops.sessions.absoluteMs / 1000)));
    return this.meOf(user, token, endsAt);
  }

  private meOf(user: { name: string; role: Me['role']; mustChange: boolean; signOn: 'password' | 'proxy' }, token: string, endsAt: string): Me {
    const may = (Object.keys(opsRoutes) as OpsRoutePath[]).filter((path) => {
      const { roles } = opsRoutes[path];
      return typeof roles === 'string' || (roles as readonly string[]).includes(user.role);
    });
    const desk = this.parts.settings.inquiry.key !== undefined && (deskRoles as readonly string[]).includes(user.role) ? '/inquiry/desk' : undefined;
    return { name: user.name, role: user.role, mustChangePassword: user.mustChange, csrf: csrfOf(token), signOn: user.signOn, endsAt, idleMs: this.parts.settings.ops.sessions.idleMs, may, instance: this.parts.settings.instance, desk };
  }
}
