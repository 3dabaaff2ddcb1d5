import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { maskText, maskValue } from '../../domain/mask-personal.js';
import type { ExchangeDetail, ExchangePage, FailureGroup, Failures } from '../../domain/ops-exchange-api.js';
import { handling } from '../../domain/ops-route.js';
import { searchTerm } from '../../domain/search-keys.js';
import { AuditStore } from '../../ledger/audit.store.js';
import type { ExchangeRow } from '../../ledger/exchange-row.js';
import { ExchangeSearchStore, TooManyPersons, type SearchPage } from '../../ledger/exchange-search.store.js';
import { FailureGroupStore, type FailureCount } from '../../ledger/failure-group.store.js';
import { OperatorViewStore } from '../../ledger/operator-view.store.js';
import type { OpsSearch } from '../../ledger/ops-search.js';
import { Clock } from '../../platform/clock.js';
import { FewAtOnce } from '../few-at-once.js';
import { OpsFilter } from '../ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from '../ops-guard.adapter.js';
import { exchangeQuery, exportRequest, personalQuery, readInput, reasonRequest, searchOf } from '../read-input.js';
import { refuse } from '../refusal.js';
import { ExchangeDetails, exchangeLine, failureText } from './exchange-detail.adapter.js';
import { ExchangeExport } from './export-exchanges.adapter.js';
import { ReasonMask } from './mask-reasons.adapter.js';

const groupLimit = 200;
/** How long a search may look; contents take longer to look through than columns. */
const [budgetMs, textBudgetMs] = [150, 1_000];
/** Of one process; the gateway's own work goes before. */
const [textsAtOnce, exportsAtOnce] = [2, 2];
const busy = (): Error => refuse('too-many-requests', 'others are looking through contents or exporting just now; try again in a moment', { retryAfterSeconds: 5 });

