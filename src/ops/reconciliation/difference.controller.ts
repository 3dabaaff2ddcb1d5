import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Candidate, ClearanceView, DecisionLine, DifferenceDetail, DifferencePage, ResolveAnswer } from '../../domain/ops-reconciliation-api.js';
import { dayOf } from '../../domain/reckon-days.js';
import type { Note, ResolutionResult } from '../../ledger/resolution.store.js';
import { writeStatementCsv } from '../../reconciliation/statement-csv.adapter.js';
import { writeStatementXlsx } from '../../reconciliation/statement-xlsx.adapter.js';
import { OpsFilter } from '../ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from '../ops-guard.adapter.js';
import { readInput, reasonRequest } from '../read-input.js';
import { refuse } from '../refusal.js';
import type { SignedOn } from '../../ledger/request-session.adapter.js';
import { ClearanceFace } from './show-clearance.adapter.js';
import { ReconciliationParts } from './reconciliation-parts.adapter.js';
import { decisionQuery, declineRequest, differenceExport, differenceQuery, itemsQuery, keyOf, number, resolveRequest, searchOf } from './read-reconciliation-input.js';
import { DifferenceFace } from './show-difference.adapter.js';
import { StatementFace } from './show-statement.adapter.js';
import { tabulateDifferences } from './tabulate-differences.js';

const mostExported = 20_000;
const mostFound = 40;
const mostDecisions = 200;

