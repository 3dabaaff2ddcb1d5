import { writeYuan } from '../domain/money.js';
import { addDays, dayOf, daysBetween } from '../domain/reckon-days.js';
import type { Day } from '../domain/reconciliation-records.js';
import type { Standards } from '../domain/reconciliation-rules.js';
import type { AuditActor, AuditStore } from '../ledger/audit.store.js';
import type { ItemViewStore } from '../ledger/item-view.store.js';
import type { MatchStore } from '../ledger/match.store.js';
import type { MessageBalanceStore } from '../ledger/message-balance.store.js';
import type { ReturnViewStore } from '../ledger/return-view.store.js';
import type { StatementFileStore } from '../ledger/statement-file.store.js';
import type { ClosedDay, StatementStore } from '../ledger/statement.store.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import type { Runner } from '../platform/database/dialect.js';
import { reckonStatement, type ControlComparison, type Statement } from './reckon-statement.js';
import { nameStatement } from './write-statement-xml.js';
import { readStatementRecord, writeStatementRecord, type Obstacle, type OpenLine, type StatementRecord } from './write-statement-record.js';

export interface StatementParts {
  readonly database: DatabaseAdapter;
  readonly statements: StatementStore;
  readonly matches: MatchStore;
  readonly items: ItemViewStore;
  readonly returns: ReturnViewStore;
  readonly messages: MessageBalanceStore;
  readonly audit: AuditStore;
  readonly files: StatementFileStore;
  readonly clock: Clock;
  readonly standards: Pick<Standards, 'reasons'>;
  /** Channels that return files, and so a control file for each day. */
  readonly controlled: readonly string[];
}

/** A statement, of an open day as it stands now, of a closed day as it was closed. */
export interface ShownStatement {
  readonly record: StatementRecord;
  readonly closed: Pick<ClosedDay, 'closedAt' | 'closedBy' | 'intact' | 'sha256'> | undefined;
}

/** Open items listed by name in one statement; their sums are always whole. */
const mostListed = 5_000;
/** Records named for one reason why a day does not tie out. */
const mostNamed = 50;

const comparedZh: Readonly<Record<ControlComparison['what'], string>> = { fees: '缴款', 'fees reversed': '冲正', 'fees refunded': '退付', taxes: '税款', 'taxes refunded': '退税' };
const whyText: Readonly<Record<'unexamined' | 'nowhere' | 'twice' | 'off', { zh: string; en: string }>> = {
  unexamined: { zh: '尚未对账', en: 'was not looked at yet; gateway reconcile does it' },
  nowhere: { zh: '既未对平也无差异', en: 'is in no settlement and in no difference; tell a developer' },
  twice: { zh: '既已对平又有差异', en: 'is in a settlement and in a difference; tell a developer' },
  off: { zh: '期初、变动与期末不平', en: 'moved in a way that does not add up; tell a developer' },
};

/** The daily statement: composed from the ledger, judged, and closed under the lock of matching so that nothing moves meanwhile. */
export class StatementAdapter {
  constructor(private readonly parts: StatementParts) {}

  async show(day: Day): Promise<ShownStatement> {
    const closed = await this.parts.statements.closedDay(day);
    if (closed) return { record: readStatementRecord(closed.figures), closed };
    return { record: await this.compose(day, this.parts.database, undefined), closed: undefined };
  }

  /** What its place among the days has against closing it. */
  async outOfOrder(day: Day): Promise<Obstacle[]> {
    return this.order(day, await this.parts.statements.closedUpTo(), dayOf(this.parts.clock.iso()));
  }

  /** Closes a day, or gives back why it cannot be closed; then nothing was changed. Whoever was first closes it once. */
  async close(day: Day, by: AuditActor, withoutControl?: string): Promise<{ closed: boolean; record: StatementRecord }> {
    const { database, matches, statements, audit, clock, files, controlled } = this.parts;
    return database.transaction(async (runner) => {
      await matches.lock(runner);
      await statements.lockItems(runner);
      const record = await this.compose(day, runner, withoutControl);
      const obstacles = [...this.order(day, await statements.closedUpTo(runner), dayOf(clock.iso())), ...record.obstacles];
      if (obstacles.length > 0) return { closed: false, record: { ...record, obstacles } };
      const closed = await statements.close(runner, day, { actor: by.actor, figures: writeStatementRecord(record) });
      if (closed) await files.owe(runner, day, controlled.map((channel) => ({ channel, fileName: nameStatement(day) })));
      if (closed) await audit.append(runner, by, { action: 'statement-close', subject: day, outcome: 'done', detail: { open: record.openLines.length + record.unlisted, ...(withoutControl === undefined ? {} : { withoutControl }) } });
      return { closed, record };
    });
  }

  private order(day: Day, closedUpTo: Day | undefined, today: Day): Obstacle[] {
    if (day > today) return [{ code: 'not-over', zh: `${day} 尚未到来`, en: `${day} has not come yet` }];
    if (closedUpTo === undefined) return [];
    const next = addDays(closedUpTo, 1);
    if (day < next) return [{ code: 'not-in-order', zh: `${closedUpTo} 及之前均已日结`, en: `every day up to ${closedUpTo} is closed already; what comes later counts in ${next}` }];
    return day === next ? [] : [{ code: 'not-in-order', zh: `须先日结 ${next}`, en: `days are closed in their order: ${next} first` }];
  }

