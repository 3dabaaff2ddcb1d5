import { rename, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { alarmWords } from '../domain/alarm-words.js';
import type { Settings } from '../domain/settings.js';
import type { AlarmStore } from '../ledger/alarm.store.js';
import type { CaptureStore } from '../ledger/capture.store.js';
import type { Clock } from '../platform/clock.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { judgeLife } from './judge-life.js';

export interface DeadManParts {
  readonly settings: Pick<Settings, 'instance' | 'alarms' | 'bureau'>;
  readonly alarms: AlarmStore;
  readonly capture: CaptureStore;
  readonly clock: Clock;
  readonly log: GatewayLog;
}

/** Looks of the watch that may be missed. */
const missedLooks = 4;
const urlTimeoutMs = 10_000;

/**
 * Gives a sign of life that something outside waits for, by file (its age) and URL (being fetched).
 * Enters as: a ledger that can be written, polls and judged alarms that are fresh. Leaves as: the touched file, the fetched URL;
 * nothing at all when any of these is not so. Can fail with: dead-man-failed. If run twice: a second sign does no harm.
 */
export class DeadManPoller {
  private silent = '';

  constructor(private readonly parts: DeadManParts) {}

  get configured(): boolean {
    const { file, url } = this.parts.settings.alarms.deadMan;
    return file !== undefined || url !== undefined;
  }

  /** True when the sign was given in full. */
  async live(): Promise<boolean> {
    const { settings, alarms, clock, log } = this.parts;
    const { deadMan, everyMs } = settings.alarms;
    const host = os.hostname().slice(0, 40);
    await alarms.proveWritable(host);
    const watermarks = await this.parts.capture.watermarks();
    const streams = settings.bureau.streams.map((stream) => {
      const w = watermarks.find((row) => row.stream === stream);
      return { stream, polledMs: w?.polledAt === undefined ? undefined : Date.parse(w.polledAt), fault: w?.faultCode };
    });
    const reasons = judgeLife({ streams, lookedMs: await alarms.lastLook() }, { pollAgeMs: deadMan.pollAgeMs, lookAgeMs: everyMs * missedLooks + settings.alarms.webhook.timeoutMs }, clock.now().getTime());
    this.tell(reasons);
    if (reasons.length > 0) return false;

    const sign = { instance: settings.instance, host, pid: process.pid, at: clock.iso(), streams: streams.map((s) => ({ ...s, polledMs: undefined, polledAt: s.polledMs === undefined ? undefined : new Date(s.polledMs).toISOString() })) };
    const [file, url] = await Promise.all([this.attempt(() => this.touch(deadMan.file, JSON.stringify(sign))), this.attempt(() => fetchUrl(deadMan.url))]);
    for (const [name, problem] of [['file', file], ['url', url]] as const) {
      const key = `dead-man-failed:${host}:${name}`;
      if (problem === undefined) continue;
      log.warn({ way: name, problem }, 'the sign of life could not be given');
      await alarms.raise(key, 'dead-man-failed', alarmWords['dead-man-failed']({ host, way: name, problem }), undefined, { forMs: 3 * deadMan.everyMs });
    }
    return file === undefined && url === undefined;
  }

  private async attempt(act: () => Promise<void>): Promise<string | undefined> {
    try {
      await act();
      return undefined;
    } catch (error) {
      const { code, message, cause } = error as NodeJS.ErrnoException & { cause?: { code?: string } };
      return cause?.code ?? code ?? message;
    }
  }

  private async touch(file: string | undefined, content: string): Promise<void> {
    if (file === undefined) return;
    // Renamed into place: whoever reads it never sees half of it.
    const temporary = `${file}.${process.pid}.tmp`;
    await writeFile(temporary, `${content}\n`);
    await rename(temporary, file);
  }

  private tell(reasons: readonly string[]): void {
    const now = reasons.join('; ');
    if (now === '' && this.silent !== '') this.parts.log.info('the sign of life is given again');
    if (now !== '' && this.silent === '') this.parts.log.error({ reasons }, 'no sign of life is given');
    this.silent = now;
  }
}

async function fetchUrl(url: string | undefined): Promise<void> {
  if (url === undefined) return;
  const answer = await fetch(url, { signal: AbortSignal.timeout(urlTimeoutMs) });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`it answered ${answer.status}, expected 2xx`);
}
