import { Inject, Module, Optional, type DynamicModule, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { AcknowledgementModule } from './acknowledgement/acknowledgement.module.js';
import { AcknowledgementProcessor } from './acknowledgement/acknowledgement.processor.js';
import { AlarmJobs, AlarmModule } from './alarm/alarm.module.js';
import { JobPoller, type ScheduledJob } from './app.poller.js';
import { RelayAdapter } from './app.relay.adapter.js';
import { CaptureModule, CapturePollers } from './capture/capture.module.js';
import { CollectionModule } from './collection/collection.module.js';
import { CollectionPoller } from './collection/collection.poller.js';
import { DeliveryModule } from './delivery/delivery.module.js';
import { DeliveryProcessor } from './delivery/delivery.processor.js';
import { MirrorPoller } from './delivery/mirror.poller.js';
import { alarmWords } from './domain/alarm-words.js';
import type { Settings } from './domain/settings.js';
import { InquiryJobs, InquiryModule } from './inquiry/inquiry.module.js';
import { AcknowledgementStore } from './ledger/acknowledgement.store.js';
import { AlarmStore } from './ledger/alarm.store.js';
import { ChannelStore } from './ledger/channel.store.js';
import { ExchangeStore } from './ledger/exchange.store.js';
import { ExchangeViewStore } from './ledger/exchange-view.store.js';
import { InboxStore } from './ledger/inbox.store.js';
import { LeaseStore } from './ledger/lease.store.js';
import { LedgerModule } from './ledger/ledger.module.js';
import { MappingVersionStore } from './ledger/mapping-version.store.js';
import { PollRequestStore } from './ledger/poll-request.store.js';
import { RetentionPoller } from './ledger/retention.poller.js';
import { StateTallyPoller } from './ledger/state-tally.poller.js';
import type { CompiledMapping } from './mapping/compiled-mapping.js';
import { MappingModule } from './mapping/mapping.module.js';
import { MappingProcessor } from './mapping/mapping.processor.js';
import { subscriptionsOf } from './mapping/subscribe.js';
import { OpsModule } from './ops/ops.module.js';
import { ReturnFileStore } from './ledger/return-file.store.js';
import type { Clock } from './platform/clock.js';
import { DatabaseAdapter } from './platform/database/database.adapter.js';
import type { GatewayLog } from './platform/log.adapter.js';
import { MetricsAdapter } from './platform/metrics.adapter.js';
import { PlatformModule } from './platform/platform.module.js';
import { bells, DoorbellAdapter } from './platform/queue/doorbell.adapter.js';
import { StagingRegistry } from './platform/staging/staging-registry.adapter.js';
import { SupervisionJobs, SupervisionModule } from './supervision/supervision.module.js';
import { LEDGER_DATABASE, LOG, MAPPINGS, SETTINGS } from './platform/tokens.js';
import { ChargePoller } from './reconciliation/charge.poller.js';
import { ReconciliationModule } from './reconciliation/reconciliation.module.js';
import { ReconciliationPoller } from './reconciliation/reconciliation.poller.js';
import { SuspensePoller } from './reconciliation/suspense.poller.js';
import { ReturnModule } from './reconciliation/return.module.js';
import { ReturnProcessor } from './reconciliation/return.processor.js';

export interface GatewayParts {
  readonly settings: Settings;
  readonly mappings: readonly CompiledMapping[];
  readonly log?: GatewayLog;
  readonly clock?: Clock;
  readonly processMetrics?: boolean;
}

/** How often lanes are looked through for a lost head mark; a full look at all open exchanges. */
const mendEveryMs = 60_000;
/** How often it is asked whether the hour of a nightly job has come. */
const nightlyLookMs = 60_000;
/** How long an emptied Redis is an alarm. */
const emptiedForMs = 10 * 60_000;

/** The gateway: modules in the order of the journey, started and stopped by role. */
@Module({})
export class AppModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOG) private readonly log: GatewayLog,
    @Inject(LEDGER_DATABASE) private readonly ledger: DatabaseAdapter,
    private readonly registry: SchedulerRegistry,
    private readonly doorbell: DoorbellAdapter,
    private readonly staging: StagingRegistry,
    private readonly leases: LeaseStore,
    private readonly channels: ChannelStore,
    private readonly exchanges: ExchangeStore,
    view: ExchangeViewStore,
    inbox: InboxStore,
    acknowledgements: AcknowledgementStore,
    private readonly pollers: CapturePollers,
    private readonly mapping: MappingProcessor,
    private readonly delivery: DeliveryProcessor,
    private readonly reading: AcknowledgementProcessor,
    private readonly collection: CollectionPoller,
    private readonly retention: RetentionPoller,
    private readonly tally: StateTallyPoller,
    private readonly returns: ReturnProcessor,
    returnFiles: ReturnFileStore,
    private readonly mirror: MirrorPoller,
    private readonly charges: ChargePoller,
    private readonly reconciliation: ReconciliationPoller,
    private readonly suspense: SuspensePoller,
    private readonly metrics: MetricsAdapter,
    private readonly alarms: AlarmStore,
    private readonly alarmJobs: AlarmJobs,
    private readonly supervision: SupervisionJobs,
    private readonly versions: MappingVersionStore,
    @Inject(MAPPINGS) private readonly mappings: readonly CompiledMapping[],
    requests: PollRequestStore,
    @Optional() private readonly inquiry?: InquiryJobs,
  ) {
    this.relay = new RelayAdapter({ doorbell, view, inbox, acknowledgements, returnFiles, log }, settings.relay.quietMs);
    this.jobs = new JobPoller(registry, leases, log, requests, () => this.relay.carrying || [...pollers.byStream.values()].some((p) => p.carrying));
  }
  private readonly jobs: JobPoller;
  private readonly relay: RelayAdapter;

  static register(parts: GatewayParts): DynamicModule {
    const { settings, mappings } = parts;
    const platform = PlatformModule.register(settings, parts);
    const ledger = LedgerModule.register(settings, platform);
    return {
      module: AppModule,
      providers: [{ provide: MAPPINGS, useValue: mappings }],
      imports: [
        ScheduleModule.forRoot(),
        platform,
        ledger,
        CaptureModule.register(settings, subscriptionsOf(mappings), platform, ledger),
        MappingModule.register(settings, mappings, platform, ledger),
        DeliveryModule.register(settings, platform, ledger),
        CollectionModule.register(platform, ledger),
        AcknowledgementModule.register(platform, ledger),
        ReturnModule.register(platform, ledger),
        ReconciliationModule.register(settings, platform, ledger),
        AlarmModule.register(settings, platform, ledger),
        SupervisionModule.register(settings, platform, ledger),
        ...(settings.roles.includes('api') ? [OpsModule.register(platform, ledger, mappings)] : []),
        ...(settings.inquiry.key === undefined ? [] : [InquiryModule.register(settings, settings.inquiry.key, platform, ledger)]),
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    const active = this.settings.channels.filter((c) => c.enabled);
    await this.channels.ensure(active.map((c) => c.channel));
    await this.versions.note(this.mappings.map((m) => ({ channel: m.channel, event: m.event, mapping: active.find((c) => c.channel === m.channel)?.messages[m.event] ?? m.message, digest: m.digest })));
    if (this.settings.roles.includes('worker')) {
      const concurrency = Math.max(1, active.length);
      this.relay.answer('render', concurrency, (channel) => this.mapping.handle(channel));
      this.relay.answer('deliver', concurrency, (channel) => this.delivery.handle(channel));
      this.relay.answer('read', concurrency, (channel) => this.reading.handle(channel));
      this.relay.answer('return', concurrency, (channel) => this.returns.handle(channel));
    }
    if (this.settings.roles.includes('scheduler')) this.jobs.start(this.scheduledJobs());
    this.log.info({ roles: this.settings.roles, channels: active.map((c) => c.channel), queue: this.settings.queue.backend, ledger: this.settings.ledger.engine, bureau: this.settings.bureau.engine }, 'the gateway runs');
  }

  /** In the order that loses nothing: no new work, finish what is under way, then let go of what it stood on. */
  async onApplicationShutdown(): Promise<void> {
    this.mapping.stop();
    this.delivery.stop();
    this.reading.stop();
    this.returns.stop();
    await this.jobs.stop();
    await this.relay.stop();
    await this.doorbell.close();
    await this.mapping.close();
    await this.staging.closeAll();
    await this.pollers.bureau?.close();
    await this.ledger.close();
    this.log.info('the gateway has stopped');
  }

  private scheduledJobs(): ScheduledJob[] {
    const { settings } = this;
    const jobs: ScheduledJob[] = [
      { name: 'relay', everyMs: settings.relay.sweepEveryMs, run: () => this.ringForDue() },
      { name: 'mend-lanes', everyMs: mendEveryMs, run: () => this.mendLanes() },
      { name: 'tally', everyMs: mendEveryMs, run: () => this.tally.look() },
      ...this.alarmJobs.list(),
      ...[...this.supervision.list(), ...(this.inquiry?.list() ?? [])].map((job) => ({ ...job, stepsAside: true })),
    ];
    for (const [stream, poller] of this.pollers.byStream) {
      jobs.push({ name: `capture-${stream}`, everyMs: settings.capture.pollEveryMs, run: (goOn) => poller.poll(goOn) });
      jobs.push({ name: `removals-${stream}`, everyMs: settings.capture.removalSweepEveryMs, run: async (goOn) => ({ gone: await poller.sweepRemovals(goOn) }) });
    }
    for (const [stream, completeness] of this.pollers.completeness) {
      jobs.push({ name: `completeness-${stream}`, everyMs: nightlyLookMs, run: async (goOn) => void (await completeness.nightly(goOn)) });
    }
    jobs.push({ name: 'charges', everyMs: settings.reconciliation.pollEveryMs, stepsAside: true, run: async (goOn) => void (await this.charges.poll(goOn)) });
    jobs.push({ name: 'charges-removed', everyMs: settings.capture.removalSweepEveryMs, run: async (goOn) => void (await this.charges.endRemoved(goOn)) });
    jobs.push({ name: 'reconcile', everyMs: settings.reconciliation.pollEveryMs, stepsAside: true, run: async (goOn) => void (await this.reconciliation.poll(goOn)) });
    jobs.push({ name: 'suspense', everyMs: nightlyLookMs, run: () => this.suspense.look() });
    if (settings.retention.scheduled) jobs.push({ name: 'retention', everyMs: nightlyLookMs, run: (goOn) => this.retention.nightly(goOn) });
    for (const channel of settings.channels.filter((c) => c.enabled && (c.acknowledgement.files || c.returns?.files))) {
      jobs.push({ name: `collect-${channel.channel}`, everyMs: settings.collection.pollEveryMs, run: async () => ({ taken: await this.collection.collect(channel.channel), failure: this.collection.troubleOf(channel.channel) }) });
    }
    for (const { channel } of settings.channels.filter((c) => c.enabled)) {
      jobs.push({ name: `mirror-${channel}`, everyMs: settings.mirror.everyMs, run: async (goOn) => void (await this.mirror.look(channel, { goOn })) });
    }
    return jobs;
  }

  private async ringForDue(): Promise<void> {
    const emptied = await this.doorbell.emptied();
    await this.relay.ring();
    if (emptied) await this.noteEmptied();
  }

  /** What was due is rung for already; what was rung for and not yet seen in the ledger may be anywhere. */
  private async noteEmptied(): Promise<void> {
    for (const { channel } of this.settings.channels.filter((c) => c.enabled)) await Promise.all(bells.map((bell) => this.doorbell.ring(bell, channel)));
    this.metrics.queueEmptied.inc();
    this.log.warn('Redis forgot everything: everything due was rung for again');
    await this.alarms.raise('queue-emptied', 'queue-emptied', alarmWords['queue-emptied'](), undefined, { forMs: emptiedForMs });
  }

  private async mendLanes(): Promise<void> {
    const mended = await this.exchanges.mendHeads();
    if (mended > 0) this.log.warn({ mended }, 'lanes had lost their head mark');
  }
}
