import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '../domain/settings.js';
import { ExchangeStore } from '../ledger/exchange.store.js';
import { MessageStore } from '../ledger/message.store.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { LOG } from '../platform/tokens.js';
import type { CompiledMapping } from './compiled-mapping.js';
import { MappingProcessor } from './mapping.processor.js';
import { RenderThread } from './render-thread.adapter.js';

/**
 * Enters as: captured. Leaves as: rendered, or parked with findings. Can fail with: message-invalid, attachment-broken,
 * mapping-broken. If run twice: the same snapshot gives the same bytes; the compare-and-set lets one win.
 */
@Module({})
export class MappingModule {
  static register(settings: Settings, mappings: readonly CompiledMapping[], platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    return {
      module: MappingModule,
      imports: [platform, ledger],
      providers: [
        {
          provide: MappingProcessor,
          inject: [ExchangeStore, MessageStore, DoorbellAdapter, LOG, MetricsAdapter],
          useFactory: (exchanges: ExchangeStore, messages: MessageStore, doorbell: DoorbellAdapter, log: GatewayLog, metrics: MetricsAdapter) =>
            new MappingProcessor({ settings, mappings, exchanges, messages, doorbell, log, metrics, thread: new RenderThread(settings, mappings, log) }),
        },
      ],
      exports: [MappingProcessor],
    };
  }
}
