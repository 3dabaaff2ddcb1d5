import { maskText } from '../../domain/mask-personal.js';
import type { Theirs } from '../../domain/ops-board-api.js';
import type { StoredOpinion, StoredQuery } from '../../domain/supervision-opinion.js';
import type { CaseNo } from '../../domain/vocabulary.js';
import type { OpinionStore } from '../../ledger/opinion.store.js';
import type { ReportStore } from '../../ledger/report.store.js';
import { refuse } from '../refusal.js';

const most = 100;

/** What the supervising side says, beside ours; its words are foreign text and may name a person. */
export class TheirViews {
  constructor(
    private readonly opinions: OpinionStore,
    private readonly reports: ReportStore,
  ) {}

  async ofCase(caseNo: CaseNo): Promise<Theirs> {
    const [opinions, queries, comparisons] = await Promise.all([this.opinions.opinions({ caseNo }, most), this.opinions.queries({ caseNo }, most), this.opinions.comparisons({ caseNo }, most)]);
    return { opinions: opinions.map(masked), queries: queries.map(maskedQuery), comparisons };
  }

  /** What waits for somebody: queries without an answer, cases in which both sides differ. */
  async open(): Promise<Theirs> {
    const [queries, comparisons] = await Promise.all([this.opinions.queries({ open: true }, most), this.opinions.comparisons({}, most)]);
    return { opinions: [], queries: queries.map(maskedQuery), comparisons };
  }

  async query(id: string): Promise<StoredQuery> {
    const query = /^[1-9]\d{0,17}$/.test(id) ? await this.opinions.query(id) : undefined;
    if (!query) throw refuse('not-found', 'there is no query of this number');
    return query;
  }

  async reply(query: StoredQuery, text: string, actor: string): Promise<void> {
    if (!(await this.reports.reply(query, { text, actor }))) throw refuse('gone', 'this query was answered already, or is not in force any more; look at it anew');
  }
}

const mask = (text: string | undefined): string | undefined => (text === undefined ? undefined : maskText(text, []));
const masked = (o: StoredOpinion): StoredOpinion => ({ ...o, text: mask(o.text) });
const maskedQuery = (q: StoredQuery): StoredQuery => ({ ...q, text: maskText(q.text, []), outcome: mask(q.outcome), ...(q.reply === undefined ? {} : { reply: { ...q.reply, text: maskText(q.reply.text, []) } }) });
