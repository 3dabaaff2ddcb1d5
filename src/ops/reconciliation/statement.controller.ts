import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import type { CloseAnswer, DayList, ReconciliationOverview, StatementView } from '../../domain/ops-reconciliation-api.js';
import { dayOf } from '../../domain/reckon-days.js';
import { reasonCodes } from '../../domain/reconciliation-outcomes.js';
import { writeStatementCsv } from '../../reconciliation/statement-csv.adapter.js';
import { writeStatementXlsx } from '../../reconciliation/statement-xlsx.adapter.js';
import { tabulateStatement } from '../../reconciliation/tabulate-statement.js';
import { writeStatementHtml } from '../../reconciliation/write-statement-html.js';
import { writeStatementXml } from '../../reconciliation/write-statement-xml.js';
import { OpsFilter } from '../ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from '../ops-guard.adapter.js';
import { readInput } from '../read-input.js';
import { refuse } from '../refusal.js';
import { ReconciliationParts } from './reconciliation-parts.adapter.js';
import { closeRequest, day, daysQuery, exportRequest } from './read-reconciliation-input.js';
import { obstacleLine, StatementFace } from './show-statement.adapter.js';

const types = { xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', csv: 'text/csv; charset=utf-8', xml: 'application/xml', html: 'application/octet-stream' } as const;
const mostNamed = 5;

/** Days, their statements, and closing them. */
@ApiExcludeController()
@Controller('api/ops/reconciliation')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class StatementController {
  constructor(
    @Inject(ReconciliationParts) private readonly parts: ReconciliationParts,
    @Inject(StatementFace) private readonly face: StatementFace,
  ) {}

  @Get()
  async overview(): Promise<ReconciliationOverview> {
    const { items, standards, statements, settings, said, users, clock } = this.parts;
    const [open, proposed, contradicted, owing, closedUpTo, people] = await Promise.all([items.openByReason(), items.decisions(), said.contradicted(mostNamed), said.owing(), statements.closedUpTo(), users.all()]);
    return {
      at: clock.iso(), today: dayOf(clock.iso()), closedUpTo,
      reasons: reasonCodes.map((code) => {
        const found = open.find((o) => o.reason === code);
        const { severity, text, next } = standards.reasons[code];
        return { code, severity, text, next, count: found?.count ?? 0, expectedFen: String(found?.expectedFen ?? 0n), returnedFen: String(found?.returnedFen ?? 0n), oldest: found?.oldest };
      }),
      proposed: proposed.length, people: people.filter((u) => !u.disabled && (u.role === 'finance' || u.role === 'administrator')).map((u) => u.name),
      twoPersonsAboveFen: String(settings.reconciliation.twoPersonsAboveFen), suspenseDays: settings.reconciliation.suspenseDays, contradicted: { count: contradicted.count, cases: contradicted.rows.map((r) => r.caseNo) },
      writeBack: { configured: settings.writeBack.url !== undefined, owed: owing.count, oldest: owing.oldest, failure: owing.failure },
    };
  }

  @Get('days')
  days(@Query() query: unknown): Promise<DayList> {
    return this.face.days(readInput(daysQuery, query).before);
  }

  @Get('statements/:day')
  show(@Param('day') given: string): Promise<StatementView> {
    return this.face.show(readInput(day, given));
  }

  @Post('statements/:day/close')
  @HttpCode(200)
  async close(@Req() request: OpsRequest, @Param('day') given: string): Promise<CloseAnswer> {
    const asked = readInput(day, given);
    const { withoutControl } = readInput(closeRequest, request.body ?? {});
    const { who } = signedOn(request);
    const { closed, record } = await this.parts.statement.close(asked, who, withoutControl?.trim());
    if (!closed) await this.parts.audit.record(who, { action: 'statement-close', subject: asked, outcome: 'refused', detail: { obstacles: record.obstacles.length, codes: [...new Set(record.obstacles.map((o) => o.code))] } });
    this.face.forget();
    return { closed, obstacles: closed ? [] : record.obstacles.map(obstacleLine) };
  }

  @Post('statements/:day/export')
  @HttpCode(200)
  async export(@Req() request: OpsRequest, @Param('day') given: string, @Res() response: Response): Promise<void> {
    const asked = readInput(day, given);
    const { format, language, channel } = readInput(exportRequest, request.body);
    const { record, closed } = await this.parts.statement.show(asked);
    const controlled = this.parts.controlled;
    const whose = channel ?? controlled[0] ?? '';
    if (format === 'xml' && !closed) throw refuse('not-possible', `${asked} is not closed; the center gets the statement of a closed day`);
    if (format === 'xml' && !controlled.includes(whose)) throw refuse('bad-request', `expected a channel that returns files: ${controlled.join(', ') || 'none does'}`, { faults: [{ key: 'channel', text: `one of ${controlled.join(', ')}` }] });
    const sheets = tabulateStatement(record, closed, language);
    const bytes = format === 'xml' ? writeStatementXml(record, closed!, whose) : format === 'html' ? Buffer.from(writeStatementHtml(sheets)) : format === 'csv' ? writeStatementCsv(sheets) : await writeStatementXlsx(sheets, this.parts.clock.now());
    await this.parts.audit.record(signedOn(request).who, { action: 'statement.export', subject: asked, outcome: 'done', detail: { format } });
    response.status(200).set({ 'content-type': types[format], 'content-disposition': `attachment; filename="statement-${asked}.${format}"`, 'x-content-type-options': 'nosniff' }).end(bytes);
  }
}
