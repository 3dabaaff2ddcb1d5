import path from 'node:path';
import { openBureau } from '../capture/capture.module.js';
import type { ConfigFault, Settings } from '../domain/settings.js';
import { CancelStore } from '../ledger/cancel.store.js';
import { CaptureStore } from '../ledger/capture.store.js';
import { ChannelStore } from '../ledger/channel.store.js';
import { ExchangeStore } from '../ledger/exchange.store.js';
import { ExchangeViewStore } from '../ledger/exchange-view.store.js';
import { HandOverStore } from '../ledger/hand-over.store.js';
import { laneRules, reportsOf, supervisingBodies } from '../ledger/ledger.module.js';
import { LeaseStore } from '../ledger/lease.store.js';
import { ManifestStore } from '../ledger/manifest.store.js';
import { MessageStore } from '../ledger/message.store.js';
import { MirrorStore } from '../ledger/mirror.store.js';
import { openLedger } from '../ledger/open-ledger.adapter.js';
import { OperatorViewStore } from '../ledger/operator-view.store.js';
import { OpinionStore } from '../ledger/opinion.store.js';
import { ReplayStore } from '../ledger/replay.store.js';
import { AcknowledgementStore } from '../ledger/acknowledgement.store.js';
import { CompletenessStore } from '../ledger/completeness.store.js';
import { InboxStore } from '../ledger/inbox.store.js';
import { OpeningStore } from '../ledger/opening.store.js';
import { OvertakenStore } from '../ledger/overtaken.store.js';
import { RecoveredBytesStore } from '../ledger/recovered-bytes.store.js';
import { RecoveryStore } from '../ledger/recovery.store.js';
import { RejectionStore } from '../ledger/rejection.store.js';
import type { ReportStore } from '../ledger/report.store.js';
import { RetentionStore } from '../ledger/retention.store.js';
import { RetryStore } from '../ledger/retry.store.js';
import type { CompiledMapping } from '../mapping/compiled-mapping.js';
import { loadMappings } from '../mapping/load-mappings.adapter.js';
import { loadReturnMappings } from '../reconciliation/load-return-mappings.adapter.js';
import { formatFaults } from '../platform/config/format-faults.js';
import { loadSettings, type LoadedSettings } from '../platform/config/load-settings.config.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { createLog } from '../platform/log.adapter.js';
import { DoorbellAdapter, type Bell } from '../platform/queue/doorbell.adapter.js';
import { CommandFailure, exitCodes, type CliContext } from './cli-context.js';
import { describeAddress, describeError } from '../platform/describe-error.js';

/** How long the doorbell may take: the relay rings anyway within a second or so. */
const ringLimitMs = 2_000;

/** The settings as the gateway reads them, with all faults. */
export function readSettings(context: CliContext): LoadedSettings {
  return loadSettings({ configDir: path.resolve(context.env['GATEWAY_CONFIG_DIR'] ?? 'config'), env: context.env });
}

export function settingsOrFail(context: CliContext): Settings {
  const { settings, faults } = readSettings(context);
  if (!settings) throw new CommandFailure(formatFaults(faults), exitCodes.configuration);
  return settings;
}

export function readMappings(settings: Settings): { mappings: readonly CompiledMapping[]; faults: readonly ConfigFault[] } {
  const dir = path.resolve(settings.mappingsDir);
  const channels = settings.channels.filter((c) => c.enabled);
  const { mappings, faults } = loadMappings({ dir, streams: settings.streamDefinitions, channels });
  return { mappings, faults: [...faults, ...loadReturnMappings(dir, channels).faults] };
}

/** The ledger with the stores that commands use. */
export interface OpenedLedger {
  readonly database: DatabaseAdapter;
  readonly view: ExchangeViewStore;
  readonly operator: OperatorViewStore;
  readonly channels: ChannelStore;
  readonly capture: CaptureStore;
  readonly leases: LeaseStore;
  readonly retry: RetryStore;
  readonly exchanges: ExchangeStore;
  readonly messages: MessageStore;
  readonly manifests: ManifestStore;
  readonly mirror: MirrorStore;
  readonly replay: ReplayStore;
  readonly cancel: CancelStore;
  readonly handOvers: HandOverStore;
  readonly completeness: CompletenessStore;
  readonly inbox: InboxStore;
  readonly rejections: RejectionStore;
  readonly acknowledgements: AcknowledgementStore;
  readonly recovery: RecoveryStore;
  readonly recoveredBytes: RecoveredBytesStore;
  readonly overtaken: OvertakenStore;
  readonly retention: RetentionStore;
}