/** Exchanges: search, one with everything, what fails. */
@ApiExcludeController()
@Controller('api/ops')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class ExchangeController {
  private readonly texts = new FewAtOnce(textsAtOnce);
  private readonly exports = new FewAtOnce(exportsAtOnce);

  constructor(
    @Inject(ExchangeSearchStore) private readonly store: ExchangeSearchStore,
    @Inject(ExchangeExport) private readonly exporter: ExchangeExport,
    @Inject(FailureGroupStore) private readonly groups: FailureGroupStore,
    @Inject(OperatorViewStore) private readonly operator: OperatorViewStore,
    @Inject(ExchangeDetails) private readonly details: ExchangeDetails,
    @Inject(ReasonMask) private readonly mask: ReasonMask,
    @Inject(AuditStore) private readonly audit: AuditStore,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get('exchanges')
  async list(@Query() query: unknown): Promise<ExchangePage> {
    const q = readInput(exchangeQuery, query);
    return this.page(searchOf(q), q.after, q.limit);
  }

  /** What names a person stands in a body, not in an address that proxies and browsers keep. */
  @Post('exchanges/search')
  @HttpCode(200)
  async search(@Req() request: OpsRequest): Promise<ExchangePage> {
    const { applicant, text, ...q } = readInput(personalQuery, request.body);
    const search = personal(searchOf(q), applicant, text);
    const page = await this.page(search, q.after, q.limit);
    // Written before anything is shown: that somebody is in the ledger is personal too.
    if (applicant !== undefined || text !== undefined) {
      await this.audit.record(signedOn(request).who, { action: 'personal.search', outcome: 'done', detail: { ...(applicant === undefined ? {} : { applicant: maskValue(applicant) }), ...(text === undefined ? {} : { text: maskValue(text) }), shown: page.exchanges.length } });
    }
    return page;
  }

  @Post('exchanges/export')
  @HttpCode(200)
  async export(@Req() request: OpsRequest, @Res() response: Response): Promise<void> {
    const { format, language, query: { applicant, text, ...q }, reason } = readInput(exportRequest, request.body);
    const { who, session } = signedOn(request);
    const named = reason !== undefined;
    const personalWish = named || applicant !== undefined || text !== undefined;
    const detail = { format, filter: { ...q, ...(applicant === undefined ? {} : { applicant: maskValue(applicant) }), ...(text === undefined ? {} : { text: maskValue(text) }) }, named, reason };
    if (personalWish && !(handling as readonly string[]).includes(session.role)) {
      await this.audit.record(who, { action: 'exchange.export', outcome: 'refused', detail: { ...detail, why: `role ${session.role}` } });
      throw refuse('forbidden', `the role ${session.role} may not export what names persons; it takes ${handling.join(' or ')}`);
    }
    const search = personal(searchOf(q), applicant, text);
    const truncated = await this.quick(() => this.exporter.truncated(search));
    await this.audit.record(who, { action: personalWish ? 'personal.export' : 'exchange.export', outcome: 'done', detail: { ...detail, truncated } });
    response.setHeader('x-truncated', truncated ? '1' : '0');
    await this.exports.run(() => this.exporter.write({ format, language, search, named }, response), busy);
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
    const { open, closed } = await this.groups.look();
    const [groups, gone] = [open.slice(0, groupLimit), closed.slice(0, groupLimit)];
    const examples = new Map((await this.details.rows([...groups, ...gone].filter((g) => g.partnerReason !== undefined).map((g) => g.example))).map((r) => [r.id, r]));
    const mask = await this.mask.of([...examples.values()].map((r) => ({ ...r, failureDetail: r.failureDetail ?? '' })));
    const of = (g: FailureCount): FailureGroup => groupOf(g, examples.has(g.example) ? mask(examples.get(g.example)!) : (text) => maskText(text, []));
    return { at: this.clock.iso(), more: open.length > groupLimit, groups: groups.map(of), closed: gone.map(of) };
  }

  private async page(search: OpsSearch, after: string | undefined, limit: number): Promise<ExchangePage> {
    const look = (): Promise<SearchPage> => this.store.page(search, after, limit, search.text === undefined ? budgetMs : textBudgetMs);
    const { rows, ...more } = await this.quick(() => (search.text === undefined ? look() : this.texts.run(look, busy)));
    const mask = await this.mask.of(rows);
    return { exchanges: rows.map((r) => exchangeLine(r, mask(r))), ...more };
  }

  private async quick<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TooManyPersons) throw refuse('bad-request', 'too many people begin so; write more of the name', { faults: [{ key: 'applicant', text: 'too many people begin so; write more of the name' }] });
      throw error;
    }
  }

  private async row(id: string): Promise<ExchangeRow> {
    const row = /^[1-9]\d{0,17}$/.test(id) ? await this.details.row(id) : undefined;
    if (!row) throw refuse('not-found', 'the ledger has no exchange of this number');
    return row;
  }
}

function personal(search: OpsSearch, applicant: string | undefined, text: string | undefined): OpsSearch {
  const person = applicant === undefined ? undefined : searchTerm(applicant);
  if (applicant !== undefined && person === undefined) throw refuse('bad-request', 'expected at least 2 characters of a name, or a number', { faults: [{ key: 'applicant', text: 'expected at least 2 characters' }] });
  return { ...search, person, text };
}

function groupOf(f: FailureCount, masked: (text: string) => string): FailureGroup {
  return {
    key: f.key, channel: f.channel, state: f.state,
    stage: f.state === 'refused' ? 'receiver' : f.parkedFrom === 'rendered' ? 'delivery' : 'mapping',
    failure: failureText(f.code ?? (f.state === 'refused' ? 'refused-by-receiver' : 'unexpected'), undefined)!,
    field: f.element, rule: f.rule, source: f.source,
    ...(f.partnerCode === undefined && f.partnerReason === undefined ? {} : { partner: { code: f.partnerCode, reason: f.partnerReason === undefined ? undefined : masked(f.partnerReason) } }),
    count: f.count, firstAt: f.firstAt, lastAt: f.lastAt, last24h: f.trend.at(-1)!, before24h: f.trend.at(-2)!, trend: f.trend, example: f.example,
    seenFirstAt: f.seenFirstAt, reopened: f.reopened, reopenedAt: f.reopenedAt, closedAt: f.closedAt, most: f.most,
  };
}
