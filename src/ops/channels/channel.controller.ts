import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import type { CalendarYear, ChannelDetail, ConnectionTest, MappingLine, PollState, StreamLine } from '../../domain/ops-channel-api.js';
import { isCalendarDate } from '../../domain/format-datetime.js';
import type { ChannelSettings, Settings } from '../../domain/settings.js';
import { shanghaiDay } from '../../domain/working-calendar.js';
import { AuditStore } from '../../ledger/audit.store.js';
import { LocalDayStore } from '../../ledger/local-day.store.js';
import { MappingVersionStore } from '../../ledger/mapping-version.store.js';
import { PollRequestStore } from '../../ledger/poll-request.store.js';
import type { CompiledMapping } from '../../mapping/compiled-mapping.js';
import { Clock } from '../../platform/clock.js';
import { MAPPINGS, SETTINGS } from '../../platform/tokens.js';
import { OpsFilter } from '../ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from '../ops-guard.adapter.js';
import { readInput } from '../read-input.js';
import { refuse } from '../refusal.js';
import { writeCsv } from '../write-csv.adapter.js';
import { ChannelView } from './channel-view.adapter.js';
import { listExported } from './list-exported.js';
import { daysBetween, showCalendar } from './show-calendar.js';
import { testConnection } from './test-connection.adapter.js';

const day = z.string().refine((v) => /^20\d\d-\d\d-\d\d$/.test(v) && isCalendarDate(Number(v.slice(0, 4)), Number(v.slice(5, 7)), Number(v.slice(8))), 'expected a day that exists as YYYY-MM-DD');
const reason = z.string().regex(/^[^\u0000-\u001f\u007f]{3,200}$/, 'expected a reason of 3 to 200 characters');
const decideRequest = z
  .strictObject({ from: day, to: day, kind: z.enum(['free', 'working', 'none']), reason })
  .refine((r) => r.from <= r.to, { message: 'expected the last day not before the first', path: ['to'] })
  .refine((r) => daysBetween(r.from, r.to).length <= 60, { message: 'expected at most 60 days at once', path: ['to'] });
const calendarQuery = z.strictObject({ year: z.coerce.number().int().min(2000).max(2099).optional() });
const shownDecisions = 200;

