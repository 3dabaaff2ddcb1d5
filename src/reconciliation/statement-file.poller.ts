import { createHash } from 'node:crypto';
import { alarmWords } from '../domain/alarm-words.js';
import { asFailure } from '../domain/failures.js';
import type { ChannelSettings } from '../domain/settings.js';
import type { AlarmStore } from '../ledger/alarm.store.js';
import { nextAttempt, type RetryPolicy } from '../ledger/next-attempt.js';
import type { StatementFile, StatementFileStore } from '../ledger/statement-file.store.js';
import type { StatementStore } from '../ledger/statement.store.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import type { StagingMachine } from '../platform/staging/staging-machine.js';
import { readStatementRecord } from './write-statement-record.js';
import { writeStatementXml } from './write-statement-xml.js';

export interface StatementFileParts {
  readonly files: StatementFileStore;
  readonly statements: StatementStore;
  readonly channels: readonly ChannelSettings[];
  readonly alarms: AlarmStore;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly log: GatewayLog;
  staging(channel: string): StagingMachine;
}

const batch = 20;
/** Tries after which somebody is told. */
const patience = 5;

/** Puts the statements of closed days on the staging machine, for the center. What cannot be put now is put later; nothing waits for it. */
export class StatementFilePoller {
  constructor(private readonly parts: StatementFileParts) {}

  async poll(goOn: () => Promise<boolean>): Promise<number> {
    let written = 0;
    for (const file of await this.parts.files.due(batch)) {
      if (!(await goOn())) break;
      if (await this.put(file)) written += 1;
    }
    return written;
  }

  async look(): Promise<void> {
    const { files, alarms } = this.parts;
    const owed = await files.overdue(patience);
    if (owed.length === 0) await alarms.clear('statement-not-delivered');
    else await alarms.raise('statement-not-delivered', 'statement-not-delivered', alarmWords['statement-not-delivered']({ count: owed.length, shown: owed.slice(0, 5).map((f) => `${f.channel} ${f.day}`), failure: owed[0]!.failure ?? '' }));
  }

  private async put(file: StatementFile): Promise<boolean> {
    const { files, statements, channels, retry, clock, log } = this.parts;
    const channel = channels.find((c) => c.channel === file.channel && c.enabled);
    const closed = channel && (await statements.closedDay(file.day));
    // A channel that is gone, or figures that somebody altered: nothing is sent, and look() tells.
    if (!closed?.intact) return this.later(file, channel ? 'the closed statement is not what was closed' : 'the channel is not configured any more');
    const bytes = writeStatementXml(readStatementRecord(closed.figures), closed, file.channel);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const directory = channel!.staging.statementDir;
    try {
      const staging = this.parts.staging(file.channel);
      await staging.ensureDirectories([channel!.staging.outboxDir, directory]);
      const [outcome] = await staging.put([{ directory, finalName: file.fileName, bytes, sha256, lookFirst: true }]);
      if (outcome?.ok !== true) return await this.later(file, `${outcome?.failure.code ?? 'unexpected'}: ${outcome?.failure.detail ?? ''}`);
      await files.written(file.id, sha256);
      log.info({ channel: file.channel, day: file.day, file: file.fileName }, 'the statement of a closed day was delivered');
      return true;
    } catch (error) {
      const failure = asFailure(error);
      return this.later(file, `${failure.code}: ${failure.detail}`, nextAttempt(file.attempts + 1, retry, clock.now(), Math.random()));
    }
  }

  private async later(file: StatementFile, why: string, at = nextAttempt(file.attempts + 1, this.parts.retry, this.parts.clock.now(), Math.random())): Promise<false> {
    this.parts.log.warn({ channel: file.channel, day: file.day, why }, 'a statement cannot be delivered now');
    await this.parts.files.failed(file.id, why, at);
    return false;
  }
}
