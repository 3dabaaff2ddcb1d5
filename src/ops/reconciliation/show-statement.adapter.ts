import type { Amount, ControlLine, DayLine, DayList, MessageLine, ObstacleLine, ReconciliationToday, StatementLine, StatementView } from '../../domain/ops-reconciliation-api.js';
import { addDays, dayOf } from '../../domain/reckon-days.js';
import type { ReasonCode } from '../../domain/reconciliation-outcomes.js';
import type { Day } from '../../domain/reconciliation-records.js';
import type { StatementRow } from '../../reconciliation/reckon-statement.js';
import type { Obstacle, OpenLine, StatementRecord } from '../../reconciliation/write-statement-record.js';
import type { ReconciliationParts } from './reconciliation-parts.adapter.js';

const mostOpen = 200;
const mostLater = 50;
/** Days shown of a list at once. */
const daysShown = 31;
/** Yesterday's statement is reckoned this seldom for Today, however many people look. */
const todayEveryMs = 60_000;

const amount = (a: { count: number; fen: bigint }): Amount => ({ count: a.count, fen: String(a.fen) });
const fen = (v: bigint | undefined): string | undefined => (v === undefined ? undefined : String(v));

/** Statements as the page shows them. */
export class StatementFace {
  private last: ReconciliationToday | undefined;
  private reckoning: Promise<void> | undefined;
  private reckonedMs = -Infinity;

  constructor(private readonly parts: ReconciliationParts) {}

  async days(before: Day | undefined): Promise<DayList> {
    const { statements, clock } = this.parts;
    const today = dayOf(clock.iso());
    const closedUpTo = await statements.closedUpTo();
    const from = before === undefined ? today : addDays(before, -1);
    const closed = new Map((await statements.closedDays(addDays(from, -daysShown + 1), from)).map((c) => [c.day, c]));
    const days = Array.from({ length: daysShown }, (_, i): DayLine => {
      const day = addDays(from, -i);
      const c = closed.get(day);
      return { day, ...(c ? { closedAt: c.closedAt, closedBy: c.closedBy } : {}) };
    });
    return { today, next: closedUpTo === undefined ? await statements.firstDay() : addDays(closedUpTo, 1), days };
  }

  async show(day: Day): Promise<StatementView> {
    const { statement, clock, files, statements } = this.parts;
    const { record, closed } = await statement.show(day);
    const obstacles = closed ? [] : [...(await statement.outOfOrder(day)), ...record.obstacles];
    const returned = await Promise.all([...new Set([...this.parts.controlled, ...record.statement.comparisons.map((c) => c.channel)])].sort().map((channel) => this.parts.returns.day(channel, day)));
    return {
      day, at: closed ? record.judgedAt : clock.iso(),
      ...(closed ? { closed: { at: closed.closedAt, by: closed.closedBy, intact: closed.intact, sha256: closed.sha256 } } : {}),
      tiesOut: record.statement.tiesOut, obstacles: obstacles.map(obstacleLine), onlyControlMissing: obstacles.length > 0 && obstacles.every((o) => o.code === 'control-missing'),
      withoutControl: record.withoutControl, lines: record.statement.rows.map((r) => this.line(r)), totals: [this.line(record.statement.total.expected), this.line(record.statement.total.returned)],
      control: record.statement.comparisons.map((c): ControlLine => ({ channel: c.channel, what: c.what, ours: amount(c.ours), theirs: amount(c.theirs), agrees: c.ours.count === c.theirs.count && c.ours.fen === c.theirs.fen })),
      uncontrolled: [...new Set([...record.statement.uncontrolled, ...this.parts.controlled.filter((c) => !record.statement.comparisons.some((x) => x.channel === c))])].sort(),
      files: returned.flatMap((d) => d.files.map((f) => ({ channel: d.channel, fileName: f.fileName, standing: f.standing, records: f.file?.count }))),
      messages: record.messages.map((m): MessageLine => ({ ...m, direction: m.direction ?? 'out' })),
      open: this.open(record), delivery: (await files.ofDay(day)).map((f) => ({ channel: f.channel, fileName: f.fileName, writtenAt: f.writtenAt, failure: f.failure })),
      later: closed ? await this.later(day, await statements.lateItems(day)) : [],
    };
  }

