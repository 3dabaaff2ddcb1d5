import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import type { AcknowledgementPage, InboxDetail, InboxPage, LinkAnswer, RejectionPage } from '../../domain/ops-inbox-api.js';
import { AcknowledgementStore } from '../../ledger/acknowledgement.store.js';
import { AuditStore } from '../../ledger/audit.store.js';
import { acknowledgementClasses } from '../../ledger/classify-acknowledgement.js';
import { InboxStore } from '../../ledger/inbox.store.js';
import { InboxViewStore, type InboxRow } from '../../ledger/inbox-view.store.js';
import { DatabaseAdapter } from '../../platform/database/database.adapter.js';
import { DoorbellAdapter } from '../../platform/queue/doorbell.adapter.js';
import { LEDGER_DATABASE } from '../../platform/tokens.js';
import { OpsFilter } from '../ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from '../ops-guard.adapter.js';
import { readInput, reasonRequest } from '../read-input.js';
import { refuse } from '../refusal.js';
import { inboxLine, InboxView } from './inbox-view.adapter.js';

const number = z.string().regex(/^[1-9]\d{0,17}$/, 'expected a number');
const channel = z.string().regex(/^[a-z][a-z0-9-]{0,19}$/, 'expected the name of a channel');
const instant = z.iso.datetime({ offset: true, error: 'expected an instant such as 2026-11-24T00:00:00Z' }).transform((v) => new Date(v).toISOString());
const limit = z.coerce.number().int().min(1).max(200).default(50);
const open = z.literal('yes').optional();
const classes = ['acknowledgements', 'same-id-other-content', 'unreadable', 'return-taken', 'return-refused', 'return-repeated'] as const;
const inboxQuery = z.strictObject({
  channel: channel.optional(), kind: z.enum(['acknowledgement', 'return']).optional(), source: z.enum(['http', 'file']).optional(), state: z.enum(['unread', 'read']).optional(), class: z.enum(classes).optional(),
  name: z.string().regex(/^[^\u0000-\u001f\u007f]{1,200}$/, 'expected a name').optional(), open, from: instant.optional(), to: instant.optional(), after: number.optional(), limit,
});
const acknowledgementQuery = z.strictObject({
  class: z.string().transform((v) => v.split(',')).pipe(z.array(z.enum(acknowledgementClasses)).min(1)).default(['unknown', 'contradictory']),
  channel: channel.optional(), message: z.string().max(60).optional(), open, after: number.optional(), limit,
});
const reasons = ['signature', 'address', 'unknown-channel', 'too-large', 'media-type', 'incomplete', 'too-many'] as const;
const rejectionQuery = z.strictObject({
  channel: channel.optional(), reason: z.enum(reasons).optional(), limit,
  after: z.string().regex(/^\d{4}-\d\d-\d\dT[\d:.]+Z [0-9a-f-]{36}$/, 'expected next of the page before').optional(),
});
const linkRequest = reasonRequest.extend({ exchange: number });

