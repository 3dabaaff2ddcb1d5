import type { Provider } from '@nestjs/common';
import { HandOverAdapter } from '../../delivery/hand-over.adapter.js';
import type { Settings } from '../../domain/settings.js';
import { AuditStore } from '../../ledger/audit.store.js';
import { CancelStore } from '../../ledger/cancel.store.js';
import { CasePersonStore } from '../../ledger/case-person.store.js';
import { ChannelStore } from '../../ledger/channel.store.js';
import { ExchangeSearchStore } from '../../ledger/exchange-search.store.js';
import { ExchangeStore } from '../../ledger/exchange.store.js';
import { ExchangeViewStore } from '../../ledger/exchange-view.store.js';
import { FailureGroupStore } from '../../ledger/failure-group.store.js';
import { HandOverStore } from '../../ledger/hand-over.store.js';
import { ManifestStore } from '../../ledger/manifest.store.js';
import { MessageStore } from '../../ledger/message.store.js';
import { OperatorViewStore } from '../../ledger/operator-view.store.js';
import { OpsActionStore } from '../../ledger/ops-action.store.js';
import { OpsOrderStore } from '../../ledger/ops-order.store.js';
import { OpsViewStore } from '../../ledger/ops-view.store.js';
import { ReplayStore } from '../../ledger/replay.store.js';
import { RetryStore } from '../../ledger/retry.store.js';
import { StandStillStore } from '../../ledger/stand-still.store.js';
import { Clock } from '../../platform/clock.js';
import { DatabaseAdapter } from '../../platform/database/database.adapter.js';
import type { GatewayLog } from '../../platform/log.adapter.js';
import { DoorbellAdapter } from '../../platform/queue/doorbell.adapter.js';
import { LANE_RULES, LEDGER_DATABASE, LOG, SETTINGS } from '../../platform/tokens.js';
import { ExchangeController } from '../exchanges/exchange.controller.js';
import { ExchangeDetails } from '../exchanges/exchange-detail.adapter.js';
import { ExchangeExport } from '../exchanges/export-exchanges.adapter.js';
import { ReasonMask } from '../exchanges/mask-reasons.adapter.js';
import { HandOverDesk } from './hand-over-desk.adapter.js';
import { OrderController } from './order.controller.js';
import { OrderDesk } from './order-desk.adapter.js';
import { ExchangeActions } from './perform-action.adapter.js';
import { ActionPlans } from './plan-action.adapter.js';
import { ActionRunner } from './run-action.adapter.js';
import { FailureWatch } from './watch-failures.adapter.js';

/** Searches, failures, actions, orders and packages; the module of the ops page takes them in. */
export const exchangeControllers = [ExchangeController, OrderController];

type LaneRules = ReadonlyMap<string, 'accepted' | 'staged'>;

