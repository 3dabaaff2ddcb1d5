import type { CompletedDay, CompletedLine } from '../domain/inquiry-answer.js';
import { maskCaseNo } from '../domain/mask-party.js';
import { addDays, dayOf } from '../domain/reckon-days.js';
import type { Day } from '../domain/reconciliation-records.js';
import type { InquirySettings } from '../domain/inquiry-settings.js';
import type { InquiryLine } from '../ledger/inquiry-row.js';
import type { InquiryViewStore } from '../ledger/inquiry-view.store.js';
import type { Clock } from '../platform/clock.js';
import { writeFeed } from './write-feed.js';

const perPage = 100;
const feedEntries = 50;
const feedDays = 10;

/** 办结公示: what was completed, for everybody, with masked names. Nothing of an item that is not named in the settings. */
export class CompletedList {
  constructor(
    private readonly view: InquiryViewStore,
    private readonly settings: InquirySettings,
    private readonly clock: Clock,
  ) {}

  /** A page of a day; the newest day where none is asked for. Days outside of what is published are empty. */
  async page(asked: { readonly day?: Day | undefined; readonly item?: string | undefined; readonly page: number }): Promise<CompletedDay> {
    const { stream } = this.settings;
    const items = this.items(asked.item);
    const [from, to] = this.range();
    const day = asked.day ?? (await this.view.newest(stream, items, from, to)) ?? to;
    const published = day >= from && day <= to;
    const found = published ? await this.view.completed(stream, items, day, (asked.page - 1) * perPage, perPage + 1) : [];
    return {
      day, lines: found.slice(0, perPage).map((l) => this.line(l, day)), ...(found.length > perPage ? { next: String(asked.page + 1) } : {}),
      ...(published ? await this.view.neighbours(stream, items, day, from, to) : {}), items: await this.view.publishedItems(stream, this.settings.completed.items, from, to),
    };
  }

  /** The newest of all items as a feed. */
  async feed(): Promise<string> {
    const { stream, bureau } = this.settings;
    const [from, to] = this.range();
    const lines: CompletedLine[] = [];
    let day = await this.view.newest(stream, this.items(undefined), from, to);
    for (let n = 0; day !== undefined && n < feedDays && lines.length < feedEntries; n++) {
      const of = day;
      lines.push(...(await this.view.completed(stream, this.items(undefined), of, 0, feedEntries - lines.length)).map((l) => this.line(l, of)));
      day = (await this.view.neighbours(stream, this.items(undefined), of, from, to)).earlier;
    }
    return writeFeed(lines, { bureau, at: this.clock.iso() });
  }

  private line(l: InquiryLine, day: Day): CompletedLine {
    return { day, item: { code: l.itemCode, name: l.itemName }, applicants: l.applicants, caseNo: maskCaseNo(l.caseNo) };
  }

  private items(item: string | undefined): InquirySettings['completed']['items'] {
    const { items } = this.settings.completed;
    return item === undefined ? items : Object.fromEntries(Object.entries(items).filter(([code]) => code === item));
  }

  private range(): [Day, Day] {
    const today = dayOf(this.clock.iso());
    return [addDays(today, 1 - this.settings.completed.days), today];
  }
}
