import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AlarmStore } from '../ledger/alarm.store.js';
import { ChannelStore } from '../ledger/channel.store.js';
import { ExchangeViewStore } from '../ledger/exchange-view.store.js';
import { pingLedger } from '../ledger/open-ledger.adapter.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { LEDGER_DATABASE } from '../platform/tokens.js';

/** How this process is: for orchestrators, Prometheus and people. Holds no case data. */
@ApiTags('operation')
@Controller()
export class HealthController {
  constructor(
    @Inject(LEDGER_DATABASE) private readonly ledger: DatabaseAdapter,
    private readonly doorbell: DoorbellAdapter,
    private readonly metrics: MetricsAdapter,
    private readonly exchanges: ExchangeViewStore,
    private readonly channels: ChannelStore,
    private readonly alarms: AlarmStore,
  ) {}

  @Get('health/live')
  @ApiOperation({ summary: 'The process runs' })
  @ApiOkResponse({ schema: { example: { status: 'ok' } } })
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @ApiOperation({ summary: 'Ledger and queue answer; 503 otherwise' })
  async ready(@Res({ passthrough: true }) response: Response): Promise<{ status: string; ledger: string; queue: string }> {
    const [ledger, queue] = await Promise.all([pingLedger(this.ledger), this.doorbell.healthy()]);
    // A queue that is down costs delay, no work: only the ledger decides.
    if (!ledger) response.status(503);
    return { status: ledger ? 'ok' : 'unavailable', ledger: ledger ? 'ok' : 'no answer', queue: queue ? 'ok' : 'no answer' };
  }

  @Get('metrics')
  @ApiOperation({ summary: 'Prometheus metrics' })
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async prometheus(): Promise<string> {
    await Promise.all([refreshGauges(this.metrics, this.exchanges, this.channels), refreshAlarms(this.metrics, this.alarms)]);
    return this.metrics.registry.metrics();
  }
}

/** Gauges are read from the ledger when they are asked for: every process answers alike. */
export async function refreshGauges(metrics: MetricsAdapter, exchanges: ExchangeViewStore, channels: ChannelStore): Promise<void> {
  const [counts, ages, blocked, states] = await Promise.all([exchanges.counts(), exchanges.oldestOpen(), exchanges.lanesBlocked(), channels.states()]);
  metrics.exchanges.reset();
  for (const c of counts) metrics.exchanges.set({ channel: c.channel, state: c.state }, c.count);
  for (const s of states) {
    metrics.oldestDue.set({ channel: s.channel }, (ages.find((a) => a.channel === s.channel)?.ageMs ?? 0) / 1000);
    metrics.lanesBlocked.set({ channel: s.channel }, blocked.find((b) => b.channel === s.channel)?.count ?? 0);
    metrics.breaker.set({ channel: s.channel }, s.breaker === 'open' ? 1 : 0);
  }
}

/** 1 and more while alarms of a kind stand; a kind that stood and is over stays with 0. */
export async function refreshAlarms(metrics: MetricsAdapter, alarms: AlarmStore): Promise<void> {
  const open = await alarms.open();
  const before = (await metrics.alarms.get()).values.map((v) => v.labels);
  for (const labels of before) metrics.alarms.set(labels, 0);
  for (const a of open) metrics.alarms.set({ kind: a.kind, channel: a.channel ?? '' }, open.filter((o) => o.kind === a.kind && o.channel === a.channel).length);
}
