import { Controller, Get, HttpCode, Inject, Param, Post, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Me, SessionLine } from '../domain/ops-api.js';
import { AuditStore } from '../ledger/audit.store.js';
import { OpsSessionStore } from '../ledger/ops-session.store.js';
import { OpsUserStore } from '../ledger/ops-user.store.js';
import { checkPassword } from './check-password.js';
import { OpsFilter } from './ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from './ops-guard.adapter.js';
import { hashPassword, passwordFits } from './password.adapter.js';
import { loginRequest, passwordRequest, readInput } from './read-input.js';
import { refuse } from './refusal.js';
import { SignOn } from './sign-on.adapter.js';

/** Signing on and off, the own password, sessions. */
@ApiExcludeController()
@Controller('api/ops')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class SessionController {
  constructor(
    @Inject(SignOn) private readonly signOn: SignOn,
    @Inject(OpsUserStore) private readonly users: OpsUserStore,
    @Inject(OpsSessionStore) private readonly sessions: OpsSessionStore,
    @Inject(AuditStore) private readonly audit: AuditStore,
  ) {}

  @Post('login')
  @HttpCode(200)
  login(@Req() request: OpsRequest, @Res({ passthrough: true }) response: Response): Promise<Me> {
    return this.signOn.login(request, response, readInput(loginRequest, request.body));
  }

  @Post('logout')
  @HttpCode(204)
  logout(@Req() request: OpsRequest, @Res({ passthrough: true }) response: Response): Promise<void> {
    return this.signOn.logout(signedOn(request), request, response);
  }

  @Get('me')
  me(@Req() request: OpsRequest): Me {
    return this.signOn.me(signedOn(request));
  }

  @Post('password')
  @HttpCode(200)
  async password(@Req() request: OpsRequest): Promise<Me> {
    const signed = signedOn(request);
    const { user: name, id } = signed.session;
    const asked = readInput(passwordRequest, request.body);
    // Counts like a login: a session that was left open is no way to try passwords.
    const tried = await this.users.takeTry(name);
    if (tried?.lockedUntil !== undefined) throw refuse('locked', 'too many wrong passwords: locked for some minutes');
    if (!(await passwordFits(tried?.user.passwordHash, asked.current))) {
      await this.audit.record(signed.who, { action: 'password', subject: name, outcome: 'refused', detail: { why: 'wrong password' } });
      throw refuse('wrong-login', 'the current password is wrong');
    }
    const fault = checkPassword(asked.next, name, asked.current);
    // The try was right; only what it was for is not.
    if (fault !== undefined) {
      await this.users.change(name, { unlock: true }, signed.who, { action: 'password', detail: { changed: false } }, id);
      throw refuse('weak-password', fault);
    }
    await this.users.change(name, { password: { hash: await hashPassword(asked.next), mustChange: false } }, signed.who, { action: 'password' }, id);
    return this.signOn.me({ ...signed, session: { ...signed.session, mustChangePassword: false } });
  }

  @Get('sessions')
  async list(@Req() request: OpsRequest): Promise<SessionLine[]> {
    const { session } = signedOn(request);
    const found = await this.sessions.list(session.role === 'administrator' ? undefined : session.user);
    return found.map((s) => ({ id: s.id, user: s.user, current: s.id === session.id, address: s.address, agent: s.agent, createdAt: s.createdAt, seenAt: s.seenAt, endsAt: s.endsAt }));
  }

  @Post('sessions/:id/revoke')
  @HttpCode(204)
  async revoke(@Req() request: OpsRequest, @Param('id') id: string): Promise<void> {
    const { session, who } = signedOn(request);
    const found = (await this.sessions.list(session.role === 'administrator' ? undefined : session.user)).find((s) => s.id === id);
    // Whether somebody else's session exists is nobody's business.
    if (!found) {
      await this.audit.record(who, { action: 'session.revoke', subject: id, outcome: 'refused', detail: { why: 'not found' } });
      throw refuse('not-found', 'there is no such session, or it has ended');
    }
    await this.audit.with(who, { action: 'session.revoke', subject: found.user, outcome: 'done', detail: { session: id } }, (runner) => this.sessions.end(runner, id));
  }
}
