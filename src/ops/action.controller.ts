import { Controller, Get, HttpCode, Inject, Param, Post, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import type { ChannelLine, Today } from '../domain/ops-api.js';
import { AlarmStore } from '../ledger/alarm.store.js';
import { AuditStore } from '../ledger/audit.store.js';
import { ChannelStore } from '../ledger/channel.store.js';
import { TodayView } from './gather-today.adapter.js';
import { LiveStreams } from './live-stream.adapter.js';
import { OpsFilter } from './ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from './ops-guard.adapter.js';
import { keyRequest, readInput, reasonRequest } from './read-input.js';
import { refuse } from './refusal.js';
import { SignOn } from './sign-on.adapter.js';

/** Today, live; actions on channels and alarms. */
@ApiExcludeController()
@Controller('api/ops')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class ActionController {
  constructor(
    @Inject(TodayView) private readonly todayView: TodayView,
    @Inject(LiveStreams) private readonly streams: LiveStreams,
    @Inject(SignOn) private readonly signOn: SignOn,
    @Inject(ChannelStore) private readonly channels: ChannelStore,
    @Inject(AlarmStore) private readonly alarms: AlarmStore,
    @Inject(AuditStore) private readonly audit: AuditStore,
  ) {}

  @Get('today')
  today(): Promise<Today> {
    return this.todayView.read();
  }

  @Get('stream')
  stream(@Req() request: OpsRequest, @Res() response: Response): void {
    // An open page is no work: it does not keep its session alive.
    this.streams.start(response, async () => (await this.signOn.find(request, false)) !== undefined);
  }

  @Get('channels')
  list(): Promise<ChannelLine[]> {
    return this.todayView.channelLines();
  }

  @Post('channels/:channel/pause')
  @HttpCode(204)
  async pause(@Req() request: OpsRequest, @Param('channel') given: string): Promise<void> {
    const { reason } = readInput(reasonRequest, request.body);
    const channel = await this.known(given);
    const { who } = signedOn(request);
    await this.audit.with(who, { action: 'channel.pause', subject: channel, outcome: 'done', detail: { reason } }, (runner) => this.channels.pause(channel, reason, who.actor, runner));
    this.todayView.forget();
  }

  @Post('channels/:channel/resume')
  @HttpCode(204)
  async resume(@Req() request: OpsRequest, @Param('channel') given: string): Promise<void> {
    const channel = await this.known(given);
    await this.audit.with(signedOn(request).who, { action: 'channel.resume', subject: channel, outcome: 'done' }, (runner) => this.channels.resume(channel, runner));
    this.todayView.forget();
  }

  @Post('alarms/acknowledge')
  @HttpCode(204)
  async acknowledge(@Req() request: OpsRequest): Promise<void> {
    const { key } = readInput(keyRequest, request.body);
    const { who } = signedOn(request);
    await this.audit.record(who, { action: 'alarm.acknowledge', subject: key, outcome: 'ordered' });
    if (!(await this.alarms.acknowledge(key, who.actor))) throw refuse('not-found', 'this alarm does not stand any more');
    this.todayView.forget();
  }

  private async known(channel: string): Promise<string> {
    if (!(await this.channels.states()).some((s) => s.channel === channel)) throw refuse('not-found', 'there is no channel of this name');
    return channel;
  }
}
