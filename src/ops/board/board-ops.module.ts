import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '../../domain/settings.js';
import { BoardStore } from '../../ledger/board.store.js';
import { CardStore } from '../../ledger/card.store.js';
import { OpinionStore } from '../../ledger/opinion.store.js';
import { ReportStore } from '../../ledger/report.store.js';
import { CardViewStore } from '../../ledger/card-view.store.js';
import { CaseTimelineStore } from '../../ledger/case-timeline.store.js';
import { LocalDayStore } from '../../ledger/local-day.store.js';
import { CurrentMeters } from '../../supervision/current-meters.adapter.js';
import { Clock } from '../../platform/clock.js';
import type { DatabaseAdapter } from '../../platform/database/database.adapter.js';
import { LEDGER_DATABASE, SETTINGS } from '../../platform/tokens.js';
import { BoardView } from './gather-board.adapter.js';
import { CardViews } from './gather-card.adapter.js';
import { ForecastView } from './forecast.adapter.js';
import { TheirViews } from './gather-theirs.adapter.js';
import { BoardRules } from './supervision-rules.adapter.js';

/** What the board of lights and cards is made of; its controller stands in the module of the whole face. */
@Module({})
export class BoardOpsModule {
  static register(platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    return {
      module: BoardOpsModule,
      imports: [platform, ledger],
      providers: [
        { provide: BoardRules, inject: [SETTINGS, LocalDayStore], useFactory: (settings: Settings, localDays: LocalDayStore) => new BoardRules(settings, new CurrentMeters(settings.calendar, localDays)) },
        { provide: CardStore, inject: [LEDGER_DATABASE, Clock, ReportStore], useFactory: (db: DatabaseAdapter, clock: Clock, reports: ReportStore) => new CardStore(db, clock, reports) },
        { provide: TheirViews, inject: [OpinionStore, ReportStore], useFactory: (opinions: OpinionStore, reports: ReportStore) => new TheirViews(opinions, reports) },
        { provide: BoardView, inject: [BoardRules, LEDGER_DATABASE, Clock], useFactory: (rules: BoardRules, db: DatabaseAdapter, clock: Clock) => new BoardView({ rules, store: new BoardStore(db), cards: new CardViewStore(db), clock }) },
        {
          provide: CardViews,
          inject: [BoardRules, LEDGER_DATABASE, CardStore, TheirViews, Clock],
          useFactory: (rules: BoardRules, db: DatabaseAdapter, cards: CardStore, theirs: TheirViews, clock: Clock) => new CardViews({ rules, store: new BoardStore(db), view: new CardViewStore(db), cards, timelines: new CaseTimelineStore(db), theirs, clock }),
        },
        { provide: ForecastView, inject: [BoardRules, LEDGER_DATABASE, Clock], useFactory: (rules: BoardRules, db: DatabaseAdapter, clock: Clock) => new ForecastView({ rules, store: new BoardStore(db), timelines: new CaseTimelineStore(db), clock }) },
      ],
      exports: [BoardView, CardViews, TheirViews, CardStore, ForecastView],
    };
  }
}
