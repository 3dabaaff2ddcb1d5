import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { AuditPage, UserAnswer, UserLine } from '../domain/ops-api.js';
import { AuditStore } from '../ledger/audit.store.js';
import { OpsUserStore, type OpsUser } from '../ledger/ops-user.store.js';
import { OpsFilter } from './ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from './ops-guard.adapter.js';
import { hashPassword, oneTimePassword } from './password.adapter.js';
import { auditQuery, changeUserRequest, createUserRequest, readInput, userName } from './read-input.js';
import { refuse } from './refusal.js';

/** Users and the audit log. */
@ApiExcludeController()
@Controller('api/ops')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class UserController {
  constructor(
    @Inject(OpsUserStore) private readonly users: OpsUserStore,
    @Inject(AuditStore) private readonly audit: AuditStore,
  ) {}

  @Get('users')
  async list(): Promise<UserLine[]> {
    return (await this.users.all()).map(userLine);
  }

  @Post('users')
  async create(@Req() request: OpsRequest): Promise<UserAnswer> {
    const asked = readInput(createUserRequest, request.body);
    const password = oneTimePassword();
    const made = await this.users.create({ ...asked, passwordHash: await hashPassword(password) }, signedOn(request).who);
    if (!made) throw refuse('bad-request', 'there is a user of this name', { faults: [{ key: 'name', text: 'there is a user of this name' }] });
    return { user: userLine((await this.users.find(asked.name))!), oneTimePassword: password };
  }

  @Post('users/:name')
  @HttpCode(200)
  async change(@Req() request: OpsRequest, @Param('name') given: string): Promise<UserAnswer> {
    const name = readInput(userName, given);
    const { reset, ...change } = readInput(changeUserRequest, request.body);
    const password = reset === true ? oneTimePassword() : undefined;
    const user = await this.users.change(
      name, { ...change, ...(password === undefined ? {} : { password: { hash: await hashPassword(password), mustChange: true } }) }, signedOn(request).who,
      { action: 'user.change', detail: { ...change, ...(reset === true ? { reset } : {}) } },
    );
    if (user === undefined) throw refuse('not-found', 'there is no user of this name');
    if (user === 'last') throw refuse('bad-request', 'this is the last administrator; make another one first');
    return { user: userLine(user), oneTimePassword: password };
  }

  @Get('audit')
  async page(@Query() query: unknown): Promise<AuditPage> {
    const q = readInput(auditQuery, query);
    const found = await this.audit.find({ actor: q.actor, action: q.action, subject: q.object, outcome: q.outcome, from: q.from, to: q.to, before: q.after }, q.limit + 1);
    const lines = found.slice(0, q.limit);
    return {
      lines: lines.map((l) => ({ seq: String(l.seq), at: l.at, actor: l.actor, origin: l.origin, address: l.address, action: l.action, object: l.subject, outcome: l.outcome, detail: l.detail, hash: l.hash })),
      ...(found.length > q.limit ? { next: String(lines.at(-1)!.seq) } : {}),
    };
  }
}

/** Without the hash of the password. */
function userLine(u: OpsUser): UserLine {
  const { passwordHash: _hash, ...line } = u;
  return line;
}
