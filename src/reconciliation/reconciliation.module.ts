import { Module, type DynamicModule } from '@nestjs/common';
import path from 'node:path';
import type { Settings } from '../domain/settings.js';
import { ChargeStore } from '../ledger/charge.store.js';
import { MatchStore } from '../ledger/match.store.js';
import { formatFaults } from '../platform/config/format-faults.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { LOG, SETTINGS } from '../platform/tokens.js';
import { ChargePoller } from './charge.poller.js';
import { loadStandards } from './load-standards.adapter.js';
import { ReconciliationPoller } from './reconciliation.poller.js';

/**
 * Enters as: recorded snapshots, returned records. Leaves as: charges, tax expectations, matches, differences with a reason. Can
 * fail with: nothing of its own; a charge that cannot be read is logged. If run twice: positions are compared and set, a run is
 * one transaction, the same facts give the same outcome.
 */
@Module({})
export class ReconciliationModule {
  static register(settings: Settings, platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    const standards = Symbol('standards');
    return {
      module: ReconciliationModule,
      imports: [platform, ledger],
      providers: [
        {
          provide: standards,
          inject: [SETTINGS],
          useFactory: (s: Settings) => {
            const loaded = loadStandards(path.resolve(s.reconciliation.dir));
            if (!loaded.standards) throw new Error(`the rules of reconciliation have faults:\n${formatFaults(loaded.faults)}`);
            return loaded.standards;
          },
        },
        { provide: ChargePoller, inject: [ChargeStore, standards, LOG], useFactory: (store: ChargeStore, s: ConstructorParameters<typeof ChargePoller>[1], log: GatewayLog) => new ChargePoller(store, s, log) },
        {
          provide: ReconciliationPoller,
          inject: [MatchStore, standards, LOG],
          useFactory: (store: MatchStore, s: ConstructorParameters<typeof ReconciliationPoller>[1], log: GatewayLog) => new ReconciliationPoller(store, s, settings.reconciliation.batchItems, log),
        },
      ],
      exports: [ChargePoller, ReconciliationPoller],
    };
  }
}
