import type { ExchangeId, Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { raw, sql } from '../platform/database/sql.js';
import { instantText } from './exchange-row.js';
import { causeKey } from './name-cause.js';
import type { FailureCause } from './ops-search.js';
import { causes } from './ops-view.store.js';

/** What stands still for one cause, and what is remembered of the cause. */
export interface FailureCount extends FailureCause {
  readonly key: string;
  readonly source?: string | undefined;
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  /** How many of them came on each of the last 14 days of 24 hours back from now, oldest first. */
  readonly trend: readonly number[];
  readonly example: ExchangeId;
  readonly seenFirstAt: Instant;
  readonly reopened: number;
  readonly reopenedAt?: Instant | undefined;
  readonly closedAt?: Instant | undefined;
  readonly most: number;
}

const dayMs = 86_400_000;
const trendDays = 14;
/** Causes that are remembered at a time; beyond them none is taken for gone. */
const mostCauses = 1_000;

/** Groups what waits for a person by its cause. A cause closes when nothing stands for it any more, and opens again when it comes back. */
export class FailureGroupStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
  ) {}

  /** Looks, and remembers what is new, gone or back; one look at a time, however many processes do. The most frequent first. */
  async look(): Promise<{ open: FailureCount[]; closed: FailureCount[] }> {
    await this.database.dialect.insertMany(this.database, 'counter', [{ name: 'name', kind: 'text' }, { name: 'value', kind: 'big' }], [['failure-look', '0']], ['name']);
    return this.database.transaction(async (runner) => {
      const { hint, suffix } = this.database.dialect.lockRows;
      await runner.run(sql`select value from counter ${raw(hint)} where name = 'failure-look' ${raw(suffix)}`);
      const standing = await this.standing(runner);
      const { rows } = await runner.run(sql`select * from failure_group where closed_at is null or closed_at > ${this.at(this.clock.after(-trendDays * dayMs))}`);
      const known = new Map(rows.map((r) => [String(r['cause_key']), memoryOf(r)]));
      const open: FailureCount[] = [];
      for (const group of standing) open.push(await this.remember(runner, group, known.get(group.key) ?? (await this.memory(runner, group.key))));
      const closed: FailureCount[] = [];
      for (const [key, memory] of known) {
        if (standing.some((g) => g.key === key)) continue;
        if (memory.closedAt === undefined && standing.length >= mostCauses) continue;
        const closedAt = memory.closedAt ?? this.clock.iso();
        if (memory.closedAt === undefined) await runner.run(sql`update failure_group set closed_at = ${this.at(closedAt)} where cause_key = ${key}`);
        closed.push({ ...memory.cause, ...memory, key, count: 0, trend: Array.from({ length: trendDays }, () => 0), closedAt });
      }
      return { open, closed: closed.sort((a, b) => (a.closedAt! < b.closedAt! ? 1 : -1)) };
    });
  }

  /** What a group's name stands for; undefined for one that was never seen. */
  async cause(key: string): Promise<FailureCause | undefined> {
    return (await this.memory(this.database, key))?.cause;
  }

  private async memory(runner: Runner, key: string): Promise<Memory | undefined> {
    const { rows } = await runner.run(sql`select * from failure_group where cause_key = ${key}`);
    return rows[0] && memoryOf(rows[0]);
  }

  private async remember(runner: Runner, g: Standing, memory: Memory | undefined): Promise<FailureCount> {
    const { count: _count, trend: _trend, key, source: _source, firstAt, lastAt, example, ...cause } = g;
    if (!memory) {
      await this.database.dialect.insertMany(
        runner, 'failure_group',
        [{ name: 'cause_key', kind: 'text' }, { name: 'cause', kind: 'long' }, { name: 'seen_first_at', kind: 'instant' }, { name: 'first_at', kind: 'instant' }, { name: 'last_at', kind: 'instant' }, { name: 'example', kind: 'big' }, { name: 'most', kind: 'int' }],
        [[key, JSON.stringify(cause), firstAt, firstAt, lastAt, example, g.count]],
      );
      return { ...g, seenFirstAt: firstAt, reopened: 0, most: g.count };
    }
    const back = memory.closedAt !== undefined;
    const [reopened, reopenedAt, most] = [memory.reopened + (back ? 1 : 0), back ? this.clock.iso() : memory.reopenedAt, Math.max(memory.most, g.count)];
    if (back || most !== memory.most || memory.lastAt !== lastAt || memory.firstAt !== firstAt || memory.example !== example) {
      await runner.run(sql`update failure_group set first_at = ${this.at(firstAt)}, last_at = ${this.at(lastAt)}, example = ${example}, most = ${most}, reopened = ${reopened},
        reopened_at = ${reopenedAt === undefined ? null : this.at(reopenedAt)}, closed_at = null where cause_key = ${key}`);
    }
    return { ...g, seenFirstAt: memory.seenFirstAt, reopened, reopenedAt, most };
  }

  private async standing(runner: Runner): Promise<Standing[]> {
    const now = this.clock.now().getTime();
    const at = (ms: number): unknown => this.at(new Date(ms).toISOString());
    const top = this.database.dialect.top(mostCauses);
    const perDay = Array.from({ length: trendDays }, (_, i) => {
      const [from, until] = [now - (trendDays - i) * dayMs, i === trendDays - 1 ? now + dayMs : now - (trendDays - i - 1) * dayMs];
      return sql`sum(case when e.state_since >= ${at(from)} and e.state_since < ${at(until)} then 1 else 0 end) as ${raw(`day_${i}`)}`;
    }).reduce((all, one) => sql`${all}, ${one}`);
    const { rows } = await runner.run(sql`select ${raw(top.prefix)} e.channel, e.state, e.parked_from, e.failure_code, f.element, f.rule_name, a.code as partner_code, a.reason as partner_reason,
      max(f.source) as source, count(*) as n, min(e.state_since) as first_at, max(e.state_since) as last_at, max(e.id) as example, ${perDay}
      from ${causes} group by e.channel, e.state, e.parked_from, e.failure_code, f.element, f.rule_name, a.code, a.reason order by count(*) desc, max(e.id) desc ${raw(top.suffix)}`);
    return rows.map((r) => {
      const cause: FailureCause = {
        channel: String(r['channel']), state: String(r['state']) as 'parked' | 'refused', parkedFrom: text(r['parked_from']), code: text(r['failure_code']), element: text(r['element']), rule: text(r['rule_name']),
        partnerCode: text(r['partner_code']), partnerReason: text(r['partner_reason']),
      };
      return {
        ...cause, key: causeKey(cause), source: text(r['source']), count: Number(r['n']), firstAt: instantText(r['first_at']), lastAt: instantText(r['last_at']), example: String(r['example']),
        trend: Array.from({ length: trendDays }, (_, i) => Number(r[`day_${i}`])),
      };
    });
  }

  private at(instant: Instant): unknown {
    return this.database.dialect.value('instant', instant);
  }
}

type Standing = Omit<FailureCount, 'seenFirstAt' | 'reopened' | 'reopenedAt' | 'closedAt' | 'most'>;
interface Memory extends Pick<FailureCount, 'firstAt' | 'lastAt' | 'example' | 'seenFirstAt' | 'reopened' | 'reopenedAt' | 'closedAt' | 'most'> { readonly cause: FailureCause }

function memoryOf(r: Record<string, unknown>): Memory {
  const optional = (v: unknown): string | undefined => (v === null ? undefined : instantText(v));
  return {
    cause: JSON.parse(String(r['cause'])) as FailureCause, firstAt: instantText(r['first_at']), lastAt: instantText(r['last_at']), example: String(r['example']), seenFirstAt: instantText(r['seen_first_at']),
    reopened: Number(r['reopened']), reopenedAt: optional(r['reopened_at']), closedAt: optional(r['closed_at']), most: Number(r['most']),
  };
}

const text = (v: unknown): string | undefined => (v === null || v === undefined ? undefined : String(v));
