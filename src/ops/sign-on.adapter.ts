import type { Request, Response } from 'express';
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { csrfHeader, type LoginRequest, type Me } from '../domain/ops-api.js';
import { opsRoutes, type OpsRoutePath } from '../domain/ops-routes.js';
import type { Settings } from '../domain/settings.js';
import type { AuditActor, AuditStore } from '../ledger/audit.store.js';
import type { OpsSession, OpsSessionStore } from '../ledger/ops-session.store.js';
import type { OpsUserStore } from '../ledger/ops-user.store.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { LoginLimit } from './limit-tries.adapter.js';
import { csrfOf, hashToken, newToken, passwordFits } from './password.adapter.js';
import { refuse } from './refusal.js';

/** A request that stands in a session. */
export interface SignedOn {
  readonly session: OpsSession;
  readonly token: string;
  readonly who: AuditActor;
}

interface SignOnParts {
  readonly settings: Settings;
  readonly database: DatabaseAdapter;
  readonly users: OpsUserStore;
  readonly sessions: OpsSessionStore;
  readonly audit: AuditStore;
  readonly limit: LoginLimit;
  readonly clock: Clock;
}

const wrong = 'name or password is wrong; after several wrong passwords a name is locked for some minutes';

/** Signs people on and off, and knows who a request comes from. */
export class SignOn {
  private readonly trusted = new BlockList();

  constructor(private readonly parts: SignOnParts) {
    for (const entry of parts.settings.ops.proxy?.addresses ?? []) {
      const [address = '', bits] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.trusted.addAddress(address, family);
      else this.trusted.addSubnet(address, Number(bits), family);
    }
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
    if (tried?.lockedUntil !== undefined) {
      await refused('locked');
      const seconds = Math.max(1, Math.ceil((Date.parse(tried.lockedUntil) - this.parts.clock.now().getTime()) / 1000));
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
    response.append('set-cookie', this.cookie(request, '', 0));
  }

  /** The session of a request; `touch` keeps it alive. */
  async find(request: Request, touch = true): Promise<SignedOn | undefined> {
    const token = this.tokenOf(request);
    if (token === undefined) return undefined;
    const session = await this.parts.sessions.find(hashToken(token), touch);
    if (!session) return undefined;
    // A session that the proxy opened lives only as long as the proxy says the same name.
    if (session.signOn === 'proxy' && this.proxyName(request) !== session.user) return undefined;
    return { session, token, who: { actor: `ops ${session.user}`, origin: 'page', address: addressOf(request) } };
  }

  csrfFits(request: Request, signed: SignedOn): boolean {
    const [given, own] = [Buffer.from(request.header(csrfHeader) ?? ''), Buffer.from(csrfOf(signed.token))];
    return given.length === own.length && timingSafeEqual(given, own);
  }

  me(signed: SignedOn): Me {
    const { session, token } = signed;
    return this.meOf({ name: session.user, role: session.role, mustChange: session.mustChangePassword, signOn: session.signOn }, token, session.endsAt);
  }

  private async loginByProxy(request: Request, response: Response): Promise<Me> {
    const name = this.proxyName(request);
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
    response.append('set-cookie', this.cookie(request, token, Math.floor(settings.ops.sessions.absoluteMs / 1000)));
    return this.meOf(user, token, endsAt);
  }

  private meOf(user: { name: string; role: Me['role']; mustChange: boolean; signOn: 'password' | 'proxy' }, token: string, endsAt: string): Me {
    const may = (Object.keys(opsRoutes) as OpsRoutePath[]).filter((path) => {
      const { roles } = opsRoutes[path];
      return typeof roles === 'string' || (roles as readonly string[]).includes(user.role);
    });
    return { name: user.name, role: user.role, mustChangePassword: user.mustChange, csrf: csrfOf(token), signOn: user.signOn, endsAt, idleMs: this.parts.settings.ops.sessions.idleMs, may, instance: this.parts.settings.instance };
  }

  /** The name in the trusted header, only where the connection itself comes from a trusted address. */
  private proxyName(request: Request): string | undefined {
    const { proxy } = this.parts.settings.ops;
    const address = plainAddress(request.socket.remoteAddress ?? '');
    if (!proxy || isIP(address) === 0 || !this.trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) return undefined;
    const name = request.header(proxy.header)?.trim().toLowerCase();
    return name === undefined || !/^[a-z][a-z0-9._-]{1,39}$/.test(name) ? undefined : name;
  }

  private secure(request: Request): boolean {
    return request.secure || !/^(localhost|127\.|::1)/.test(this.parts.settings.http.host);
  }

  private name(request: Request): string {
    return this.secure(request) ? '__Host-gateway' : 'gateway';
  }

  private cookie(request: Request, token: string, seconds: number): string {
    return `${this.name(request)}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${this.secure(request) ? '; Secure' : ''}`;
  }

  private tokenOf(request: Request): string | undefined {
    const name = `${this.name(request)}=`;
    const found = (request.headers.cookie ?? '').split(';').map((c) => c.trim()).filter((c) => c.startsWith(name));
    const token = found.length === 1 ? found[0]!.slice(name.length) : '';
    return /^[A-Za-z0-9_-]{43}$/.test(token) ? token : undefined;
  }
}

const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');
export const addressOf = (request: Request): string => plainAddress(request.ip ?? '');
