import { Module, type DynamicModule } from '@nestjs/common';
import path from 'node:path';
import type { Settings } from '../domain/settings.js';
import { AlarmStore } from '../ledger/alarm.store.js';
import { BreachStore } from '../ledger/breach.store.js';
import { CardStore } from '../ledger/card.store.js';
import { ClockStore } from '../ledger/clock.store.js';
import { CaseTimelineStore } from '../ledger/case-timeline.store.js';
import { OpinionStore } from '../ledger/opinion.store.js';
import { ReportStore } from '../ledger/report.store.js';
import { LocalDayStore } from '../ledger/local-day.store.js';
import { Clock } from '../platform/clock.js';
import { formatFaults } from '../platform/config/format-faults.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { LEDGER_DATABASE, LOG } from '../platform/tokens.js';
import { loadSupervision, type LoadedSupervision, type Supervision } from './load-supervision.adapter.js';
import { OpinionPoller } from './opinion.poller.js';
import { SupervisionPoller } from './supervision.poller.js';

/** What the scheduler runs. */
export class SupervisionJobs {
  constructor(
    private readonly poller: SupervisionPoller | undefined,
    private readonly opinions: OpinionPoller | undefined,
    private readonly everyMs: number,
  ) {}

  list(): { name: string; everyMs: number; run: (goOn: () => Promise<boolean>) => Promise<void> }[] {
    const { poller, opinions, everyMs } = this;
    return [
      ...(poller ? [{ name: 'supervision', everyMs, run: async (goOn: () => Promise<boolean>) => void (await poller.look(goOn)) }] : []),
      ...(opinions ? [{ name: 'opinions', everyMs, run: async (goOn: () => Promise<boolean>) => void (await opinions.look(goOn)) }] : []),
    ];
  }
}

/** The rules of the configured bodies with the catalogue, or everything that is wrong with their files. */
export function readSupervision(settings: Pick<Settings, 'supervision'>): LoadedSupervision {
  const { rulesDir, limitsFile, bodies } = settings.supervision;
  const loaded = loadSupervision({ dir: path.resolve(rulesDir), limitsFile: path.resolve(limitsFile) });
  const missing = bodies.filter((b) => loaded.supervision && !loaded.supervision.rules.has(b)).map((b) => ({ file: 'default.yaml', key: 'supervision.bodies', expected: `a body for which there is a file ${rulesDir}/${b}.yaml, instead of ${b}` }));
  return missing.length > 0 ? { faults: missing } : loaded;
}

/** As above; throws with every fault listed. */
export function supervisionOf(settings: Pick<Settings, 'supervision'>): Supervision {
  const { supervision, faults } = readSupervision(settings);
  if (!supervision) throw new Error(formatFaults(faults));
  return supervision;
}

/**
 * Enters as: recorded snapshots, and time. Leaves as: the clock of each case, cards, alarms that tell of them. Can fail with:
 * calendar-year-missing (kept with the case; no card then). If run twice: positions and unique keys make it one.
 */
@Module({})
export class SupervisionModule {
  static register(settings: Settings, platform: DynamicModule, ledger: DynamicModule): DynamicModule {
    const supervision = settings.supervision.bodies.length === 0 ? undefined : supervisionOf(settings);
    return {
      module: SupervisionModule,
      imports: [platform, ledger],
      providers: [
        { provide: CardStore, inject: [LEDGER_DATABASE, Clock, ReportStore], useFactory: (db: DatabaseAdapter, clock: Clock, reports: ReportStore) => new CardStore(db, clock, reports) },
        { provide: ClockStore, inject: [LEDGER_DATABASE, Clock, CardStore, ReportStore], useFactory: (db: DatabaseAdapter, clock: Clock, cards: CardStore, reports: ReportStore) => new ClockStore(db, clock, cards, reports) },
        {
          provide: SupervisionJobs,
          inject: [LEDGER_DATABASE, ClockStore, CardStore, ReportStore, OpinionStore, AlarmStore, LocalDayStore, Clock, LOG],
          useFactory: (db: DatabaseAdapter, store: ClockStore, cards: CardStore, reports: ReportStore, opinions: OpinionStore, alarms: AlarmStore, localDays: LocalDayStore, clock: Clock, log: GatewayLog) => {
            const parts = supervision && { store, cards, alarms, supervision, calendar: settings.calendar, inForce: () => localDays.inForce(), settings: settings.supervision, clock, log };
            return new SupervisionJobs(
              parts && new SupervisionPoller({ ...parts, breaches: new BreachStore(db, clock, cards, reports), reports }), parts && opinions.bodies.size > 0 ? new OpinionPoller({ ...parts, opinions, timeline: new CaseTimelineStore(db) }) : undefined, settings.supervision.everyMs);
          },
        },
      ],
      exports: [SupervisionJobs, ClockStore, CardStore],
    };
  }
}
