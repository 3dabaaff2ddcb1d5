import type { Provider, Type } from '@nestjs/common';
import type { Settings } from '../domain/settings.js';
import { AuditStore } from '../ledger/audit.store.js';
import { CaptureStore } from '../ledger/capture.store.js';
import { ChannelStore } from '../ledger/channel.store.js';
import { ExchangeStore } from '../ledger/exchange.store.js';
import { ExchangeViewStore } from '../ledger/exchange-view.store.js';
import { HandOverStore } from '../ledger/hand-over.store.js';
import { InboxViewStore } from '../ledger/inbox-view.store.js';
import { LeaseStore } from '../ledger/lease.store.js';
import { LocalDayStore } from '../ledger/local-day.store.js';
import { OperatorViewStore } from '../ledger/operator-view.store.js';
import { OpsUserStore } from '../ledger/ops-user.store.js';
import { OpsViewStore } from '../ledger/ops-view.store.js';
import { PollRequestStore } from '../ledger/poll-request.store.js';
import { ReturnViewStore } from '../ledger/return-view.store.js';
import { SnapshotViewStore } from '../ledger/snapshot-view.store.js';
import { StandingStore } from '../ledger/standing.store.js';
import type { CompiledMapping } from '../mapping/compiled-mapping.js';
import { Clock } from '../platform/clock.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { LEDGER_DATABASE, LOG, MAPPINGS, SETTINGS } from '../platform/tokens.js';
import { ChannelController } from './channels/channel.controller.js';
import { ChannelView } from './channels/channel-view.adapter.js';
import { BureauCases } from './dry-run/bureau-case.adapter.js';
import { DryRanges } from './dry-run/dry-ranges.adapter.js';
import { DryRunController } from './dry-run/dry-run.controller.js';
import { DryRuns } from './dry-run/dry-run.adapter.js';
import { InboxController } from './inbox/inbox.controller.js';
import { InboxView } from './inbox/inbox-view.adapter.js';
import { OrderDesk } from './actions/order-desk.adapter.js';
import { AuditChainLook } from './people/audit-chain.adapter.js';
import { UserDeletion } from './people/delete-user.adapter.js';
import { PeopleController } from './people/people.controller.js';

/** Channels, dry run, inbox, audit and users: parts of the OpsModule, which guards them. */
export const deskControllers: Type[] = [ChannelController, DryRunController, InboxController, PeopleController];

/** Ends what a face holds beside the ledger. */
export class DeskParts {
  constructor(
    private readonly bureau: BureauCases,
    private readonly ranges: DryRanges,
  ) {}

  async onModuleDestroy(): Promise<void> {
    this.ranges.stop();
    await this.bureau.close();
  }
}

export function deskProviders(mappings: readonly CompiledMapping[]): Provider[] {
  return [
    { provide: MAPPINGS, useValue: mappings },
    {
      provide: ChannelView,
      inject: [SETTINGS, Clock, ChannelStore, StandingStore, OperatorViewStore, LEDGER_DATABASE, ExchangeStore, PollRequestStore, LeaseStore, CaptureStore, LocalDayStore],
      useFactory: (
        settings: Settings, clock: Clock, channels: ChannelStore, standing: StandingStore, operator: OperatorViewStore, database: DatabaseAdapter, exchanges: ExchangeStore, polls: PollRequestStore, leases: LeaseStore, capture: CaptureStore, localDays: LocalDayStore,
      ) => new ChannelView({ settings, clock, channels, standing, operator, handOvers: new HandOverStore(database, clock, exchanges), polls, leases, capture, localDays }),
    },
    { provide: BureauCases, inject: [SETTINGS], useFactory: (settings: Settings) => new BureauCases(settings) },
    {
      provide: DryRuns,
      inject: [SETTINGS, BureauCases, OperatorViewStore, OpsViewStore, ExchangeViewStore],
      useFactory: (settings: Settings, bureau: BureauCases, operator: OperatorViewStore, ops: OpsViewStore, view: ExchangeViewStore) => new DryRuns({ settings, mappings, bureau, operator, ops, view }),
    },
    {
      provide: DryRanges,
      inject: [SETTINGS, DryRuns, LEDGER_DATABASE, OperatorViewStore, Clock, LOG],
      useFactory: (settings: Settings, runs: DryRuns, database: DatabaseAdapter, operator: OperatorViewStore, clock: Clock, log: GatewayLog) => new DryRanges({ settings, runs, snapshots: new SnapshotViewStore(database), operator, clock, log }),
    },
    { provide: DeskParts, inject: [BureauCases, DryRanges], useFactory: (bureau: BureauCases, ranges: DryRanges) => new DeskParts(bureau, ranges) },
    { provide: InboxView, inject: [InboxViewStore, OpsViewStore, LEDGER_DATABASE], useFactory: (inbox: InboxViewStore, ops: OpsViewStore, database: DatabaseAdapter) => new InboxView(inbox, ops, new ReturnViewStore(database)) },
    { provide: UserDeletion, inject: [SETTINGS, OpsUserStore, OrderDesk], useFactory: (settings: Settings, users: OpsUserStore, orders: OrderDesk) => new UserDeletion({ users, orders, twoPersons: settings.ops.twoPersons }) },
    { provide: AuditChainLook, inject: [AuditStore, Clock, LOG], useFactory: (audit: AuditStore, clock: Clock, log: GatewayLog) => new AuditChainLook(audit, clock, log) },
  ];
}