  private async compose(day: Day, runner: Runner, withoutControl: string | undefined): Promise<StatementRecord> {
    const { statements, messages, clock } = this.parts;
    const statement = reckonStatement(day, await statements.figures(day, runner), await statements.totals(day, runner), await statements.controls(day, runner));
    const { lines, unlisted } = await this.openLines(day, runner);
    return {
      day, judgedAt: clock.iso(), statement, withoutControl, openLines: lines, unlisted, messages: await messages.ofDay(day, runner),
      obstacles: [...(await this.breaking(day, statement, runner)), ...(await this.againstControl(day, statement, withoutControl))],
    };
  }

  private async breaking(day: Day, statement: Statement, runner: Runner): Promise<Obstacle[]> {
    const { statements, items } = this.parts;
    const broken = await statements.breaks(day, runner);
    const off = [...statement.rows, statement.total.expected, statement.total.returned].some((r) => r.off.count !== 0 || r.off.fen !== 0n);
    if (off) broken.push(...(await statements.offItems(day, runner)).filter((o) => !broken.some((b) => b.itemId === o.itemId)));
    const named = await items.named(broken.slice(0, mostNamed).map((b) => b.itemId), runner);
    const out = broken.slice(0, mostNamed).map((b): Obstacle => {
      const item = named.get(b.itemId);
      return { code: b.why, zh: `${item?.zh ?? b.itemId}:${whyText[b.why].zh}`, en: `${item?.en ?? `${b.table} ${b.itemId}`} (item:${b.itemId}) ${whyText[b.why].en}` };
    });
    if (broken.length > mostNamed) out.push({ code: broken[mostNamed]!.why, zh: `另有 ${broken.length - mostNamed} 条记录`, en: `and ${broken.length - mostNamed} more records` });
    if (off && broken.length === 0) out.push({ code: 'off', zh: '合计不平', en: 'the sums do not tie out although every record does; tell a developer' });
    return out;
  }

  private async againstControl(day: Day, statement: Statement, withoutControl: string | undefined): Promise<Obstacle[]> {
    const { controlled, returns, items } = this.parts;
    const out: Obstacle[] = [];
    const channels = [...new Set([...controlled, ...statement.uncontrolled, ...statement.comparisons.map((c) => c.channel)])].sort();
    for (const channel of channels) {
      if (!statement.comparisons.some((c) => c.channel === channel)) {
        if (withoutControl === undefined) out.push({ code: 'control-missing', zh: `${channel}：未收到当日对账控制文件`, en: `${channel} sent no control file for ${day}; ask for it, or close with --without-control "why"` });
        continue;
      }
      for (const d of statement.disagreements.filter((x) => x.channel === channel)) {
        const told = (a: { count: number; fen: bigint }): string => `${a.count}/${writeYuan(a.fen)}`;
        out.push({ code: 'control-differs', zh: `${channel} ${comparedZh[d.what]}:我方 ${told(d.ours)},控制文件 ${told(d.theirs)}`, en: `${channel} ${d.what}: ours ${told(d.ours)}, the control file says ${told(d.theirs)}` });
      }
      const files = (await returns.day(channel, day)).files.filter((f) => f.standing !== 'agrees');
      for (const f of files) out.push({ code: 'file-differs', zh: `${channel} 文件 ${f.fileName}:与控制文件不符(${f.standing})`, en: `${channel} file ${f.fileName}: ${f.standing}, beside the control file` });
    }
    if (!out.some((o) => o.code === 'control-differs')) return out;
    // Records that a total may be wrong by: the center gave two contents under one number, or corrected one.
    const doubtful = await items.differences({ open: true, code: 'contradictory-record', upTo: day }, mostNamed);
    const named = await items.named(doubtful.filter((d) => d.firstDay === day).map((d) => d.itemId));
    for (const item of named.values()) out.push({ code: 'control-differs', zh: `${item.zh}:同一单号内容互相矛盾`, en: `${item.en} contradicts another record of its number` });
    return out;
  }

  private async openLines(day: Day, runner: Runner): Promise<{ lines: OpenLine[]; unlisted: number }> {
    const { items, standards } = this.parts;
    const found = await items.differences({ open: true, upTo: day }, mostListed + 1, runner);
    const listed = found.slice(0, mostListed);
    const named = await items.named(listed.map((d) => d.itemId), runner);
    const lines = listed.map((d): OpenLine => {
      const item = named.get(d.itemId);
      const reason = standards.reasons[d.reason];
      return {
        difference: d.id, item: d.itemId, zh: item?.zh ?? d.itemId, en: item?.en ?? d.itemId, caseNo: d.caseNo, channel: d.channel, reason: d.reason, reasonZh: reason.text.zh, reasonEn: reason.text.en, nextZh: reason.next.zh, nextEn: reason.next.en,
        aspect: d.aspect, expectedFen: d.expectedFen, returnedFen: d.returnedFen, rule: d.rule, criterion: d.criterion, firstDay: d.firstDay, ageDays: Math.max(0, daysBetween(d.firstDay, day)), refersToDay: d.refersToDay, assignedTo: d.assignedTo,
      };
    });
    return { lines, unlisted: found.length > mostListed ? (await items.openCount(day, runner)) - mostListed : 0 };
  }
}