export const exchangeProviders: Provider[] = [
  { provide: ExchangeSearchStore, inject: [LEDGER_DATABASE], useFactory: (database: DatabaseAdapter) => new ExchangeSearchStore(database) },
  { provide: FailureGroupStore, inject: [LEDGER_DATABASE, Clock], useFactory: (database: DatabaseAdapter, clock: Clock) => new FailureGroupStore(database, clock) },
  { provide: FailureWatch, inject: [FailureGroupStore, LOG], useFactory: (groups: FailureGroupStore, log: GatewayLog) => new FailureWatch(groups, log) },
  { provide: OpsOrderStore, inject: [LEDGER_DATABASE, Clock, AuditStore], useFactory: (database: DatabaseAdapter, clock: Clock, audit: AuditStore) => new OpsOrderStore(database, clock, audit) },
  {
    provide: ExchangeDetails,
    inject: [ExchangeViewStore, OperatorViewStore, OpsViewStore],
    useFactory: (view: ExchangeViewStore, operator: OperatorViewStore, ops: OpsViewStore) => new ExchangeDetails(view, operator, ops),
  },
  { provide: ReasonMask, inject: [LEDGER_DATABASE], useFactory: (database: DatabaseAdapter) => new ReasonMask(new CasePersonStore(database)) },
  {
    provide: ExchangeExport,
    inject: [ExchangeSearchStore, LEDGER_DATABASE, ReasonMask, Clock],
    useFactory: (search: ExchangeSearchStore, database: DatabaseAdapter, mask: ReasonMask, clock: Clock) => new ExchangeExport({ search, persons: new CasePersonStore(database), mask, clock }),
  },
  {
    provide: ActionPlans,
    inject: [ExchangeViewStore, RetryStore, ExchangeStore, LEDGER_DATABASE, Clock, LANE_RULES],
    useFactory: (view: ExchangeViewStore, retry: RetryStore, exchanges: ExchangeStore, database: DatabaseAdapter, clock: Clock, rules: LaneRules) =>
      new ActionPlans({ view, retry, replay: new ReplayStore(database, clock, exchanges, retry), cancel: new CancelStore(database, clock, exchanges), standStill: new StandStillStore(database, clock, exchanges, rules) }),
  },
  {
    provide: ActionRunner,
    inject: [OpsActionStore, OpsOrderStore, ActionPlans, DoorbellAdapter, LOG],
    useFactory: (actions: OpsActionStore, orders: OpsOrderStore, plans: ActionPlans, doorbell: DoorbellAdapter, log: GatewayLog) => new ActionRunner({ actions, orders, plans, doorbell, log }),
  },
  {
    provide: ExchangeActions,
    inject: [SETTINGS, LEDGER_DATABASE, Clock, ExchangeSearchStore, FailureGroupStore, OpsViewStore, OpsActionStore, OpsOrderStore, ActionPlans, ActionRunner],
    useFactory: (
      settings: Settings, database: DatabaseAdapter, clock: Clock, search: ExchangeSearchStore, failures: FailureGroupStore, ops: OpsViewStore, actions: OpsActionStore, orders: OpsOrderStore, plans: ActionPlans, runner: ActionRunner,
    ) => new ExchangeActions({ database, clock, search, failures, ops, actions, orders, plans, runner, twoPersons: settings.ops.twoPersons }),
  },
  {
    provide: OrderDesk,
    inject: [SETTINGS, OpsOrderStore, ExchangeActions, OpsActionStore, AuditStore],
    useFactory: (settings: Settings, orders: OpsOrderStore, actions: ExchangeActions, actionStore: OpsActionStore, audit: AuditStore) => new OrderDesk({ orders, actions, actionStore, audit, twoPersons: settings.ops.twoPersons }),
  },
  {
    provide: HandOverDesk,
    inject: [SETTINGS, LEDGER_DATABASE, Clock, ExchangeStore, ManifestStore, MessageStore, ChannelStore, AuditStore, DoorbellAdapter, OrderDesk],
    useFactory: (
      settings: Settings, database: DatabaseAdapter, clock: Clock, exchanges: ExchangeStore, manifests: ManifestStore, messages: MessageStore, channels: ChannelStore, audit: AuditStore, doorbell: DoorbellAdapter, orders: OrderDesk,
    ) => {
      const handOvers = new HandOverStore(database, clock, exchanges);
      const adapter = new HandOverAdapter({ exchanges, messages, manifests, handOvers, clock, batch: settings.deliver.batch, claimMs: settings.relay.claimMs });
      const desk = new HandOverDesk({ settings, twoPersons: settings.ops.twoPersons, handOvers, adapter, channels, audit, clock, doorbell, order: (...asked) => orders.ask(...asked) });
      const both = (order: { by: string }, second: string): string => `ops ${order.by} with ${second}`.slice(0, 80);
      orders.execute('hand-over-export', async (order, signed) => {
        const cases = order.facts['caseNos'];
        await desk.export(order.subject, cases === undefined ? undefined : (JSON.parse(String(cases)) as string[]), order.reason, { ...signed.who, actor: both(order, signed.session.user) });
      });
      orders.execute('hand-over-confirm', async (order, signed) => void (await desk.close(order.subject, { ...signed.who, actor: both(order, signed.session.user) })));
      return desk;
    },
  },
];