/** Channels in detail, streams, mappings and the working calendar. */
@ApiExcludeController()
@Controller('api/ops')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class ChannelController {
  /** Channels whose connection is being tried. */
  private readonly testing = new Set<string>();

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(MAPPINGS) private readonly mappings: readonly CompiledMapping[],
    @Inject(ChannelView) private readonly view: ChannelView,
    @Inject(PollRequestStore) private readonly polls: PollRequestStore,
    @Inject(LocalDayStore) private readonly localDays: LocalDayStore,
    @Inject(MappingVersionStore) private readonly versions: MappingVersionStore,
    @Inject(AuditStore) private readonly audit: AuditStore,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get('channels/:channel')
  detail(@Param('channel') given: string): Promise<ChannelDetail> {
    return this.view.detail(this.known(given));
  }

  @Post('channels/:channel/poll')
  @HttpCode(200)
  poll(@Req() request: OpsRequest, @Param('channel') given: string): Promise<PollState[]> {
    const channel = this.known(given);
    return this.ask(request, 'channel.poll', channel.channel, this.view.targetsOf(channel));
  }

  @Post('channels/:channel/test')
  @HttpCode(200)
  async test(@Req() request: OpsRequest, @Param('channel') given: string): Promise<ConnectionTest> {
    const channel = this.known(given);
    const { who } = signedOn(request);
    if (this.testing.has(channel.channel)) throw refuse('too-many-requests', 'this connection is being tried at this moment', { retryAfterSeconds: 10 });
    this.testing.add(channel.channel);
    try {
      await this.audit.record(who, { action: 'channel.test', subject: channel.channel, outcome: 'ordered' });
      const result = await testConnection(channel, () => performance.now());
      await this.audit.record(who, { action: 'channel.test', subject: channel.channel, outcome: result.ok ? 'done' : 'failed', detail: { failed: result.steps.find((s) => s.status === 'failed')?.step } });
      return result;
    } finally {
      this.testing.delete(channel.channel);
    }
  }

  @Get('streams')
  streams(): Promise<StreamLine[]> {
    return this.view.streams();
  }

  @Post('streams/:stream/poll')
  @HttpCode(200)
  pollStream(@Req() request: OpsRequest, @Param('stream') given: string): Promise<PollState[]> {
    const stream = this.settings.streamDefinitions.find((s) => s.stream === given);
    if (!stream) throw refuse('not-found', 'there is no stream of this name');
    return this.ask(request, 'stream.poll', stream.stream, this.view.streamTargets(stream.stream));
  }

  @Get('mappings')
  async inForce(): Promise<MappingLine[]> {
    const versions = await this.versions.newest();
    return this.mappings.map((m): MappingLine => {
      const version = versions.find((v) => v.channel === m.channel && v.event === m.event && v.digest === m.digest);
      const fields = listExported(m);
      const columns = new Map(fields.filter((f) => f.kind === 'column').map((f) => [f.source, f.personal]));
      return {
        channel: m.channel, event: m.event, title: m.title, mapping: this.settings.channels.find((c) => c.channel === m.channel)?.messages[m.event] ?? m.message, digest: m.digest, since: version?.since, versions: version?.versions ?? 0,
        columns: columns.size, personalColumns: [...columns.values()].filter(Boolean).length, attachments: m.attachments !== undefined, fields,
      };
    });
  }

  @Get('mappings/whitelist')
  async whitelist(@Res() response: Response): Promise<void> {
    const lines = await this.inForce();
    const head = ['通道 channel', '事项 event', '映射 mapping', '版本 digest', '启用时间 since', '要素 element', '来源类别 kind', '来源 source', '必填 mandatory', '涉及个人 personal', '代码表 codes'];
    const rows = lines.flatMap((m) => m.fields.map((f) => [m.channel, m.event, m.mapping, m.digest.slice(0, 12), m.since ?? '', f.element, f.kind, f.source, f.mandatory ? '是 yes' : '', f.personal ? '是 yes' : '', f.codes ?? '']));
    response.status(200).set({ 'content-type': 'text/csv; charset=utf-8', 'content-disposition': `attachment; filename="export-whitelist-${shanghaiDay(this.clock.now().getTime())}.csv"` }).end(writeCsv([head, ...rows]));
  }

  @Get('calendar')
  calendar(@Query() query: unknown): Promise<CalendarYear> {
    return this.year(readInput(calendarQuery, query).year);
  }

  @Post('calendar/days')
  @HttpCode(200)
  async decide(@Req() request: OpsRequest): Promise<CalendarYear> {
    const asked = readInput(decideRequest, request.body);
    const { who } = signedOn(request);
    const { from, to, ...detail } = asked;
    await this.audit.with(who, { action: 'calendar.decide', subject: from === to ? from : `${from}..${to}`, outcome: 'done', detail }, (runner) => this.localDays.decide(runner, daysBetween(from, to), asked.kind, asked.reason, who.actor));
    return this.year(Number(from.slice(0, 4)));
  }

  private async year(given: number | undefined): Promise<CalendarYear> {
    const nowMs = this.clock.now().getTime();
    const [inForce, history] = await Promise.all([this.localDays.inForce(), this.localDays.history(shownDecisions)]);
    return showCalendar(inForce, this.settings.calendar, given ?? Number(shanghaiDay(nowMs).slice(0, 4)), nowMs, history.map(({ id, day: d, kind, reason: why, at, by }) => ({ id, day: d, kind, reason: why, at, by })));
  }

  private async ask(request: OpsRequest, action: string, subject: string, targets: readonly string[]): Promise<PollState[]> {
    const { who } = signedOn(request);
    await this.audit.with(who, { action, subject, outcome: 'ordered' }, (runner) => this.polls.ask(runner, targets, who.actor));
    return this.view.polls(targets);
  }

  private known(channel: string): ChannelSettings {
    const found = this.view.settingsOf(channel);
    if (!found) throw refuse('not-found', 'there is no channel of this name in the configuration');
    return found;
  }
}
