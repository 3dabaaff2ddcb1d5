import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Board, BoardCaseDetail, BoardCases, CardDetail, CardsPage, Theirs, Trends } from '../../domain/ops-board-api.js';
import type { Settings } from '../../domain/settings.js';
import { cardMoves, type CardMove, type CardState } from '../../domain/supervision-cards.js';
import { AuditStore } from '../../ledger/audit.store.js';
import { CardStore } from '../../ledger/card.store.js';
import { Clock } from '../../platform/clock.js';
import { SETTINGS } from '../../platform/tokens.js';
import { OpsFilter } from '../ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from '../ops-guard.adapter.js';
import { readInput, reasonRequest } from '../read-input.js';
import { refuse } from '../refusal.js';
import { BoardView } from './gather-board.adapter.js';
import { CardViews } from './gather-card.adapter.js';
import { TheirViews } from './gather-theirs.adapter.js';
import { boardCaseQuery, boardCasesQuery, boardQuery, cardsQuery, proofRequest, replyRequest, trendsQuery } from './read-board-input.js';
import { composeProof } from './compose-proof.js';
import { writeProofHtml } from './write-proof-html.js';

/** Lights of cases, clocks line by line, cards and what people decide about them. */
@ApiExcludeController()
@Controller('api/ops/board')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class BoardController {
  constructor(
    @Inject(BoardView) private readonly boards: BoardView,
    @Inject(CardViews) private readonly views: CardViews,
    @Inject(TheirViews) private readonly theirs: TheirViews,
    @Inject(CardStore) private readonly cards: CardStore,
    @Inject(AuditStore) private readonly audit: AuditStore,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  board(@Query() query: unknown): Promise<Board> {
    return this.boards.board(readInput(boardQuery, query));
  }

  @Get('cases')
  cases(@Query() query: unknown): Promise<BoardCases> {
    const { case: casePrefix, after, limit, ...filter } = readInput(boardCasesQuery, query);
    return this.boards.cases({ ...filter, casePrefix }, after, limit);
  }

  @Get('cases/:case')
  oneCase(@Param('case') caseNo: string, @Query() query: unknown): Promise<BoardCaseDetail> {
    const { body, at } = readInput(boardCaseQuery, query);
    if (caseNo.includes('\u0000')) throw refuse('not-found', 'no case has such a number');
    return this.views.oneCase(caseNo, body, at);
  }

  @Get('trends')
  trends(@Query() query: unknown): Promise<Trends> {
    const { body, months } = readInput(trendsQuery, query);
    return this.boards.trends(body, months);
  }

  @Get('cards')
  cardsPage(@Query() query: unknown): Promise<CardsPage> {
    const { case: caseNo, level, state, after, limit, ...rest } = readInput(cardsQuery, query);
    return this.views.page({ ...rest, caseNo, levels: level, states: state }, after, limit);
  }

  @Get('cards/:id')
  card(@Param('id') id: string): Promise<CardDetail> {
    return this.views.one(id);
  }

  @Post('cards/:id/appeal')
  @HttpCode(200)
  appeal(@Req() request: OpsRequest, @Param('id') id: string): Promise<CardDetail> {
    return this.decide(request, id, 'appeal');
  }

  @Post('cards/:id/revoke')
  @HttpCode(200)
  revoke(@Req() request: OpsRequest, @Param('id') id: string): Promise<CardDetail> {
    return this.decide(request, id, 'revoke');
  }

  @Post('cards/:id/confirm')
  @HttpCode(200)
  confirm(@Req() request: OpsRequest, @Param('id') id: string): Promise<CardDetail> {
    return this.decide(request, id, 'confirm');
  }

  @Get('theirs')
  theirOpinions(): Promise<Theirs> {
    return this.theirs.open();
  }

  @Post('queries/:id/reply')
  @HttpCode(200)
  async reply(@Req() request: OpsRequest, @Param('id') id: string): Promise<Theirs> {
    const { text } = readInput(replyRequest, request.body);
    const { who } = signedOn(request);
    const query = await this.theirs.query(id);
    // Before it is done: the answer leaves the house with it.
    await this.audit.record(who, { action: 'query.reply', subject: `query ${query.theirNo}`, outcome: 'ordered', detail: { case: query.caseNo, channel: query.channel, text } });
    await this.theirs.reply(query, text, who.actor);
    return this.theirs.ofCase(query.caseNo);
  }

  @Post('cards/:id/proof')
  @HttpCode(200)
  async proof(@Req() request: OpsRequest, @Param('id') id: string, @Res() response: Response): Promise<void> {
    const { format } = readInput(proofRequest, request.body);
    const { who } = signedOn(request);
    const [detail, head] = await Promise.all([this.views.one(id), this.audit.head()]);
    const proof = composeProof(detail, { at: this.clock.iso(), by: who.actor, auditSeq: head.seq, auditHash: head.hash });
    await this.audit.record(who, { action: 'card.proof', subject: `card ${detail.card.id}`, outcome: 'done', detail: { case: detail.card.caseNo, sha256: proof.sha256, format } });
    const [type, content] = format === 'json' ? ['application/json; charset=utf-8', proof.json] : ['application/octet-stream', writeProofHtml(detail, proof)];
    response.status(200).set({ 'content-type': type, 'content-disposition': `attachment; filename="card-${detail.card.id}.${format}"`, 'x-content-type-options': 'nosniff', 'x-sha256': proof.sha256 }).end(content);
  }

  /** Where a card takes two: one appeals, somebody else decides; nothing is taken back without an appeal. */
  private async asksSecond(id: string, state: CardState, move: CardMove, actor: string): Promise<void> {
    if (state !== 'appealed') {
      if (move === 'revoke') throw refuse('second-person', 'a card is revoked only on an appeal: somebody appeals first, and somebody else decides');
      return;
    }
    const appealed = (await this.cards.history(id))?.log.findLast((l) => l.to === 'appealed' && l.from !== 'appealed');
    if (appealed?.actor === actor) throw refuse('second-person', 'who appealed does not decide about the appeal: somebody else has to');
  }

  private async decide(request: OpsRequest, id: string, move: CardMove): Promise<CardDetail> {
    const { reason } = readInput(reasonRequest, request.body);
    const { who } = signedOn(request);
    const card = await this.views.row(id);
    if (this.settings.ops.twoPersons.for.includes('card') && move !== 'appeal') await this.asksSecond(card.id, card.state, move, who.actor);
    await this.audit.with(who, { action: `card.${move}`, subject: `card ${card.id}`, outcome: 'done', detail: { case: card.caseNo, level: card.level, reason } }, async (runner) => {
      if (!(await this.cards.decideIn(runner, card.id, move, who.actor, reason))) throw refuse('gone', `this card is not ${cardMoves[move].from.join(' or ')} any more, so it cannot be ${cardMoves[move].to}; look at it anew`);
    });
    this.boards.forget();
    return this.views.one(card.id);
  }
}
