import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Prometheus metrics of one gateway process. Durations in seconds, as Prometheus wants them. */
export class MetricsAdapter {
  readonly registry = new Registry();
  readonly moves = new Counter({ name: 'gateway_exchange_moves_total', help: 'Exchanges that reached a state', labelNames: ['channel', 'state'], registers: [this.registry] });
  readonly failures = new Counter({ name: 'gateway_failures_total', help: 'Failures by stage and code', labelNames: ['stage', 'channel', 'code'], registers: [this.registry] });
  readonly captured = new Counter({ name: 'gateway_captured_cases_total', help: 'Cases whose snapshot was new', labelNames: ['stream'], registers: [this.registry] });
  readonly polls = new Counter({ name: 'gateway_polls_total', help: 'Polls of the bureau', labelNames: ['stream', 'outcome'], registers: [this.registry] });
  readonly stageSeconds = new Histogram({ name: 'gateway_stage_seconds', help: 'Time of one batch in a stage', labelNames: ['stage', 'channel'], buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60], registers: [this.registry] });
  readonly captureToStaged = new Histogram({ name: 'gateway_capture_to_staged_seconds', help: 'From capture to the verified file on the staging machine', labelNames: ['channel'], buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600], registers: [this.registry] });
  readonly exchanges = new Gauge({ name: 'gateway_exchanges', help: 'Exchanges by channel and state', labelNames: ['channel', 'state'], registers: [this.registry] });
  readonly oldestDue = new Gauge({ name: 'gateway_oldest_open_seconds', help: 'Age of the oldest exchange that is not settled', labelNames: ['channel'], registers: [this.registry] });
  readonly lanesBlocked = new Gauge({ name: 'gateway_lanes_blocked', help: 'Lanes whose head waits for a person', labelNames: ['channel'], registers: [this.registry] });
  readonly watermarkAge = new Gauge({ name: 'gateway_watermark_standing_seconds', help: 'How long the watermark has been held back by an open transaction', labelNames: ['stream'], registers: [this.registry] });
  readonly breaker = new Gauge({ name: 'gateway_breaker_open', help: '1 while the breaker of a channel is open', labelNames: ['channel'], registers: [this.registry] });
  readonly mirrorFindings = new Gauge({ name: 'gateway_mirror_findings', help: 'What does not fit between a staging machine and the ledger, by kind', labelNames: ['channel', 'kind'], registers: [this.registry] });
  readonly returns = new Counter({ name: 'gateway_return_files_total', help: 'Returned fee, tax and control files by outcome', labelNames: ['channel', 'kind', 'outcome'], registers: [this.registry] });
  readonly alarms = new Gauge({ name: 'gateway_alarm', help: 'Alarms that stand, by kind; an alarm of no channel has an empty one', labelNames: ['kind', 'channel'], registers: [this.registry] });
  readonly queueEmptied = new Counter({ name: 'gateway_queue_emptied_total', help: 'How often the relay found that Redis had forgotten everything', registers: [this.registry] });
  readonly requests = new Counter({ name: 'gateway_http_requests_total', help: 'HTTP requests by route and status', labelNames: ['route', 'status'], registers: [this.registry] });

  constructor(options: { processMetrics: boolean }) {
    if (options.processMetrics) collectDefaultMetrics({ register: this.registry });
  }
}