/** Differences, what persons decide about them, and clearances. */
@ApiExcludeController()
@Controller('api/ops/reconciliation')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class DifferenceController {
  constructor(
    @Inject(ReconciliationParts) private readonly parts: ReconciliationParts,
    @Inject(DifferenceFace) private readonly face: DifferenceFace,
    @Inject(ClearanceFace) private readonly clearances: ClearanceFace,
    @Inject(StatementFace) private readonly statements: StatementFace,
  ) {}

  @Get('differences')
  async list(@Query() query: unknown): Promise<DifferencePage> {
    const { after, limit, ...filters } = readInput(differenceQuery, query);
    const found = await this.parts.pages.page({ ...searchOf(filters, dayOf(this.parts.clock.iso()), this.parts.standards), after: keyOf(after) }, limit + 1);
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    return { lines: await this.face.lines(rows), ...(found.length > limit && last ? { next: `${last.firstDay}~${last.id}` } : {}) };
  }

  @Post('differences/export')
  @HttpCode(200)
  async export(@Req() request: OpsRequest, @Res() response: Response): Promise<void> {
    const { format, language, query } = readInput(differenceExport, request.body);
    const today = dayOf(this.parts.clock.iso());
    const rows = await this.parts.pages.page(searchOf(query, today, this.parts.standards), mostExported + 1);
    if (rows.length > mostExported) throw refuse('not-possible', `more than ${mostExported} differences; narrow the filter`);
    const sheets = tabulateDifferences(await this.face.lines(rows), this.parts.standards.reasons, language, `${this.parts.settings.instance} ${this.parts.clock.iso()}`);
    const bytes = format === 'csv' ? writeStatementCsv(sheets) : await writeStatementXlsx(sheets, this.parts.clock.now());
    await this.parts.audit.record(signedOn(request).who, { action: 'difference.export', subject: format, outcome: 'done', detail: { lines: rows.length } });
    const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
    response.status(200).set({ 'content-type': type, 'content-disposition': `attachment; filename="differences-${today}.${format}"`, 'x-content-type-options': 'nosniff' }).end(bytes);
  }

  @Get('differences/:id')
  one(@Req() request: OpsRequest, @Param('id') id: string): Promise<DifferenceDetail> {
    return this.detail(id, signedOn(request), false);
  }

  @Post('differences/:id/unmask')
  @HttpCode(200)
  async unmask(@Req() request: OpsRequest, @Param('id') id: string): Promise<DifferenceDetail> {
    const { reason } = readInput(reasonRequest, request.body);
    const detail = await this.detail(id, signedOn(request), true);
    // Written before anything is shown: what cannot be recorded is not seen.
    await this.parts.audit.record(signedOn(request).who, { action: 'personal.view', subject: `difference ${id}`, outcome: 'done', detail: { case: detail.difference.caseNo ?? '', reason } });
    return detail;
  }

  @Get('items')
  async find(@Query() query: unknown): Promise<readonly (Candidate & { readonly open: boolean })[]> {
    const q = readInput(itemsQuery, query).q.trim();
    const { items, pages } = this.parts;
    const found = (await items.find(q)).filter((i) => i.inForce).slice(0, mostFound);
    const open = await pages.openAmong(found.map((i) => i.id));
    return found.map((i) => ({ ...this.face.candidate(i), open: open.has(i.id) }));
  }

  @Post('resolve')
  @HttpCode(200)
  async resolve(@Req() request: OpsRequest): Promise<ResolveAnswer> {
    const asked = readInput(resolveRequest, request.body);
    const signed = signedOn(request);
    if (asked.act === 'assign' && asked.target !== undefined && !(await this.parts.users.all()).some((u) => u.name === asked.target && !u.disabled)) throw refuse('bad-request', 'there is no user of this name who could look after it', { faults: [{ key: 'target', text: 'the name of a user' }] });
    const entry = { action: `difference-${asked.act}`, subject: `items ${[...asked.expected, ...asked.returned].join(' ')}` };
    return this.end(signed, entry, await this.parts.resolutions.resolve({ ...asked, actor: signed.who.actor }, this.note(signed, entry, asked.target === undefined ? {} : { to: asked.target })));
  }

  @Get('decisions')
  async decisions(@Req() request: OpsRequest, @Query() query: unknown): Promise<readonly DecisionLine[]> {
    const { state } = readInput(decisionQuery, query);
    const { items } = this.parts;
    return this.face.decisionLines(state === 'proposed' ? await items.decisions() : await items.latestDecisions(mostDecisions), signedOn(request).who.actor);
  }

  @Post('decisions/:id/confirm')
  @HttpCode(200)
  async confirm(@Req() request: OpsRequest, @Param('id') given: string): Promise<ResolveAnswer> {
    const id = readInput(number, given);
    const signed = signedOn(request);
    const entry = { action: 'difference-confirm', subject: `decision ${id}` };
    return this.end(signed, entry, await this.parts.resolutions.confirm(id, signed.who.actor, this.note(signed, entry)));
  }

  @Post('decisions/:id/decline')
  @HttpCode(204)
  async decline(@Req() request: OpsRequest, @Param('id') given: string): Promise<void> {
    const id = readInput(number, given);
    const { reason } = readInput(declineRequest, request.body);
    const signed = signedOn(request);
    const entry = { action: 'difference-decline', subject: `decision ${id}` };
    await this.end(signed, entry, await this.parts.resolutions.decline(id, signed.who.actor, reason, this.note(signed, entry)));
  }

  @Get('cases/:case')
  async clearance(@Param('case') caseNo: string): Promise<ClearanceView> {
    const found = caseNo.length > 60 ? undefined : await this.clearances.show(caseNo.trim());
    if (!found) throw refuse('not-found', 'the gateway knows neither a case of this number nor anything returned for it');
    return found;
  }

  private async detail(id: string, signed: SignedOn, unmasked: boolean): Promise<DifferenceDetail> {
    const found = /^[1-9]\d{0,17}$/.test(id) ? await this.face.detail(id, signed.who.actor, unmasked) : undefined;
    if (!found) throw refuse('not-found', 'the ledger has no difference of this number');
    return found;
  }

  /** The audit line stands or falls with the decision. */
  private note(signed: SignedOn, entry: { action: string; subject: string }, detail: Record<string, unknown> = {}): Note {
    return (runner, d) => this.parts.audit.append(runner, signed.who, { ...entry, outcome: d.awaitsSecond ? 'ordered' : 'done', detail: { decision: d.id, ...detail } });
  }

  private async end(signed: SignedOn, entry: { action: string; subject: string }, result: ResolutionResult): Promise<ResolveAnswer> {
    this.statements.forget();
    if (result.done) return { decision: result.id, awaitsSecond: result.awaitsSecond };
    await this.parts.audit.record(signed.who, { ...entry, outcome: 'refused', detail: { expected: result.expected } });
    throw refuse('not-possible', `expected ${result.expected}`);
  }
}
