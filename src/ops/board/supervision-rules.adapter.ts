import path from 'node:path';
import type { Settings } from '../../domain/settings.js';
import type { RuleSet } from '../../domain/supervision-rules.js';
import type { CurrentMeters } from '../../supervision/current-meters.adapter.js';
import { loadSupervision } from '../../supervision/load-supervision.adapter.js';
import type { Meters } from '../../supervision/make-meters.js';
import { refuse } from '../refusal.js';

/** The rule sets whose clocks are kept, as they stood when the process started, with the calendar they count by now. */
export class BoardRules {
  readonly sets: readonly RuleSet[];
  readonly stream: string;
  private readonly told: ReadonlyMap<string, string>;

  constructor(
    settings: Pick<Settings, 'supervision' | 'channels'>,
    private readonly current: CurrentMeters,
  ) {
    const { bodies, rulesDir, limitsFile, stream } = settings.supervision;
    this.stream = stream;
    const loaded = bodies.length === 0 ? undefined : loadSupervision({ dir: path.resolve(rulesDir), limitsFile: path.resolve(limitsFile) }).supervision;
    this.told = new Map(settings.channels.flatMap((c) => (c.supervision ? [[c.channel, c.supervision.body] as const] : [])));
    this.sets = bodies.flatMap((b) => loaded?.rules.get(b) ?? []);
  }

  get meters(): Meters {
    return this.current.meters;
  }

  /** By whose rules a receiver counts: what its channel says, the first body's otherwise. */
  bodyOfChannel(channel: string): string | undefined {
    return this.told.get(channel) ?? this.sets[0]?.body;
  }

  get bodies(): { body: string; title: string }[] {
    return this.sets.map(({ body, title }) => ({ body, title }));
  }

  /** The rule set of this name, the first one without a name. */
  of(body: string | undefined): RuleSet {
    const found = body === undefined ? this.sets[0] : this.sets.find((s) => s.body === body);
    if (found) return found;
    throw refuse('not-found', this.sets.length === 0 ? 'no clocks are kept: name a supervising body under supervision.bodies' : `no clocks are kept under these rules; expected one of ${this.sets.map((s) => s.body).join(', ')}`);
  }
}
