import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import type { ExchangeDetail, ExchangePage, Failures } from '../domain/ops-exchange-api.js';
import { AuditStore } from '../ledger/audit.store.js';
import type { ExchangeRow } from '../ledger/exchange-row.js';
import { OperatorViewStore } from '../ledger/operator-view.store.js';
import { OpsViewStore } from '../ledger/ops-view.store.js';
import { Clock } from '../platform/clock.js';
import { ExchangeDetails, exchangeLine, failureText } from './exchange-detail.adapter.js';
import { groupKey } from './group-key.js';
import { maskText } from '../domain/mask-personal.js';
import { OpsFilter } from './ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from './ops-guard.adapter.js';
import { exchangeQuery, readInput, reasonRequest, searchOf } from './read-input.js';
import { refuse } from './refusal.js';

const groupLimit = 200;
const stages = { captured: 'mapping', rendered: 'delivery' } as const;
const masked = (text: string): string => maskText(text, []);

/** Exchanges: search, one with everything, what fails. */
@ApiExcludeController()
@Controller('api/ops')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class ExchangeController {
  constructor(
    @Inject(OpsViewStore) private readonly ops: OpsViewStore,
    @Inject(OperatorViewStore) private readonly operator: OperatorViewStore,
    @Inject(ExchangeDetails) private readonly details: ExchangeDetails,
    @Inject(AuditStore) private readonly audit: AuditStore,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get('exchanges')
  async search(@Query() query: unknown): Promise<ExchangePage> {
    const q = readInput(exchangeQuery, query);
    const found = await this.ops.search(searchOf(q), q.after, q.limit + 1);
    const rows = found.slice(0, q.limit);
    return { exchanges: rows.map((r) => exchangeLine(r, masked)), ...(found.length > q.limit ? { next: rows.at(-1)!.id } : {}) };
  }

  @Get('exchanges/:id')
  async one(@Param('id') id: string): Promise<ExchangeDetail> {
    return this.details.gather(await this.row(id), false);
  }

  @Post('exchanges/:id/unmask')
  @HttpCode(200)
  async unmask(@Req() request: OpsRequest, @Param('id') id: string): Promise<ExchangeDetail> {
    const { reason } = readInput(reasonRequest, request.body);
    const row = await this.row(id);
    const detail = await this.details.gather(row, true);
    // Written before anything is shown: what cannot be recorded is not seen.
    await this.audit.record(signedOn(request).who, { action: 'personal.view', subject: `exchange ${row.id}`, outcome: 'done', detail: { case: row.caseNo, reason } });
    return detail;
  }

  @Post('exchanges/:id/bytes')
  @HttpCode(200)
  async bytes(@Req() request: OpsRequest, @Param('id') id: string, @Res() response: Response): Promise<void> {
    const { reason } = readInput(reasonRequest, request.body);
    const row = await this.row(id);
    const message = await this.operator.message(row.id);
    if (!message || message.prunedAt !== undefined) throw refuse('not-found', message ? 'the bytes were pruned; size and hash are kept' : 'nothing is rendered yet');
    await this.audit.record(signedOn(request).who, { action: 'personal.download', subject: `exchange ${row.id}`, outcome: 'done', detail: { case: row.caseNo, sha256: message.sha256, reason } });
    // As a download of no known kind: what stands in a message is never run or shown by the browser.
    response.status(200).set({ 'content-type': 'application/octet-stream', 'content-disposition': `attachment; filename="exchange-${row.id}.xml"`, 'x-content-type-options': 'nosniff', 'x-sha256': message.sha256 }).end(message.content);
  }

  @Get('failures')
  async failures(): Promise<Failures> {
    const found = await this.ops.failures(groupLimit + 1);
    return {
      at: this.clock.iso(), more: found.length > groupLimit, closed: [],
      groups: found.slice(0, groupLimit).map((f) => ({
        key: groupKey(f), channel: f.channel, state: f.state,
        stage: f.state === 'refused' ? 'receiver' : f.parkedFrom === 'rendered' ? stages.rendered : stages.captured,
        failure: failureText(f.code ?? (f.state === 'refused' ? 'refused-by-receiver' : 'unexpected'), undefined)!,
        field: f.element, rule: f.rule, source: f.source,
        ...(f.partnerCode === undefined && f.partnerReason === undefined ? {} : { partner: { code: f.partnerCode, reason: f.partnerReason === undefined ? undefined : masked(f.partnerReason) } }),
        count: f.count, firstAt: f.firstAt, lastAt: f.lastAt, last24h: f.last24h, before24h: f.before24h, trend: f.trend, example: f.example, seenFirstAt: f.firstAt, reopened: 0, most: f.count,
      })),
    };
  }

  private async row(id: string): Promise<ExchangeRow> {
    const row = /^[1-9]\d{0,17}$/.test(id) ? await this.details.row(id) : undefined;
    if (!row) throw refuse('not-found', 'the ledger has no exchange of this number');
    return row;
  }
}
