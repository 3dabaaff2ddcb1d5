import { Module, type DynamicModule } from '@nestjs/common';
import path from 'node:path';
import type { Settings } from '../domain/settings.js';
import { AlarmStore } from '../ledger/alarm.store.js';
import { InquiryStore } from '../ledger/inquiry.store.js';
import { InquiryTryStore } from '../ledger/inquiry-try.store.js';
import { InquiryViewStore } from '../ledger/inquiry-view.store.js';
import { LocalDayStore } from '../ledger/local-day.store.js';
import { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { LEDGER_DATABASE, SETTINGS } from '../platform/tokens.js';
import { loadSupervision } from '../supervision/load-supervision.adapter.js';
import { CurrentMeters } from '../supervision/current-meters.adapter.js';
import { CaseInquiry } from './case-inquiry.adapter.js';
import { CompletedController } from './completed.controller.js';
import { CompletedList } from './completed-list.adapter.js';
import { DeskController } from './desk.controller.js';
import { FlightLimit } from './flight-limit.adapter.js';
import { InquiryController } from './inquiry.controller.js';
import { InquiryFilter } from './inquiry-filter.adapter.js';
import { InquiryPoller } from './inquiry.poller.js';

const forgetEveryMs = 3_600_000;

/** What the scheduler runs. */
export class InquiryJobs {
  constructor(
    private readonly poller: InquiryPoller,
    private readonly everyMs: number,
  ) {}

  list(): { name: string; everyMs: number; run: (goOn: () => Promise<boolean>) => Promise<void> }[] {
    return [
      { name: 'inquiry', everyMs: this.everyMs, run: async (goOn) => void (await this.poller.poll(goOn)) },
      { name: 'inquiry-tries', everyMs: forgetEveryMs, run: () => this.poller.forget() },
    ];
  }
}

/** The face for people who wait for a case: in the hall, on the web, at the telephone. There is none without inquiry.key. */
@Module({})
export class InquiryModule {
  static register(settings: Settings, key: string, platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    const api = settings.roles.includes('api');
    return {
      module: InquiryModule,
      imports: [platform, ledger],
      controllers: api ? [CompletedController, InquiryController, DeskController] : [],
      providers: [
        InquiryFilter,
        { provide: InquiryStore, inject: [LEDGER_DATABASE], useFactory: (db: DatabaseAdapter) => new InquiryStore(db) },
        { provide: InquiryTryStore, inject: [LEDGER_DATABASE, Clock], useFactory: (db: DatabaseAdapter, clock: Clock) => new InquiryTryStore(db, clock, settings.inquiry.limits) },
        { provide: InquiryViewStore, inject: [LEDGER_DATABASE], useFactory: (db: DatabaseAdapter) => new InquiryViewStore(db) },
        { provide: InquiryPoller, inject: [InquiryStore, InquiryTryStore], useFactory: (store: InquiryStore, tries: InquiryTryStore) => new InquiryPoller(store, tries, settings.inquiry, key) },
        { provide: InquiryJobs, inject: [InquiryPoller], useFactory: (poller: InquiryPoller) => new InquiryJobs(poller, settings.inquiry.everyMs) },
        { provide: CompletedList, inject: [SETTINGS, InquiryViewStore, Clock], useFactory: (s: Settings, view: InquiryViewStore, clock: Clock) => new CompletedList(view, s.inquiry, clock) },
        {
          provide: CaseInquiry,
          inject: [InquiryViewStore, InquiryTryStore, AlarmStore, LocalDayStore, Clock],
          useFactory: (view: InquiryViewStore, tries: InquiryTryStore, alarms: AlarmStore, localDays: LocalDayStore, clock: Clock) => {
            const current = new CurrentMeters(settings.calendar, localDays);
            return new CaseInquiry({ settings, key, view, tries, alarms, flight: new FlightLimit(settings.inquiry.inFlight), clock, body: bodyOf(settings), get meters() { return current.meters; } });
          },
        },
      ],
      exports: [InquiryJobs],
    };
  }
}

/** The first supervising body: its light is the one that a citizen is told. Faults of its files stop the start elsewhere. */
function bodyOf(settings: Settings): ConstructorParameters<typeof CaseInquiry>[0]['body'] {
  const [name] = settings.supervision.bodies;
  if (name === undefined) return undefined;
  const { supervision } = loadSupervision({ dir: path.resolve(settings.supervision.rulesDir), limitsFile: path.resolve(settings.supervision.limitsFile) });
  const rules = supervision?.rules.get(name);
  return rules && { name, rules };
}