/** All that came in, and what people decide about what nobody could follow. */
@ApiExcludeController()
@Controller('api/ops')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class InboxController {
  constructor(
    @Inject(InboxViewStore) private readonly view: InboxViewStore,
    @Inject(InboxView) private readonly details: InboxView,
    @Inject(InboxStore) private readonly inbox: InboxStore,
    @Inject(AcknowledgementStore) private readonly acknowledgements: AcknowledgementStore,
    @Inject(AuditStore) private readonly audit: AuditStore,
    @Inject(LEDGER_DATABASE) private readonly database: DatabaseAdapter,
    @Inject(DoorbellAdapter) private readonly doorbell: DoorbellAdapter,
  ) {}

  @Get('inbox')
  async search(@Query() query: unknown): Promise<InboxPage> {
    const q = readInput(inboxQuery, query);
    const [found, waiting] = await Promise.all([this.view.search({ ...q, open: q.open === 'yes', before: q.after }, q.limit + 1), this.view.counts()]);
    const rows = found.slice(0, q.limit);
    return { entries: rows.map(inboxLine), ...(found.length > q.limit ? { next: rows.at(-1)!.id } : {}), waiting };
  }

  @Get('inbox/:id')
  async one(@Param('id') id: string): Promise<InboxDetail> {
    return this.details.detail(await this.row(id), false);
  }

  @Post('inbox/:id/unmask')
  @HttpCode(200)
  async unmask(@Req() request: OpsRequest, @Param('id') id: string): Promise<InboxDetail> {
    const { reason } = readInput(reasonRequest, request.body);
    const row = await this.row(id);
    const detail = await this.details.detail(row, true);
    // Written before anything is shown: what cannot be recorded is not seen.
    await this.audit.record(signedOn(request).who, { action: 'personal.view', subject: `inbox ${row.id}`, outcome: 'done', detail: { reason } });
    return detail;
  }

  @Post('inbox/:id/bytes')
  @HttpCode(200)
  async bytes(@Req() request: OpsRequest, @Param('id') id: string, @Res() response: Response): Promise<void> {
    const { reason } = readInput(reasonRequest, request.body);
    const row = await this.row(id);
    if (row.prunedAt !== undefined) throw refuse('not-found', 'the bytes were pruned; size and hash are kept');
    const content = await this.view.content(row.id);
    await this.audit.record(signedOn(request).who, { action: 'personal.download', subject: `inbox ${row.id}`, outcome: 'done', detail: { sha256: row.sha256, reason } });
    // As a download of no known kind: what a stranger sent is never run or shown by the browser.
    response.status(200).set({ 'content-type': 'application/octet-stream', 'content-disposition': `attachment; filename="inbox-${row.id}.bin"`, 'x-content-type-options': 'nosniff', 'x-sha256': row.sha256 }).end(content);
  }

  @Post('inbox/:id/aside')
  @HttpCode(204)
  async aside(@Req() request: OpsRequest, @Param('id') id: string): Promise<void> {
    const { reason } = readInput(reasonRequest, request.body);
    const row = await this.row(id);
    const { who } = signedOn(request);
    await this.database.transaction(async (runner) => {
      if (!(await this.inbox.setAside(runner, row.id, reason, who.actor))) throw refuse('gone', 'nothing is odd about this entry any more, or somebody set it aside');
      await this.audit.append(runner, who, { action: 'inbox.aside', subject: `inbox ${row.id}`, outcome: 'done', detail: { class: row.class, reason } });
    });
  }

  @Post('inbox/:id/read-again')
  @HttpCode(204)
  async readAgain(@Req() request: OpsRequest, @Param('id') id: string): Promise<void> {
    const row = await this.row(id);
    await this.database.transaction(async (runner) => {
      if (!(await this.inbox.readAgain(row.id, runner))) throw refuse('gone', 'only what could not be read, or a returned file that was refused, is read again');
      await this.audit.append(runner, signedOn(request).who, { action: 'inbox.read-again', subject: `inbox ${row.id}`, outcome: 'done', detail: { class: row.class } });
    });
    await this.doorbell.ring(row.kind === 'return' ? 'return' : 'read', row.channel);
  }

  @Get('acknowledgements')
  async odd(@Query() query: unknown): Promise<AcknowledgementPage> {
    const q = readInput(acknowledgementQuery, query);
    const found = await this.view.acknowledgements({ classes: q.class, channel: q.channel, message: q.message, open: q.open === 'yes', before: q.after }, q.limit + 1);
    const rows = found.slice(0, q.limit);
    return { acknowledgements: await this.details.lines(rows, false), ...(found.length > q.limit ? { next: rows.at(-1)!.id } : {}) };
  }

  @Post('acknowledgements/:id/link')
  @HttpCode(200)
  async link(@Req() request: OpsRequest, @Param('id') given: string): Promise<LinkAnswer> {
    const id = known(given);
    const { exchange, reason } = readInput(linkRequest, request.body);
    const { who } = signedOn(request);
    const result = await this.database.transaction(async (runner) => {
      const judged = await this.acknowledgements.link(runner, id, exchange, who.actor);
      if (!judged) throw refuse('gone', 'this acknowledgement is neither unknown nor contradictory any more, or its channel has no exchange of this number');
      await this.audit.append(runner, who, { action: 'acknowledgement.link', subject: `acknowledgement ${id}`, outcome: 'done', detail: { exchange, class: judged.class, to: judged.to, reason } });
      return judged;
    });
    // A lane that got free has its next message due; lost bells cost a sweep.
    await this.doorbell.ring('deliver', result.channel);
    return { class: result.class, to: result.to };
  }

  @Post('acknowledgements/:id/aside')
  @HttpCode(204)
  async asideAcknowledgement(@Req() request: OpsRequest, @Param('id') given: string): Promise<void> {
    const id = known(given);
    const { reason } = readInput(reasonRequest, request.body);
    const { who } = signedOn(request);
    await this.database.transaction(async (runner) => {
      if (!(await this.acknowledgements.setAside(runner, id, reason, who.actor))) throw refuse('gone', 'this acknowledgement is neither unknown nor contradictory any more, or somebody set it aside');
      await this.audit.append(runner, who, { action: 'acknowledgement.aside', subject: `acknowledgement ${id}`, outcome: 'done', detail: { reason } });
    });
  }

  @Get('rejections')
  async rejected(@Query() query: unknown): Promise<RejectionPage> {
    const q = readInput(rejectionQuery, query);
    const [at = '', id = ''] = q.after?.split(' ') ?? [];
    if (q.after !== undefined && Number.isNaN(Date.parse(at))) throw refuse('bad-request', 'expected next of the page before', { faults: [{ key: 'after', text: 'expected next of the page before' }] });
    const found = await this.view.rejections({ channel: q.channel, reason: q.reason, ...(q.after === undefined ? {} : { before: { at, id } }) }, q.limit + 1);
    const rejections = found.slice(0, q.limit);
    const last = rejections.at(-1);
    return { rejections, ...(found.length > q.limit && last ? { next: `${last.at} ${last.id}` } : {}) };
  }

  private async row(id: string): Promise<InboxRow> {
    const row = /^[1-9]\d{0,17}$/.test(id) ? await this.view.find(id) : undefined;
    if (!row) throw refuse('not-found', 'the inbox has no entry of this number');
    return row;
  }
}

function known(id: string): string {
  if (!/^[1-9]\d{0,17}$/.test(id)) throw refuse('not-found', 'there is no acknowledgement of this number');
  return id;
}