/** What tells supervising bodies of a decision, as the running gateway would. */
export function openReports(context: CliContext, settings: Settings, ledger: Pick<OpenedLedger, 'database' | 'exchanges'>): ReportStore {
  return reportsOf(ledger.database, context.clock, ledger.exchanges, laneRules(settings), new OpinionStore(ledger.database, context.clock, supervisingBodies(settings)), settings);
}

/** Connects without touching the tables: bringing them up to date is the gateway's own work. */
export function connectLedger(settings: Settings): Promise<DatabaseAdapter> {
  return openLedger({ ledger: { ...settings.ledger, poolSize: 2, migrate: false } });
}

export function storesOf(database: DatabaseAdapter, settings: Settings, context: CliContext): OpenedLedger {
  const { clock } = context;
  const rules = laneRules(settings);
  const exchanges = new ExchangeStore(database, clock, rules, settings.retry);
  const retry = new RetryStore(database, clock, exchanges, rules);
  const inbox = new InboxStore(database, clock);
  const acknowledgements = new AcknowledgementStore(database, clock, exchanges, inbox);
  return {
    database,
    view: new ExchangeViewStore(database, clock),
    operator: new OperatorViewStore(database),
    channels: new ChannelStore(database, clock, settings.breaker),
    capture: new CaptureStore(database, clock, exchanges, rules),
    leases: new LeaseStore(database, clock, 'command line', settings.lease.lengthMs),
    retry,
    exchanges,
    messages: new MessageStore(database, clock, exchanges),
    manifests: new ManifestStore(database, clock, exchanges),
    mirror: new MirrorStore(database, clock),
    replay: new ReplayStore(database, clock, exchanges, retry),
    cancel: new CancelStore(database, clock, exchanges),
    handOvers: new HandOverStore(database, clock, exchanges),
    completeness: new CompletenessStore(database, clock),
    inbox,
    rejections: new RejectionStore(database, clock),
    acknowledgements,
    recovery: new RecoveryStore(database, clock, exchanges, new OpeningStore(database, exchanges, rules), acknowledgements, rules),
    recoveredBytes: new RecoveredBytesStore(database, clock),
    overtaken: new OvertakenStore(database, exchanges),
    retention: new RetentionStore(database, clock),
  };
}

/** Runs `work` on the ledger and lets go of it; a ledger that cannot be reached or has no tables is told in one line. */
export async function withLedger<T>(context: CliContext, settings: Settings, work: (ledger: OpenedLedger) => Promise<T>): Promise<T> {
  let database: DatabaseAdapter;
  try {
    database = await connectLedger(settings);
  } catch (error) {
    throw new CommandFailure(`the ledger (${describeAddress(settings.ledger.url)}) cannot be reached: ${describeError(error)}`, exitCodes.unavailable);
  }
  try {
    const ledger = storesOf(database, settings, context);
    if (pendingMigrations(database, await ledger.operator.migrationsRun()).length > 0) {
      throw new CommandFailure(`the tables of the ledger (${describeAddress(settings.ledger.url)}) are missing or not up to date: start the gateway once with ledger.migrate on`, exitCodes.attention);
    }
    return await work(ledger);
  } finally {
    await database.close();
  }
}

/** Names of migrations that this version has and the ledger has not. */
export function pendingMigrations(database: DatabaseAdapter, run: readonly string[]): string[] {
  return database.source.migrations.map((m) => m.name ?? m.constructor.name).filter((name) => !run.includes(name));
}

export async function withBureau<T>(settings: Settings, work: (bureau: DatabaseAdapter) => Promise<T>): Promise<T> {
  let bureau: DatabaseAdapter;
  try {
    bureau = await openBureau({ bureau: { ...settings.bureau, poolSize: 2 } });
  } catch (error) {
    throw new CommandFailure(`the bureau's database (${describeAddress(settings.bureau.url)}) cannot be reached: ${describeError(error)}`, exitCodes.unavailable);
  }
  try {
    return await work(bureau);
  } finally {
    await bureau.close();
  }
}

/** Rings for channels; false when the queue did not take it in time, which costs one sweep of the relay. */
export async function ring(settings: Settings, bells: readonly Bell[], channels: readonly string[]): Promise<boolean> {
  const opening = DoorbellAdapter.open(settings.queue, createLog({ level: 'silent', instance: settings.instance }));
  const rung = opening.then(async (doorbell) => {
    const answers = await Promise.all(channels.flatMap((channel) => bells.map((bell) => doorbell.ring(bell, channel))));
    await doorbell.close();
    return answers.every(Boolean);
  }, () => false);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => { timer = setTimeout(() => resolve(false), ringLimitMs); });
  try {
    return await Promise.race([rung, late]);
  } finally {
    clearTimeout(timer);
  }
}
