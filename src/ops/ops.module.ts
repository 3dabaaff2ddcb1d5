import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '../domain/settings.js';
import { AlarmStore } from '../ledger/alarm.store.js';
import { AuditStore } from '../ledger/audit.store.js';
import { CaptureStore } from '../ledger/capture.store.js';
import { ChannelStore } from '../ledger/channel.store.js';
import { ExchangeViewStore } from '../ledger/exchange-view.store.js';
import { LeaseStore } from '../ledger/lease.store.js';
import { MirrorStore } from '../ledger/mirror.store.js';
import { OperatorViewStore } from '../ledger/operator-view.store.js';
import { OpsSessionStore } from '../ledger/ops-session.store.js';
import { OpsUserStore } from '../ledger/ops-user.store.js';
import { OpsViewStore } from '../ledger/ops-view.store.js';
import { RequestSessions } from '../ledger/request-session.adapter.js';
import type { CompiledMapping } from '../mapping/compiled-mapping.js';
import { Clock } from '../platform/clock.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { LEDGER_DATABASE, SETTINGS } from '../platform/tokens.js';
import { ActionController } from './action.controller.js';
import { exchangeControllers, exchangeProviders } from './actions/exchange-ops.module.js';
import { BoardOpsModule } from './board/board-ops.module.js';
import { BoardController } from './board/board.controller.js';
import { ForecastView } from './board/forecast.adapter.js';
import { deskControllers, deskProviders } from './desk-ops.module.js';
import { TodayView } from './gather-today.adapter.js';
import { HealthController } from './health.controller.js';
import { LoginLimit } from './limit-tries.adapter.js';
import { LiveStreams } from './live-stream.adapter.js';
import { OpsFilter } from './ops-filter.adapter.js';
import { OpsGuard } from './ops-guard.adapter.js';
import { reconciliationControllers, reconciliationProviders } from './reconciliation/reconciliation-providers.module.js';
import { StatementFace } from './reconciliation/show-statement.adapter.js';
import { SessionController } from './session.controller.js';
import { SignOn } from './sign-on.adapter.js';
import { UserController } from './user.controller.js';

/** Faces for the people who run the gateway. */
@Module({})
export class OpsModule {
  static register(platform: DynamicModule, ledger: DynamicModule, mappings: readonly CompiledMapping[] = []): DynamicModule {
    return {
      module: OpsModule,
      imports: [platform, ledger, BoardOpsModule.register(platform, ledger)],
      controllers: [BoardController, HealthController, SessionController, UserController, ActionController, ...exchangeControllers, ...reconciliationControllers, ...deskControllers],
      providers: [
        OpsGuard,
        OpsFilter,
        ...exchangeProviders,
        ...reconciliationProviders,
        ...deskProviders(mappings),
        {
          provide: SignOn,
          inject: [SETTINGS, LEDGER_DATABASE, OpsUserStore, OpsSessionStore, RequestSessions, AuditStore, Clock],
          useFactory: (settings: Settings, database: DatabaseAdapter, users: OpsUserStore, sessions: OpsSessionStore, requests: RequestSessions, audit: AuditStore, clock: Clock) =>
            new SignOn({ settings, database, users, sessions, requests, audit, limit: new LoginLimit(clock, settings.ops.loginsPerMinute), clock }),
        },
        {
          provide: TodayView,
          inject: [SETTINGS, Clock, ExchangeViewStore, OpsViewStore, OperatorViewStore, ChannelStore, CaptureStore, MirrorStore, LeaseStore, AlarmStore, ForecastView, StatementFace],
          useFactory: (
            settings: Settings, clock: Clock, view: ExchangeViewStore, ops: OpsViewStore, operator: OperatorViewStore, channels: ChannelStore, capture: CaptureStore, mirror: MirrorStore, leases: LeaseStore, alarms: AlarmStore, forecast: ForecastView, statements: StatementFace,
          ) => new TodayView({ settings, clock, view, ops, operator, channels, capture, mirror, leases, alarms, forecast, reconciliation: () => statements.today() }),
        },
        { provide: LiveStreams, inject: [TodayView], useFactory: (today: TodayView) => new LiveStreams(today) },
      ],
    };
  }
}
