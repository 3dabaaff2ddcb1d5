import { Module, type DynamicModule } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import os from 'node:os';
import type { Settings } from '../domain/settings.js';
import type { SnapshotText } from '../domain/snapshot.js';
import { Clock } from '../platform/clock.js';
import { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { LANE_RULES, LEDGER_DATABASE, LOG } from '../platform/tokens.js';
import { AcknowledgementStore } from './acknowledgement.store.js';
import { AlarmNoticeStore } from './alarm-notice.store.js';
import { AlarmStore } from './alarm.store.js';
import { AuditStore } from './audit.store.js';
import { OpsActionStore } from './ops-action.store.js';
import { OpsSessionStore } from './ops-session.store.js';
import { OpsUserStore } from './ops-user.store.js';
import { OpsViewStore } from './ops-view.store.js';
import { CaptureStore } from './capture.store.js';
import { ChannelStore } from './channel.store.js';
import { ChargeStore } from './charge.store.js';
import { CompletenessStore } from './completeness.store.js';
import { ExchangeStore } from './exchange.store.js';
import { ExchangeViewStore } from './exchange-view.store.js';
import { InboxStore } from './inbox.store.js';
import { InboxViewStore } from './inbox-view.store.js';
import { LeaseStore } from './lease.store.js';
import { LocalDayStore } from './local-day.store.js';
import { MappingVersionStore } from './mapping-version.store.js';
import { MatchStore } from './match.store.js';
import { ManifestStore } from './manifest.store.js';
import { OpinionStore } from './opinion.store.js';
import { MessageStore } from './message.store.js';
import { MirrorStore } from './mirror.store.js';
import { RetentionPoller } from './retention.poller.js';
import { RetentionStore } from './retention.store.js';
import { namingConnection } from '../platform/naming-connection.js';
import { startLedger } from './open-ledger.adapter.js';
import { RecentCache } from './recent-cache.js';
import { OperatorViewStore } from './operator-view.store.js';
import { RecordingStore } from './recording.store.js';
import { ReportStore } from './report.store.js';
import { RequestSessions } from './request-session.adapter.js';
import { PollRequestStore } from './poll-request.store.js';
import { RejectionStore } from './rejection.store.js';
import { RetryStore } from './retry.store.js';
import { ReturnFileStore } from './return-file.store.js';
import { ReturnedRecordStore } from './returned-record.store.js';
import { StatementStore } from './statement.store.js';
import { StandingStore } from './standing.store.js';
import { StateTallyPoller } from './state-tally.poller.js';
import { StateTallyStore } from './state-tally.store.js';

/** Snapshots that one process keeps between capture and mapping; up to two bytes each. */
const recentCharacters = 8 * 1024 * 1024;

type LaneRules = ReadonlyMap<string, 'accepted' | 'staged'>;

/** The only truth: the stores that alone write the gateway's tables. */
@Module({})
export class LedgerModule {
  static register(settings: Settings, platform: DynamicModule): DynamicModule {
    const recent = new RecentCache<SnapshotText>(recentCharacters);
    const stores = [ExchangeStore, CaptureStore, MessageStore, ManifestStore, ChannelStore, LeaseStore, ExchangeViewStore, InboxStore, AcknowledgementStore, MirrorStore, ReturnedRecordStore, OpinionStore, ReportStore, ChargeStore, MatchStore, StatementStore, ReturnFileStore, CompletenessStore, RetentionPoller, StateTallyPoller, RejectionStore, RetryStore, OperatorViewStore, AlarmStore, AlarmNoticeStore, StandingStore, AuditStore, OpsUserStore, OpsSessionStore, RequestSessions, OpsActionStore, OpsViewStore, InboxViewStore, LocalDayStore, MappingVersionStore, PollRequestStore];
    return {
      module: LedgerModule,
      imports: [platform],
      providers: [
        { provide: LEDGER_DATABASE, useFactory: () => namingConnection('the ledger', settings.ledger.url, () => startLedger(settings)) },
        { provide: LANE_RULES, useValue: laneRules(settings) },
        { provide: ExchangeStore, useFactory: (db: DatabaseAdapter, clock: Clock, rules: LaneRules) => new ExchangeStore(db, clock, rules, settings.retry), inject: [LEDGER_DATABASE, Clock, LANE_RULES] },
        { provide: CaptureStore, useFactory: (db: DatabaseAdapter, clock: Clock, e: ExchangeStore, rules: LaneRules) => new CaptureStore(db, clock, e, rules, recent), inject: [LEDGER_DATABASE, Clock, ExchangeStore, LANE_RULES] },
        { provide: MessageStore, useFactory: (db: DatabaseAdapter, clock: Clock, e: ExchangeStore) => new MessageStore(db, clock, e, recent), inject: [LEDGER_DATABASE, Clock, ExchangeStore] },
        { provide: ManifestStore, useFactory: (db: DatabaseAdapter, clock: Clock, e: ExchangeStore) => new ManifestStore(db, clock, e), inject: [LEDGER_DATABASE, Clock, ExchangeStore] },
        { provide: ChannelStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new ChannelStore(db, clock, settings.breaker), inject: [LEDGER_DATABASE, Clock] },
        { provide: CompletenessStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new CompletenessStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: RetentionPoller, useFactory: (db: DatabaseAdapter, clock: Clock, log: GatewayLog) => new RetentionPoller(new RetentionStore(db, clock), { ...settings.retention, at: settings.completeness.at }, clock, log), inject: [LEDGER_DATABASE, Clock, LOG] },
        { provide: StateTallyPoller, useFactory: (db: DatabaseAdapter, clock: Clock, log: GatewayLog) => new StateTallyPoller(new StateTallyStore(db), clock, log), inject: [LEDGER_DATABASE, Clock, LOG] },
        { provide: LeaseStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new LeaseStore(db, clock, holderName(), settings.lease.lengthMs), inject: [LEDGER_DATABASE, Clock] },
        { provide: ExchangeViewStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new ExchangeViewStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: MirrorStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new MirrorStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: InboxStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new InboxStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: AcknowledgementStore, useFactory: (db: DatabaseAdapter, clock: Clock, inbox: InboxStore, e: ExchangeStore) => new AcknowledgementStore(db, clock, e, inbox), inject: [LEDGER_DATABASE, Clock, InboxStore, ExchangeStore] },
        { provide: RejectionStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new RejectionStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: AlarmStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new AlarmStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: AlarmNoticeStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new AlarmNoticeStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: StandingStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new StandingStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: OperatorViewStore, useFactory: (db: DatabaseAdapter) => new OperatorViewStore(db), inject: [LEDGER_DATABASE] },
        { provide: RetryStore, useFactory: (db: DatabaseAdapter, clock: Clock, e: ExchangeStore, rules: LaneRules) => new RetryStore(db, clock, e, rules), inject: [LEDGER_DATABASE, Clock, ExchangeStore, LANE_RULES] },
        { provide: AuditStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new AuditStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: OpsUserStore, useFactory: (db: DatabaseAdapter, clock: Clock, audit: AuditStore) => new OpsUserStore(db, clock, audit), inject: [LEDGER_DATABASE, Clock, AuditStore] },
        { provide: OpsSessionStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new OpsSessionStore(db, clock, settings.ops.sessions), inject: [LEDGER_DATABASE, Clock] },
        { provide: RequestSessions, useFactory: (sessions: OpsSessionStore) => new RequestSessions(settings, sessions), inject: [OpsSessionStore] },
        { provide: OpsActionStore, useFactory: (db: DatabaseAdapter, clock: Clock, audit: AuditStore) => new OpsActionStore(db, clock, audit), inject: [LEDGER_DATABASE, Clock, AuditStore] },
        { provide: InboxViewStore, useFactory: (db: DatabaseAdapter) => new InboxViewStore(db), inject: [LEDGER_DATABASE] },
        { provide: LocalDayStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new LocalDayStore(db, clock, settings.calendar), inject: [LEDGER_DATABASE, Clock] },
        { provide: MappingVersionStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new MappingVersionStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: PollRequestStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new PollRequestStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: OpsViewStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new OpsViewStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: ChargeStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new ChargeStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: StatementStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new StatementStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: MatchStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new MatchStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: ReturnedRecordStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new ReturnedRecordStore(db, clock), inject: [LEDGER_DATABASE, Clock] },
        { provide: OpinionStore, useFactory: (db: DatabaseAdapter, clock: Clock) => new OpinionStore(db, clock, supervisingBodies(settings)), inject: [LEDGER_DATABASE, Clock] },
        { provide: ReportStore, useFactory: (db: DatabaseAdapter, clock: Clock, e: ExchangeStore, rules: LaneRules, opinions: OpinionStore) => reportsOf(db, clock, e, rules, opinions, settings), inject: [LEDGER_DATABASE, Clock, ExchangeStore, LANE_RULES, OpinionStore] },
        { provide: ReturnFileStore, useFactory: (db: DatabaseAdapter, clock: Clock, inbox: InboxStore, records: ReturnedRecordStore, opinions: OpinionStore) => new ReturnFileStore(db, clock, inbox, records, opinions), inject: [LEDGER_DATABASE, Clock, InboxStore, ReturnedRecordStore, OpinionStore] },
      ],
      exports: [LEDGER_DATABASE, LANE_RULES, ...stores],
    };
  }
}

/** Channel by channel: when the next message of a case may go. */
export function laneRules(settings: Settings): LaneRules {
  return new Map(settings.channels.map((c) => [c.channel, c.laneAdvancesOn]));
}

/** What tells supervising bodies of clocks, cards and answers. */
export function reportsOf(db: DatabaseAdapter, clock: Clock, exchanges: ExchangeStore, rules: LaneRules, opinions: OpinionStore, settings: Pick<Settings, 'channels' | 'supervision'>): ReportStore {
  const told = settings.channels.flatMap((c) => (c.enabled && c.supervision ? [{ channel: c.channel, body: c.supervision.body, events: Object.keys(c.supervision.messages) }] : []));
  return new ReportStore(db, clock, new RecordingStore(db, clock, exchanges, rules), opinions, settings.supervision.stream, told);
}

/** Channels of the supervising side, and whose clock each is told. */
export function supervisingBodies(settings: Pick<Settings, 'channels'>): ReadonlyMap<string, string> {
  return new Map(settings.channels.flatMap((c) => (c.enabled && c.supervision ? [[c.channel, c.supervision.body] as const] : [])));
}

function holderName(): string {
  return `${os.hostname().slice(0, 40)}-${process.pid}-${randomUUID().slice(0, 8)}`;
}
