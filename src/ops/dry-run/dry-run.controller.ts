import { Controller, Get, HttpCode, Inject, Param, Post, Req, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import type { DryRange, DryRun } from '../../domain/ops-dry-run-api.js';
import { AuditStore } from '../../ledger/audit.store.js';
import { OpsFilter } from '../ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from '../ops-guard.adapter.js';
import { readInput } from '../read-input.js';
import { DryRanges } from './dry-ranges.adapter.js';
import { DryRuns } from './dry-run.adapter.js';

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,79}$/, 'expected a plain name');
const caseNo = z.string().regex(/^[^\u0000-\u001f\u007f]{1,50}$/, 'expected a case number of 1 to 50 characters');
const row = z.record(z.string().max(100), z.string().max(100_000).nullable());
const choice = { stream: name.optional(), channel: name.optional(), event: name.optional(), mapping: z.enum(['in-force', 'files']).optional() };
const single = z.strictObject({ ...choice, caseNo: caseNo.optional(), snapshot: z.object({ caseNo, case: row, children: z.record(z.string().max(100), z.array(row).max(2000)).default({}) }).optional() });
const one = (r: { caseNo?: unknown; snapshot?: unknown }): boolean => (r.caseNo === undefined) !== (r.snapshot === undefined);
const oneOf = { message: 'expected a case number or a snapshot', path: ['caseNo'] };
const runRequest = single.refine(one, oneOf);
const unmaskRequest = single.extend({ reason: z.string().regex(/^[^\u0000-\u001f\u007f]{3,500}$/, 'expected a reason of at least 3 characters') }).refine(one, oneOf);
const instant = z.iso.datetime({ offset: true, error: 'expected an instant such as 2026-11-24T00:00:00Z' }).transform((v) => new Date(v).toISOString());
const rangeRequest = z.strictObject({ ...choice, from: instant, to: instant }).refine((r) => r.from < r.to, { message: 'expected an end after the beginning', path: ['to'] });

/** Dry runs of one case and of many. */
@ApiExcludeController()
@Controller('api/ops')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class DryRunController {
  constructor(
    @Inject(DryRuns) private readonly runs: DryRuns,
    @Inject(DryRanges) private readonly ranges: DryRanges,
    @Inject(AuditStore) private readonly audit: AuditStore,
  ) {}

  @Post('dry-runs')
  @HttpCode(200)
  run(@Req() request: OpsRequest): Promise<DryRun> {
    return this.runs.run(readInput(runRequest, request.body), false);
  }

  @Post('dry-runs/unmask')
  @HttpCode(200)
  async unmask(@Req() request: OpsRequest): Promise<DryRun> {
    const { reason, ...asked } = readInput(unmaskRequest, request.body);
    const result = await this.runs.run(asked, true);
    // Written before anything is shown: what cannot be recorded is not seen.
    await this.audit.record(signedOn(request).who, { action: 'personal.view', subject: `dry run ${result.caseNo}`, outcome: 'done', detail: { case: result.caseNo, from: result.readFrom, reason } });
    return result;
  }

  @Post('dry-runs/range')
  @HttpCode(200)
  start(@Req() request: OpsRequest): Promise<DryRange> {
    return this.ranges.start(readInput(rangeRequest, request.body), signedOn(request).session.user);
  }

  @Get('dry-runs/range/:id')
  look(@Req() request: OpsRequest, @Param('id') id: string): DryRange {
    return this.ranges.find(id, signedOn(request).session.user);
  }

  @Post('dry-runs/range/:id/cancel')
  @HttpCode(200)
  cancel(@Req() request: OpsRequest, @Param('id') id: string): DryRange {
    return this.ranges.cancel(id, signedOn(request).session.user);
  }
}
