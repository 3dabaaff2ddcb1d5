import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CenterCaseStore, type JournalEntry } from './center-case.store.js';
import { CenterImport, type ImportFaults } from './center-import.adapter.js';
import { CenterSchemas } from './center-schemas.adapter.js';
import { planAcknowledgements } from './plan-acknowledgements.js';
import { ReturnFiles, type ReturnFaults, type ReturnFilesSettings } from './return-files.adapter.js';
import { SendAcknowledgements, type AcknowledgementFaults, type AcknowledgementWays } from './send-acknowledgements.adapter.js';
import { noSupervisionFaults, SupervisingSide, type SupervisionFaults } from './supervising-side.adapter.js';
import { noStagingFaults, SftpStagingServer, type SftpStagingSettings, type StagingFaults } from './sftp-staging-server.adapter.js';

/** Every fault switch of a simulated center; the objects may be changed while it runs. */
export interface CenterFaults {
  readonly staging: StagingFaults;
  readonly import: ImportFaults;
  readonly acks: AcknowledgementFaults;
  readonly returns: ReturnFaults;
}

/** A center without faults. */
export function noCenterFaults(): CenterFaults {
  return {
    staging: noStagingFaults(),
    import: { paused: false, refusals: [], early: undefined },
    acks: { paused: false, delayMs: 0, duplicateRate: 0, contradictoryRate: 0, unknownIdRate: 0, outOfOrder: false, filesInstead: false },
    returns: { rates: {}, bad: [], controlFirst: false },
  };
}

export interface SimulatedCenterOptions {
  readonly channel: string;
  /** Directory of this center: `staging/` (unless stagingDir is given) and `journal/` are made in it. */
  readonly dir: string;
  /** Staging directory that another server (a real sshd) serves. */
  readonly stagingDir?: string | undefined;
  /** None: no SFTP server is started, something else serves the staging directory. */
  readonly sftp?: Omit<SftpStagingSettings, 'root' | 'keyDir'> | undefined;
  readonly ack: AcknowledgementWays;
  /** The directory of mappings; XSDs are `<xsdDir>/<channel>/<message>/<message>.xsd`, and what is there is what the channel carries. */
  readonly xsdDir?: string | undefined;
  readonly faults?: { readonly staging?: Partial<StagingFaults>; readonly import?: Partial<ImportFaults>; readonly acks?: Partial<AcknowledgementFaults>; readonly returns?: Partial<ReturnFaults> } | undefined;
  /** Fee and tax files for what it accepted; none: nothing is returned. */
  readonly returns?: (Pick<ReturnFilesSettings, 'chargesOf'> & Partial<Pick<ReturnFilesSettings, 'seed' | 'encoding' | 'unitCode' | 'authorityCode'>> & { /** How often what was accepted since is returned; not by itself unless told. */ readonly everyMs?: number }) | undefined;
  /** It is a supervising side: it counts clocks itself and returns cards and queries, this often or when told. */
  readonly supervising?: { readonly everyMs?: number; readonly faults?: Partial<SupervisionFaults> } | undefined;
  /** How often the staging directory is looked at; 200 unless told. */
  readonly pollMs?: number | undefined;
  readonly now?: (() => Date) | undefined;
  /** 0..1, for the rates. */
  readonly random?: (() => number) | undefined;
}

/** Starts the receiver's side of one channel; see SimulatedCenter. */
export async function startSimulatedCenter(options: SimulatedCenterOptions): Promise<SimulatedCenter> {
  return SimulatedCenter.start(options);
}

/**
 * The receiver's side of one channel: staging machine, import and acknowledgements. It shares no code with the gateway's
 * stages, so that what it says of their work is a second opinion.
 */
export class SimulatedCenter {
  /** What the center took in and knows. */
  readonly import: CenterImport;
  private readonly returnTimer: NodeJS.Timeout | undefined;
  private returnFailure: unknown;

  private constructor(
    readonly stagingDir: string,
    readonly sftp: SftpStagingServer | undefined,
    centerImport: CenterImport,
    private readonly store: CenterCaseStore,
    readonly acks: SendAcknowledgements,
    readonly faults: CenterFaults,
    private readonly schemas: CenterSchemas | undefined,
    /** What goes back to the bureau for what was accepted. */
    readonly returns: ReturnFiles | undefined,
    /** Counts clocks of its own; only of a supervising side. */
    readonly supervising: SupervisingSide | undefined,
    returnEveryMs: number | undefined,
  ) {
    this.import = centerImport;
    const returning = returns ?? supervising;
    if (returning && returnEveryMs !== undefined) {
      this.returnTimer = setInterval(() => {
        returning.returnNow().catch((error: unknown) => (this.returnFailure = error)); // seen by waitUntil
      }, returnEveryMs);
    }
  }