  /** Whether yesterday balances, about a minute old. Nobody waits for it: while it is reckoned the last answer stands, or none. */
  today(): ReconciliationToday | undefined {
    const nowMs = this.parts.clock.now().getTime();
    if (!this.reckoning && (nowMs - this.reckonedMs >= todayEveryMs || nowMs < this.reckonedMs)) {
      this.reckonedMs = nowMs;
      this.reckoning = this.reckonToday().then((value) => void (this.last = value), () => void (this.last = undefined)).finally(() => (this.reckoning = undefined));
    }
    return this.last;
  }

  /** Somebody changed something. */
  forget(): void {
    this.reckonedMs = -Infinity;
  }

  private async reckonToday(): Promise<ReconciliationToday> {
    const { statement, statements, items, standards, said, clock } = this.parts;
    const day = addDays(dayOf(clock.iso()), -1);
    const [{ record, closed }, closedUpTo, reasons, contradicted] = [await statement.show(day), await statements.closedUpTo(), await items.openByReason(), await said.contradicted(1)];
    const quiet = record.statement.rows.length === 0 && record.openLines.length === 0;
    const first = record.obstacles[0];
    return {
      day, state: closed ? 'closed' : quiet ? 'quiet' : record.obstacles.length === 0 ? 'ties-out' : 'does-not-tie-out', obstacles: closed || quiet ? 0 : record.obstacles.length,
      ...(closed || quiet || !first ? {} : { first: { zh: first.zh, en: first.en } }), open: reasons.filter((r) => standards.reasons[r.reason].severity !== 'normal').reduce((n, r) => n + r.count, 0),
      contradicted: contradicted.count, closedUpTo,
    };
  }

  private line(r: StatementRow): StatementLine {
    const title = this.parts.standards.tariff.find((t) => t.feeItemCode === r.item)?.feeItemName;
    return {
      side: r.side, kind: r.kind, item: r.item, ...(title === undefined ? {} : { title }), unit: r.unit, channel: r.channel,
      opening: amount(r.opening), new: amount(r.new), reopened: amount(r.reopened), matched: amount(r.matched), resolved: amount(r.resolved), closing: amount(r.closing), off: amount(r.off),
    };
  }

  private open(record: StatementRecord): StatementView['open'] {
    const counts = new Map<string, OpenLine[]>();
    for (const line of record.openLines) counts.set(line.reason, [...(counts.get(line.reason) ?? []), line]);
    return {
      count: record.openLines.length + record.unlisted,
      reasons: [...counts].map(([code, lines]) => ({ code: code as ReasonCode, count: lines.length, text: { zh: lines[0]!.reasonZh, en: lines[0]!.reasonEn } })).sort((a, b) => b.count - a.count),
      lines: record.openLines.slice(0, mostOpen).map((o) => ({
        difference: o.difference, zh: o.zh, en: o.en, caseNo: o.caseNo, reason: o.reason as ReasonCode, text: { zh: o.reasonZh, en: o.reasonEn }, expectedFen: fen(o.expectedFen), returnedFen: fen(o.returnedFen), ageDays: o.ageDays,
      })),
    };
  }

  private async later(day: Day, late: readonly string[]): Promise<StatementView['later']> {
    const { items } = this.parts;
    const named = [...(await items.named(late.slice(0, mostLater))).values()];
    const referring = await items.differences({ open: true, refersTo: day }, mostLater);
    const about = await items.named(referring.map((d) => d.itemId));
    return [
      ...named.map((i) => ({ zh: i.zh, en: i.en, countsIn: i.statementDay })),
      ...referring.map((d) => ({ zh: `${about.get(d.itemId)?.zh ?? d.itemId}:${this.parts.standards.reasons[d.reason].text.zh}`, en: `${about.get(d.itemId)?.en ?? d.itemId}: ${this.parts.standards.reasons[d.reason].text.en}`, difference: d.id })),
    ];
  }
}

export const obstacleLine = (o: Obstacle): ObstacleLine => ({ code: o.code, zh: o.zh, en: o.en });
