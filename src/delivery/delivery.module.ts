import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '../domain/settings.js';
import { ChannelStore } from '../ledger/channel.store.js';
import { ExchangeStore } from '../ledger/exchange.store.js';
import { ManifestStore } from '../ledger/manifest.store.js';
import { MessageStore } from '../ledger/message.store.js';
import { MirrorStore } from '../ledger/mirror.store.js';
import { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { StagingRegistry } from '../platform/staging/staging-registry.adapter.js';
import { LOG } from '../platform/tokens.js';
import { DeliveryProcessor } from './delivery.processor.js';
import { MirrorPoller } from './mirror.poller.js';

/**
 * Enters as: rendered. Leaves as: staged. Can fail with: staging-*, content-differs, name-taken, attempts-exhausted.
 * If run twice: claims keep workers apart; names and bytes never change, so a second attempt finds the first.
 */
@Module({})
export class DeliveryModule {
  static register(settings: Settings, platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    return {
      module: DeliveryModule,
      imports: [platform, ledger],
      providers: [
        {
          provide: DeliveryProcessor,
          inject: [ExchangeStore, MessageStore, ManifestStore, ChannelStore, DoorbellAdapter, Clock, LOG, MetricsAdapter, StagingRegistry],
          useFactory: (
            exchanges: ExchangeStore, messages: MessageStore, manifests: ManifestStore, channels: ChannelStore, doorbell: DoorbellAdapter, clock: Clock, log: GatewayLog, metrics: MetricsAdapter, registry: StagingRegistry,
          ) => new DeliveryProcessor({ settings, exchanges, messages, manifests, channels, doorbell, clock, log, metrics, staging: (c) => registry.of(c) }),
        },
        {
          provide: MirrorPoller,
          inject: [MirrorStore, Clock, LOG, MetricsAdapter, StagingRegistry],
          useFactory: (store: MirrorStore, clock: Clock, log: GatewayLog, metrics: MetricsAdapter, registry: StagingRegistry) =>
            new MirrorPoller({ channels: settings.channels, settings: settings.mirror, store, clock, log, metrics, staging: (c) => registry.of(c) }),
        },
      ],
      exports: [DeliveryProcessor, MirrorPoller],
    };
  }
}
