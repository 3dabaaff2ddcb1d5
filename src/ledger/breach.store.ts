import { chargeInOrder, chargeOutside } from '../domain/clock-sayings.js';
import type { ClockSubject, DueCard, TariffBreach } from '../domain/supervision-cards.js';
import type { Instant } from '../domain/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import type { DatabaseAdapter } from '../platform/database/database.adapter.js';
import { raw, sql } from '../platform/database/sql.js';
import { cardRow, shownColumns, type CardStore } from './card.store.js';
import { instantText } from './exchange-row.js';
import type { ReportStore } from './report.store.js';

const position = 'breaches';
/** An open difference says that a charge of this number is outside the tariff. */
const outside = sql`exists (select 1 from charge c join difference d on d.item_id = c.id and d.is_open = 1 and d.reason = 'charge-outside-tariff' where c.stream = card.stream and c.case_no = card.case_no and c.charge_no = card.sequence)`;

/** Follows the differences of charges outside the tariff, and gives cards for them where rules want it. */
export class BreachStore {
  constructor(
    private readonly database: DatabaseAdapter,
    private readonly clock: Clock,
    private readonly cards: CardStore,
    private readonly reports: ReportStore | undefined,
  ) {}

  /** Open differences after the place reached, the oldest first, of charges whose snapshot the clocks followed too. */
  async after(stream: string, beganAt: Instant, limit: number): Promise<{ version: string; breaches: TariffBreach[] }> {
    const at = await this.database.run(sql`select position, position_version from supervision_position where name = ${position}`);
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} d.id, d.expected_fen, d.detail, d.opened_at, c.stream, c.case_no, c.charge_no, c.fee_item_code, c.fee_item_name, c.amount_fen
      from difference d join charge c on c.id = d.item_id where d.is_open = 1 and d.reason = ${'charge-outside-tariff'} and d.id > ${String(at.rows[0]!['position'])} and c.stream = ${stream}
      and d.opened_at >= ${this.database.dialect.value('instant', beganAt)} and c.snapshot_id <= (select p.position from supervision_position p where p.name = 'facts') order by d.id ${raw(top.suffix)}`);
    return {
      version: String(at.rows[0]!['position_version']),
      breaches: rows.map((r) => ({
        differenceId: String(r['id']), stream: String(r['stream']), caseNo: String(r['case_no']), chargeNo: String(r['charge_no']), feeItemCode: String(r['fee_item_code']), feeItemName: String(r['fee_item_name']),
        amountFen: BigInt(String(r['amount_fen'])), expectedFen: r['expected_fen'] === null ? undefined : BigInt(String(r['expected_fen'])), detail: String(r['detail'] ?? ''), openedAt: instantText(r['opened_at']),
      })),
    };
  }

  /** Gives the cards and moves on, in one transaction; nothing when another process was first. */
  async issue(due: readonly { subject: ClockSubject; card: DueCard }[], move: { version: string; position: string }): Promise<number> {
    return this.database.transaction(async (runner) => {
      const { affected } = await runner.run(sql`update supervision_position set position = ${move.position}, position_version = position_version + 1 where name = ${position} and position_version = ${move.version}`);
      if (affected !== 1) return 0;
      const caseNos = due.map((d) => d.subject.caseNo);
      // Who tells a supervising body of a case holds its clock, as whoever computes it does.
      if (caseNos.length > 0) await this.reports?.lock(runner, caseNos);
      const issued = await this.cards.issue(runner, due, this.clock.iso());
      if (issued > 0) await this.reports?.report(runner, caseNos);
      return issued;
    });
  }

  /** Cards of charges that were corrected since, or are outside the tariff again. */
  async examine(limit: number): Promise<void> {
    const top = this.database.dialect.top(limit);
    const { rows } = await this.database.run(sql`select ${raw(top.prefix)} ${raw(shownColumns)} from card where clock_object = 'charge' and state <> 'revoked' and ((stands = 1 and not ${outside}) or (stands = 0 and ${outside})) order by id ${raw(top.suffix)}`);
    if (rows.length === 0) return;
    const cards = rows.map(cardRow);
    await this.database.transaction(async (runner) => {
      const caseNos = cards.map((c) => c.caseNo);
      await this.reports?.lock(runner, caseNos);
      await this.cards.mark(runner, cards.map((card) => ({ card, examined: card.stands ? { stands: false, note: chargeInOrder } : { stands: true, note: chargeOutside } })), this.clock.iso());
      await this.reports?.report(runner, caseNos);
    });
  }
}
