import type { Request } from 'express';
import { timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { csrfHeader } from '../domain/ops-api.js';
import type { Settings } from '../domain/settings.js';
import { csrfOf, hashToken, plainAddress } from '../platform/session-token.js';
import type { AuditActor } from './audit.store.js';
import type { OpsSession, OpsSessionStore } from './ops-session.store.js';

/** A request that stands in a session. */
export interface SignedOn {
  readonly session: OpsSession;
  readonly token: string;
  readonly who: AuditActor;
}

/** Knows the session that a request stands in; whoever has a face for people who signed on asks here. */
export class RequestSessions {
  private readonly trusted = new BlockList();

  constructor(
    private readonly settings: Pick<Settings, 'ops' | 'http'>,
    private readonly sessions: OpsSessionStore,
  ) {
    for (const entry of settings.ops.proxy?.addresses ?? []) {
      const [address = '', bits] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.trusted.addAddress(address, family);
      else this.trusted.addSubnet(address, Number(bits), family);
    }
  }

  /** The session of a request; `touch` keeps it alive. */
  async find(request: Request, touch = true): Promise<SignedOn | undefined> {
    const token = this.tokenOf(request);
    if (token === undefined) return undefined;
    const session = await this.sessions.find(hashToken(token), touch);
    if (!session) return undefined;
    // A session that the proxy opened lives only as long as the proxy says the same name.
    if (session.signOn === 'proxy' && this.proxyName(request) !== session.user) return undefined;
    return { session, token, who: { actor: `ops ${session.user}`, origin: 'page', address: addressOf(request) } };
  }

  csrfFits(request: Request, signed: SignedOn): boolean {
    const [given, own] = [Buffer.from(request.header(csrfHeader) ?? ''), Buffer.from(csrfOf(signed.token))];
    return given.length === own.length && timingSafeEqual(given, own);
  }

  /** The name in the trusted header, only where the connection itself comes from a trusted address. */
  proxyName(request: Request): string | undefined {
    const { proxy } = this.settings.ops;
    const address = plainAddress(request.socket.remoteAddress ?? '');
    if (!proxy || isIP(address) === 0 || !this.trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) return undefined;
    const name = request.header(proxy.header)?.trim().toLowerCase();
    return name === undefined || !/^[a-z][a-z0-9._-]{1,39}$/.test(name) ? undefined : name;
  }

  /** The cookie that carries a token, or takes it away with 0 seconds. */
  cookie(request: Request, token: string, seconds: number): string {
    return `${this.name(request)}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${this.secure(request) ? '; Secure' : ''}`;
  }

  private secure(request: Request): boolean {
    return request.secure || !/^(localhost|127\.|::1)/.test(this.settings.http.host);
  }

  private name(request: Request): string {
    return this.secure(request) ? '__Host-gateway' : 'gateway';
  }

  private tokenOf(request: Request): string | undefined {
    const name = `${this.name(request)}=`;
    const found = (request.headers.cookie ?? '').split(';').map((c) => c.trim()).filter((c) => c.startsWith(name));
    const token = found.length === 1 ? found[0]!.slice(name.length) : '';
    return /^[A-Za-z0-9_-]{43}$/.test(token) ? token : undefined;
  }
}

export const addressOf = (request: Request): string => plainAddress(request.ip ?? '');
