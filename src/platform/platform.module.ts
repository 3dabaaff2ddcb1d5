import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '../domain/settings.js';
import { Clock } from './clock.js';
import { createLog, type GatewayLog } from './log.adapter.js';
import { MetricsAdapter } from './metrics.adapter.js';
import { namingConnection } from './naming-connection.js';
import { DoorbellAdapter } from './queue/doorbell.adapter.js';
import { StagingRegistry } from './staging/staging-registry.adapter.js';
import { SystemClock } from './system-clock.adapter.js';
import { LOG, SETTINGS } from './tokens.js';

/** What every part stands on: settings, clock, log, metrics, queue, staging machines. */
@Module({})
export class PlatformModule {
  static register(settings: Settings, given: { log?: GatewayLog; clock?: Clock; processMetrics?: boolean } = {}): DynamicModule {
    return {
      module: PlatformModule,
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: LOG, useValue: given.log ?? createLog({ level: settings.log.level, instance: settings.instance }) },
        { provide: Clock, useValue: given.clock ?? new SystemClock() },
        { provide: MetricsAdapter, useValue: new MetricsAdapter({ processMetrics: given.processMetrics ?? true }) },
        { provide: StagingRegistry, useValue: new StagingRegistry(settings.channels) },
        { provide: DoorbellAdapter, useFactory: (log: GatewayLog) => namingConnection('the queue', settings.queue.url, () => DoorbellAdapter.open(settings.queue, log)), inject: [LOG] },
      ],
      exports: [SETTINGS, LOG, Clock, MetricsAdapter, StagingRegistry, DoorbellAdapter],
    };
  }
}
