import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import type { OpsCalls } from '../../domain/ops-api.js';
import type { AuditChain } from '../../domain/ops-people-api.js';
import { AuditStore } from '../../ledger/audit.store.js';
import { OpsFilter } from '../ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from '../ops-guard.adapter.js';
import { auditQuery, readInput, reasonRequest, userName } from '../read-input.js';
import { writeCsv } from '../write-csv.adapter.js';
import { AuditChainLook } from './audit-chain.adapter.js';
import { UserDeletion } from './delete-user.adapter.js';

const exportQuery = auditQuery.omit({ after: true, limit: true });
const chainQuery = z.strictObject({ again: z.literal('yes').optional() });
const exportPage = 1_000;
/** Lines of one export; more are exported time by time. */
const mostExported = 200_000;

/** The audit log as a whole, and the end of users. */
@ApiExcludeController()
@Controller('api/ops')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class PeopleController {
  constructor(
    @Inject(UserDeletion) private readonly deletion: UserDeletion,
    @Inject(AuditStore) private readonly audit: AuditStore,
    @Inject(AuditChainLook) private readonly chainLook: AuditChainLook,
  ) {}

  @Get('audit/export')
  async export(@Req() request: OpsRequest, @Query() query: unknown, @Res() response: Response): Promise<void> {
    const { object, ...q } = readInput(exportQuery, query);
    await this.audit.record(signedOn(request).who, { action: 'audit.export', outcome: 'done', detail: { ...q, object } });
    response.status(200).set({ 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment; filename="audit.csv"' });
    response.write(writeCsv([['序号 seq', '时间 at', '人员 actor', '来源 origin', '地址 address', '动作 action', '对象 object', '结果 outcome', '详情 detail', '前一行散列 previous', '散列 hash']]));
    let before: number | undefined;
    for (let written = 0; written < mostExported && !response.destroyed; written += exportPage) {
      const lines = await this.audit.find({ ...q, subject: object, before }, exportPage);
      const wait = lines.length > 0 && !response.write(writeCsv(lines.map((l) => [String(l.seq), l.at, l.actor, l.origin, l.address, l.action, l.subject, l.outcome, l.detail, l.previous, l.hash]), false));
      if (lines.length < exportPage) break;
      before = lines.at(-1)!.seq;
      // A reader that is slower than the ledger decides the pace.
      if (wait) await new Promise((resolve) => { response.once('drain', resolve); response.once('close', resolve); });
    }
    response.end();
  }

  @Get('audit/chain')
  chain(@Query() query: unknown): Promise<AuditChain> {
    return this.chainLook.read(readInput(chainQuery, query).again === 'yes');
  }

  @Post('users/:name/delete')
  @HttpCode(200)
  remove(@Req() request: OpsRequest, @Param('name') given: string): Promise<OpsCalls['POST users/:name/delete']['answer']> {
    return this.deletion.ask(readInput(userName, given), readInput(reasonRequest, request.body).reason, signedOn(request));
  }
}
