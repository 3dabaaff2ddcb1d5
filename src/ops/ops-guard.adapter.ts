import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import { openBeforePasswordChange, opsPrefix, opsRoutes, type OpsRoutePath } from '../domain/ops-routes.js';
import { AuditStore } from '../ledger/audit.store.js';
import type { SignedOn } from '../ledger/request-session.adapter.js';
import { refuse } from './refusal.js';
import { SignOn } from './sign-on.adapter.js';

/** What the guard found out of a request. */
export interface OpsRequest extends Request {
  signed?: SignedOn;
}

const bodyLimit = 256 * 1024;
/** A list of hashes has a line for each file of a package. */
const largerBodies: Readonly<Partial<Record<OpsRoutePath, number>>> = { 'POST hand-overs/:id/confirm': 16 * 1024 * 1024 };

/** Lets in what stands in the list of routes and is allowed to the role, and nothing else; what it refuses is in the audit log. */
@Injectable()
export class OpsGuard implements CanActivate {
  constructor(
    @Inject(SignOn) private readonly signOn: SignOn,
    @Inject(AuditStore) private readonly audit: AuditStore,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<OpsRequest>();
    context.switchToHttp().getResponse<Response>().setHeader('cache-control', 'no-store');
    const path = String((request.route as { path?: unknown } | undefined)?.path ?? '').slice(opsPrefix.length + 1);
    const key = `${request.method} ${path}`;
    if (!Object.hasOwn(opsRoutes, key)) throw refuse('not-found', 'there is no such address');
    const route = opsRoutes[key as OpsRoutePath];
    // Browsers say where a request comes from; another site has no business here, with or without a cookie.
    if (request.method !== 'GET' && ['cross-site', 'same-site'].includes(request.header('sec-fetch-site') ?? '')) throw refuse('csrf', 'the request comes from another site');
    if (route.roles === 'anyone') {
      await takeBody(request);
      return true;
    }
    const signed = await this.signOn.find(request);
    if (!signed) throw refuse('not-signed-on', 'nobody is signed on, or the session ended; sign on again');
    request.signed = signed;
    const turnAway = async (why: string): Promise<void> => this.audit.record(signed.who, { action: key, subject: request.path.slice(opsPrefix.length + 1), outcome: 'refused', detail: { why } });
    if (request.method !== 'GET' && !this.signOn.csrfFits(request, signed)) {
      await turnAway('csrf');
      throw refuse('csrf', 'the request lacks the token of this session; load the page again');
    }
    if (signed.session.mustChangePassword && !openBeforePasswordChange.includes(key as OpsRoutePath)) throw refuse('password-change-needed', 'change your password first');
    if (route.roles !== 'signed-on' && !(route.roles as readonly string[]).includes(signed.session.role)) {
      await turnAway(`role ${signed.session.role}`);
      throw refuse('forbidden', `the role ${signed.session.role} may not do this; it takes ${route.roles.join(' or ')}`);
    }
    if (request.method !== 'GET') await takeBody(request, largerBodies[key as OpsRoutePath]);
    return true;
  }
}

/** The request's session; only behind the guard. */
export function signedOn(request: OpsRequest): SignedOn {
  if (!request.signed) throw refuse('not-signed-on', 'nobody is signed on');
  return request.signed;
}

/** Reads the body as JSON: no other parser runs in this service, since the endpoints for receivers need their bytes. */
async function takeBody(request: OpsRequest, limit = bodyLimit): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  if (size > limit) throw refuse('too-large', `a request has at most ${limit} bytes`);
  request.body = undefined;
  if (size === 0) return;
  // A form of another site can send text and forms without asking, JSON it cannot.
  if (!/^application\/json\b/i.test(request.header('content-type') ?? '')) throw refuse('bad-request', 'expected content-type application/json');
  try {
    request.body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (error) {
    throw refuse('bad-request', `the body is not JSON: ${(error as Error).message.slice(0, 100)}`);
  }
}