  static async start(options: SimulatedCenterOptions): Promise<SimulatedCenter> {
    const { channel, dir, ack } = options;
    const now = options.now ?? ((): Date => new Date());
    const random = options.random ?? Math.random;
    const none = noCenterFaults();
    const faults: CenterFaults = {
      staging: { ...none.staging, ...options.faults?.staging },
      import: { ...none.import, ...options.faults?.import },
      acks: { ...none.acks, ...options.faults?.acks },
      returns: { ...none.returns, ...options.faults?.returns },
    };
    const stagingDir = options.stagingDir ?? join(dir, 'staging');
    await mkdir(stagingDir, { recursive: true });
    const schemas = options.xsdDir === undefined ? undefined : await CenterSchemas.load(options.xsdDir, channel);
    const store = await CenterCaseStore.open(join(dir, 'journal', 'import.jsonl'), now);
    const acks = await SendAcknowledgements.open({ channel, stagingDir, journalPath: join(dir, 'journal', 'acknowledgements.jsonl'), ways: ack, faults: faults.acks, batch: 200, now, random });
    const answer = (entries: readonly JournalEntry[]): Promise<void> =>
      acks.queue(entries.flatMap((entry) => planAcknowledgements(entry).map((acknowledgement) => ({ answers: entry.number, acknowledgement }))));
    // What was imported before a crash and not yet answered.
    await answer(store.replayed.filter((entry) => entry.number > acks.answeredUpTo));
    const centerImport = new CenterImport({
      channel,
      stagingDir,
      store,
      schemas,
      faults: faults.import,
      pollMs: options.pollMs ?? 200,
      now,
      random,
      onRecorded: answer,
      onEarly: (message, level) => acks.queue([{ answers: 0, acknowledgement: { ...message, level } }]),
    });
    await centerImport.start();
    acks.start();
    const sftp = options.sftp && (await SftpStagingServer.start({ ...options.sftp, root: stagingDir, keyDir: join(dir, 'host-key') }, faults.staging));
    // For whoever must pin the key before it talks to this machine.
    if (sftp) await writeFile(join(dir, 'host-key', 'sha256'), `${sftp.hostKeySha256}\n`);
    const returns = options.returns && (await ReturnFiles.open({
      seed: 1, encoding: 'UTF-8', unitCode: '430900001', authorityCode: '14309000000', ...options.returns,
      stagingDir, journalPath: join(dir, 'journal', 'returns.jsonl'), faults: faults.returns, now,
      accepted: () => store.cases().filter((c) => store.stands(c.caseNo, 'acceptance')).map((c) => c.caseNo),
    }));
    const supervising = options.supervising && new SupervisingSide({ stagingDir, now, cases: () => store.cases(), pathOf: (manifest, fileName) => store.archivePath(manifest, fileName) }, { ...noSupervisionFaults(), ...options.supervising.faults });
    return new SimulatedCenter(stagingDir, sftp, centerImport, store, acks, faults, schemas, returns, supervising, options.returns?.everyMs ?? options.supervising?.everyMs);
  }

  /** Resolves once `predicate` holds, asked every 20 ms; rejects after `timeoutMs` or when the center broke down. */
  async waitUntil(predicate: (center: this) => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
    const until = Date.now() + timeoutMs;
    while (!(await predicate(this))) {
      const failure = this.import.failure ?? this.acks.failure ?? this.returnFailure;
      if (failure !== undefined) throw new Error('the simulated center broke down', { cause: failure });
      if (Date.now() > until) {
        throw new Error(`not reached in ${String(timeoutMs)} ms; import ${JSON.stringify(this.import.counts())}, acknowledgements ${JSON.stringify(this.acks.counts())}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Stops everything; a center started on the same directory goes on where this one ended. */
  async stop(): Promise<void> {
    clearInterval(this.returnTimer);
    await this.sftp?.goOffline();
    await this.returns?.close();
    await this.import.stop();
    await this.acks.stop();
    await this.store.close();
    this.schemas?.dispose();
  }
}
