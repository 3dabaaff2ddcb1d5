import { Module, type DynamicModule } from '@nestjs/common';
import path from 'node:path';
import type { Settings } from '../domain/settings.js';
import { ReturnFileStore } from '../ledger/return-file.store.js';
import { Clock } from '../platform/clock.js';
import { formatFaults } from '../platform/config/format-faults.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { StagingRegistry } from '../platform/staging/staging-registry.adapter.js';
import { LOG, SETTINGS } from '../platform/tokens.js';
import { loadReturnMappings } from './load-return-mappings.adapter.js';
import { ReturnProcessor } from './return.processor.js';

/**
 * Enters as: unread returned files of the inbox. Leaves as: fee records, tax records, control totals, and a receipt for each
 * file. Can fail with: an outcome of return-outcomes.ts; staging-* delays receipts. If run twice: an entry ends once, a receipt
 * has one name.
 */
@Module({})
export class ReturnModule {
  static register(platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    return {
      module: ReturnModule,
      imports: [platform, ledger],
      providers: [
        {
          provide: ReturnProcessor,
          inject: [SETTINGS, ReturnFileStore, Clock, LOG, MetricsAdapter, StagingRegistry],
          useFactory: (settings: Settings, files: ReturnFileStore, clock: Clock, log: GatewayLog, metrics: MetricsAdapter, registry: StagingRegistry) => {
            const { mappings, faults } = loadReturnMappings(path.resolve(settings.mappingsDir), settings.channels.filter((c) => c.enabled));
            if (faults.length > 0) throw new Error(`the return mappings have faults:\n${formatFaults(faults)}`);
            return new ReturnProcessor({ channels: settings.channels, files, mappings, clock, log, metrics, retry: settings.retry, claimMs: settings.relay.claimMs, staging: (channel) => registry.of(channel) });
          },
        },
      ],
      exports: [ReturnProcessor],
    };
  }
}
