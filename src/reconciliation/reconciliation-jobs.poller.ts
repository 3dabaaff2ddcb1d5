import type { Settings } from '../domain/settings.js';
import type { ChargePoller } from './charge.poller.js';
import type { ClearancePoller } from './clearance.poller.js';
import type { ReconciliationPoller } from './reconciliation.poller.js';
import type { StatementFilePoller } from './statement-file.poller.js';
import type { SuspensePoller } from './suspense.poller.js';
import type { WriteBackPoller } from './write-back.poller.js';

type Job = { name: string; everyMs: number; run: (goOn: () => Promise<boolean>) => Promise<void> };

/** How often it is looked at what somebody should be told. */
const lookEveryMs = 60_000;

/** What the scheduler runs for reconciliation. */
export class ReconciliationJobs {
  constructor(
    private readonly settings: Pick<Settings, 'reconciliation' | 'capture' | 'writeBack'>,
    private readonly charges: ChargePoller,
    private readonly reconciliation: ReconciliationPoller,
    private readonly suspense: SuspensePoller,
    private readonly clearances: ClearancePoller,
    private readonly writeBack: WriteBackPoller,
    private readonly statements: StatementFilePoller,
  ) {}

  list(): Job[] {
    const { pollEveryMs } = this.settings.reconciliation;
    const { everyMs } = this.settings.writeBack;
    return [
      { name: 'charges', everyMs: pollEveryMs, run: async (goOn) => void (await this.charges.poll(goOn)) },
      { name: 'charges-removed', everyMs: this.settings.capture.removalSweepEveryMs, run: async (goOn) => void (await this.charges.endRemoved(goOn)) },
      { name: 'reconcile', everyMs: pollEveryMs, run: async (goOn) => void (await this.reconciliation.poll(goOn)) },
      { name: 'clearances', everyMs: pollEveryMs, run: async (goOn) => void (await this.clearances.poll(goOn)) },
      ...(this.writeBack.configured ? [{ name: 'write-back', everyMs, run: async (goOn: () => Promise<boolean>) => void (await this.writeBack.poll(goOn)) }] : []),
      { name: 'statement-files', everyMs: pollEveryMs, run: async (goOn) => void (await this.statements.poll(goOn)) },
      { name: 'suspense', everyMs: lookEveryMs, run: () => this.look() },
    ];
  }

  /** Lets go of the bureau's return table. */
  close(): Promise<void> {
    return this.writeBack.close();
  }

  private async look(): Promise<void> {
    await this.suspense.look();
    await this.clearances.look();
    await this.writeBack.look();
    await this.statements.look();
  }
}
