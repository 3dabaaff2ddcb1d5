import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '../domain/settings.js';
import { InboxStore } from '../ledger/inbox.store.js';
import { ReturnFileStore } from '../ledger/return-file.store.js';
import { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { StagingRegistry } from '../platform/staging/staging-registry.adapter.js';
import { LOG, SETTINGS } from '../platform/tokens.js';
import { CollectionPoller } from './collection.poller.js';

/**
 * Enters as: a file in ack/ or return/ on the staging machine. Leaves as: an unread entry of the inbox, the file in done/ or
 * refused/ below. Can fail with: staging-*. If run twice: stored before it is moved; the same file is one entry.
 */
@Module({})
export class CollectionModule {
  static register(platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    return {
      module: CollectionModule,
      imports: [platform, ledger],
      providers: [
        {
          provide: CollectionPoller,
          inject: [SETTINGS, InboxStore, ReturnFileStore, DoorbellAdapter, Clock, LOG, MetricsAdapter, StagingRegistry],
          useFactory: (settings: Settings, inbox: InboxStore, returns: ReturnFileStore, doorbell: DoorbellAdapter, clock: Clock, log: GatewayLog, metrics: MetricsAdapter, registry: StagingRegistry) =>
            new CollectionPoller({ channels: settings.channels, inbox, returns, doorbell, clock, log, metrics, staging: (channel) => registry.of(channel) }),
        },
      ],
      exports: [CollectionPoller],
    };
  }
}
