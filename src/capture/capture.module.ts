import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '../domain/settings.js';
import type { StreamDefinition } from '../domain/stream.js';
import type { Subscription } from '../domain/subscription.js';
import { CaptureStore } from '../ledger/capture.store.js';
import { CompletenessStore } from '../ledger/completeness.store.js';
import { Clock } from '../platform/clock.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { namingConnection } from '../platform/naming-connection.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { LOG } from '../platform/tokens.js';
import { BureauReader } from './bureau-reader.adapter.js';
import { CapturePoller } from './capture.poller.js';
import { CompletenessPoller } from './completeness.poller.js';

/** The pollers of all configured streams, and the one connection pool to the bureau. */
export class CapturePollers {
  constructor(
    readonly bureau: DatabaseAdapter | undefined,
    readonly byStream: ReadonlyMap<string, CapturePoller>,
    readonly completeness: ReadonlyMap<string, CompletenessPoller>,
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
          inject: [CaptureStore, CompletenessStore, DoorbellAdapter, Clock, LOG, MetricsAdapter],
          useFactory: async (store: CaptureStore, completeness: CompletenessStore, doorbell: DoorbellAdapter, clock: Clock, log: GatewayLog, metrics: MetricsAdapter) => {
            if (!settings.roles.includes('scheduler')) return new CapturePollers(undefined, new Map(), new Map());
            const bureau = await namingConnection('the bureau', settings.bureau.url, () => openBureau(settings));
            const parts = settings.streamDefinitions.map((stream) => captureParts(bureau, stream, subscriptions, { settings, store, completeness, doorbell, clock, log, metrics }));
            return new CapturePollers(bureau, new Map(parts.map((p) => [p.stream, p.poller])), new Map(parts.map((p) => [p.stream, p.completeness])));
          },
        },
      ],
      exports: [CapturePollers],
    };
  }
}

/** Poller and comparison of one stream, for the scheduler and for the command line. */
export function captureParts(
  bureau: DatabaseAdapter, stream: StreamDefinition, subscriptions: readonly Subscription[],
  p: { settings: Settings; store: CaptureStore; completeness: CompletenessStore; doorbell: Pick<DoorbellAdapter, 'ring'>; clock: Clock; log: GatewayLog; metrics: MetricsAdapter },
): { stream: string; poller: CapturePoller; completeness: CompletenessPoller } {
  const mine = subscriptions.filter((s) => s.stream === stream.stream);
  const reader = new BureauReader(bureau, stream, p.settings.bureau.allowTornReads);
  const poller = new CapturePoller(reader, stream, mine, p.store, p.doorbell, p.settings.capture, p.clock, p.log, p.metrics);
  const completeness = new CompletenessPoller({
    stream, subscriptions: mine, reader, capture: poller, store: p.store, completeness: p.completeness, clock: p.clock, log: p.log,
    settings: { batchCases: p.settings.capture.batchCases, ...p.settings.completeness },
  });
  return { stream: stream.stream, poller, completeness };
}

/** Connects to the bureau's database; the account needs to read only. */
export function openBureau(settings: Pick<Settings, 'bureau'>): Promise<DatabaseAdapter> {
  const b = settings.bureau;
  return DatabaseAdapter.open({ engine: b.engine, url: b.url, poolSize: b.poolSize, encrypt: b.encrypt, trustServerCertificate: b.trustServerCertificate, statementTimeoutMs: b.statementTimeoutMs, applicationName: 'exchange-gateway capture' });
}
