import type { OnModuleDestroy } from '@nestjs/common';
import type { Response } from 'express';
import { heartbeatMs } from '../domain/ops-api.js';
import { refuse } from './refusal.js';
import type { TodayView } from './gather-today.adapter.js';

const mostOpen = 200;

/** Open streams of server-sent events: today whenever it changed, a heartbeat otherwise, an end when the session is over. */
export class LiveStreams implements OnModuleDestroy {
  private readonly open = new Set<() => void>();

  constructor(private readonly today: TodayView) {}

  /** `alive` is asked at each beat whether the session still stands. */
  start(response: Response, alive: () => Promise<boolean>): void {
    if (this.open.size >= mostOpen) throw refuse('too-many-requests', 'too many pages are open', { retryAfterSeconds: 30 });
    response.status(200).set({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    response.flushHeaders();
    let said = '';
    let busy = false;
    const send = (event: string, data: unknown): boolean => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    const close = (): void => {
      clearInterval(timer);
      this.open.delete(close);
      response.end();
    };
    const beat = async (): Promise<void> => {
      // One look at a time: a slow ledger must not be asked by a queue of beats.
      if (busy) return;
      busy = true;
      try {
        if (!(await alive())) {
          send('end', {});
          close();
          return;
        }
        const today = await this.today.read();
        const { at, ...facts } = today;
        const now = JSON.stringify(facts.channels.map(({ funnel, ...c }) => [c, funnel.map((f) => f.count)])) + JSON.stringify(facts.alarms) + JSON.stringify(facts.series) + JSON.stringify(facts.forecast?.lines);
        send(now === said ? 'beat' : 'today', now === said ? { at } : today);
        said = now;
      } catch {
        // The ledger does not answer: without a beat the page says that it is not live.
        said = '';
      } finally {
        busy = false;
      }
    };
    const timer = setInterval(() => void beat(), heartbeatMs / 2);
    this.open.add(close);
    response.on('close', close);
    void beat();
  }

  /** The server only closes once nobody is connected. */
  onModuleDestroy(): void {
    for (const close of [...this.open]) close();
  }
}
