import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '../domain/settings.js';
import type { Subscription } from '../domain/subscription.js';
import { CaptureStore } from '../ledger/capture.store.js';
import { Clock } from '../platform/clock.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { LOG } from '../platform/tokens.js';
import { BureauReader } from './bureau-reader.adapter.js';
import { CapturePoller } from './capture.poller.js';

/** The pollers of all configured streams, and the one connection pool to the bureau. */
export class CapturePollers {
  constructor(
    readonly bureau: DatabaseAdapter | undefined,
    readonly byStream: ReadonlyMap<string, CapturePoller>,
  ) {}
}

/**
 * Enters as: a changed bureau row. Leaves as: captured. Can fail with: bureau-*, row-unreadable, attachment-broken.
 * If run twice: the watermark and the snapshot digest make it one.
 */
@Module({})
export class CaptureModule {
  static register(settings: Settings, subscriptions: readonly Subscription[], platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    return {
      module: CaptureModule,
      imports: [platform, ledger],
      providers: [
        {
          provide: CapturePollers,
          inject: [CaptureStore, DoorbellAdapter, Clock, LOG, MetricsAdapter],
          useFactory: async (store: CaptureStore, doorbell: DoorbellAdapter, clock: Clock, log: GatewayLog, metrics: MetricsAdapter) => {
            if (!settings.roles.includes('scheduler')) return new CapturePollers(undefined, new Map());
            const bureau = await openBureau(settings);
            const pollers = new Map(
              settings.streamDefinitions.map((stream) => [
                stream.stream,
                new CapturePoller(new BureauReader(bureau, stream, settings.bureau.allowTornReads), stream, subscriptions.filter((s) => s.stream === stream.stream), store, doorbell, settings.capture, clock, log, metrics),
              ]),
            );
            return new CapturePollers(bureau, pollers);
          },
        },
      ],
      exports: [CapturePollers],
    };
  }
}

/** Connects to the bureau's database; the account needs to read only. */
export function openBureau(settings: Pick<Settings, 'bureau'>): Promise<DatabaseAdapter> {
  const b = settings.bureau;
  return DatabaseAdapter.open({ engine: b.engine, url: b.url, poolSize: b.poolSize, encrypt: b.encrypt, trustServerCertificate: b.trustServerCertificate, applicationName: 'exchange-gateway capture' });
}
