import { Module, type DynamicModule } from '@nestjs/common';
import type { XsdValidator } from 'libxml2-wasm';
import path from 'node:path';
import type { Settings } from '../domain/settings.js';
import { AcknowledgementStore } from '../ledger/acknowledgement.store.js';
import { InboxStore } from '../ledger/inbox.store.js';
import { RejectionStore } from '../ledger/rejection.store.js';
import { ReturnFileStore } from '../ledger/return-file.store.js';
import { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { DoorbellAdapter } from '../platform/queue/doorbell.adapter.js';
import { LOG, SETTINGS } from '../platform/tokens.js';
import { AcknowledgementController } from './acknowledgement.controller.js';
import { AcknowledgementProcessor } from './acknowledgement.processor.js';
import { AcknowledgementReception } from './acknowledgement-reception.adapter.js';
import { RETURN_RECEPTION, ReturnController } from './return.controller.js';
import { openAcknowledgementSchema } from './acknowledgement-schema.adapter.js';

const SCHEMA = Symbol('acknowledgement.xsd');

/**
 * Enters as: signed bytes over HTTP (returned files too, for another reader), or unread entries of the inbox. Leaves as: picked_up, accepted, refused, or a fact that
 * moved nothing. Can fail with: refused-by-receiver; an unreadable entry stays in the inbox. If run twice: the inbox gives the
 * same bytes the same receipt, and an entry ends once, with what it held.
 */
@Module({})
export class AcknowledgementModule {
  static register(platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    return {
      module: AcknowledgementModule,
      imports: [platform, ledger],
      controllers: [AcknowledgementController, ReturnController],
      providers: [
        { provide: SCHEMA, inject: [SETTINGS], useFactory: (settings: Settings) => openAcknowledgementSchema(path.resolve(settings.mappingsDir)) },
        {
          provide: AcknowledgementReception,
          inject: [SETTINGS, InboxStore, RejectionStore, SCHEMA, DoorbellAdapter, Clock, LOG],
          useFactory: (settings: Settings, inbox: InboxStore, rejections: RejectionStore, schema: XsdValidator, doorbell: DoorbellAdapter, clock: Clock, log: GatewayLog) =>
            new AcknowledgementReception({ channels: settings.channels, http: settings.http, inbox, rejections, schema, doorbell, clock, log }),
        },
        {
          provide: RETURN_RECEPTION,
          inject: [SETTINGS, InboxStore, ReturnFileStore, RejectionStore, DoorbellAdapter, Clock, LOG],
          useFactory: (settings: Settings, inbox: InboxStore, returns: ReturnFileStore, rejections: RejectionStore, doorbell: DoorbellAdapter, clock: Clock, log: GatewayLog) =>
            new AcknowledgementReception({ channels: settings.channels, http: settings.http, inbox, returns, rejections, doorbell, clock, log }),
        },
        {
          provide: AcknowledgementProcessor,
          inject: [SETTINGS, InboxStore, AcknowledgementStore, SCHEMA, DoorbellAdapter, Clock, LOG, MetricsAdapter],
          useFactory: (
            settings: Settings, inbox: InboxStore, acknowledgements: AcknowledgementStore, schema: XsdValidator, doorbell: DoorbellAdapter, clock: Clock, log: GatewayLog, metrics: MetricsAdapter,
          ) => new AcknowledgementProcessor({ inbox, acknowledgements, schema, doorbell, clock, log, metrics, retry: settings.retry, claimMs: settings.relay.claimMs }),
        },
      ],
      exports: [AcknowledgementProcessor],
    };
  }
}
