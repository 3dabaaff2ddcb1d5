import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import type { ActionPreview, ActionResult, HandOverCheck, HandOverDue, HandOverLine, HandOverMade, OrderDetail, OrderLine, Orders } from '../../domain/ops-action-api.js';
import { TodayView } from '../gather-today.adapter.js';
import { OpsFilter } from '../ops-filter.adapter.js';
import { OpsGuard, signedOn, type OpsRequest } from '../ops-guard.adapter.js';
import { handOverDueQuery, handOverRequest, hashesRequest, previewRequest, readInput, reasonRequest, searchOf } from '../read-input.js';
import { HandOverDesk } from './hand-over-desk.adapter.js';
import { OrderDesk } from './order-desk.adapter.js';
import { ExchangeActions } from './perform-action.adapter.js';

/** Actions on exchanges, orders that wait for a second person, packages carried by hand. */
@ApiExcludeController()
@Controller('api/ops')
@UseGuards(OpsGuard)
@UseFilters(OpsFilter)
export class OrderController {
  constructor(
    @Inject(ExchangeActions) private readonly actions: ExchangeActions,
    @Inject(OrderDesk) private readonly desk: OrderDesk,
    @Inject(HandOverDesk) private readonly handOvers: HandOverDesk,
    @Inject(TodayView) private readonly todayView: TodayView,
  ) {}

  @Post('actions')
  @HttpCode(200)
  preview(@Req() request: OpsRequest): Promise<ActionPreview> {
    const { query, ...wish } = readInput(previewRequest, request.body);
    return this.actions.preview({ ...wish, ...(query ? { search: searchOf(query) } : {}) }, signedOn(request));
  }

  @Post('actions/:token/perform')
  @HttpCode(200)
  async perform(@Req() request: OpsRequest, @Param('token') token: string): Promise<ActionResult> {
    const result = await this.actions.perform(token, signedOn(request));
    this.todayView.forget();
    return result;
  }

  @Get('actions/:token')
  result(@Req() request: OpsRequest, @Param('token') token: string): Promise<ActionResult> {
    return this.actions.result(token, signedOn(request));
  }

  @Get('orders')
  orders(@Req() request: OpsRequest): Promise<Orders> {
    return this.desk.list(signedOn(request));
  }

  @Get('orders/:id')
  order(@Req() request: OpsRequest, @Param('id') id: string): Promise<OrderDetail> {
    return this.desk.detail(id, signedOn(request));
  }

  @Post('orders/:id/confirm')
  @HttpCode(200)
  async confirmOrder(@Req() request: OpsRequest, @Param('id') id: string): Promise<{ order: OrderLine; action?: ActionResult | undefined }> {
    const answer = await this.desk.confirm(id, signedOn(request));
    this.todayView.forget();
    return answer;
  }

  @Post('orders/:id/decline')
  @HttpCode(200)
  decline(@Req() request: OpsRequest, @Param('id') id: string): Promise<OrderLine> {
    return this.desk.decline(id, readInput(reasonRequest, request.body).reason, signedOn(request));
  }

  @Get('hand-overs')
  packages(): Promise<HandOverLine[]> {
    return this.handOvers.list();
  }

  @Get('hand-overs/due')
  due(@Query() query: unknown): Promise<HandOverDue> {
    const { channel, cases } = readInput(handOverDueQuery, query);
    return this.handOvers.due(channel, cases?.split(',').slice(0, 500));
  }

  @Post('hand-overs')
  @HttpCode(200)
  async makePackage(@Req() request: OpsRequest): Promise<HandOverMade> {
    const made = await this.handOvers.make(readInput(handOverRequest, request.body), signedOn(request));
    this.todayView.forget();
    return made;
  }

  @Post('hand-overs/:id/files')
  @HttpCode(200)
  files(@Req() request: OpsRequest, @Param('id') id: string, @Res() response: Response): Promise<void> {
    return this.handOvers.files(id, readInput(reasonRequest, request.body).reason, signedOn(request), response);
  }

  @Post('hand-overs/:id/confirm')
  @HttpCode(200)
  async confirmPackage(@Req() request: OpsRequest, @Param('id') id: string): Promise<HandOverCheck> {
    const { hashes } = readInput(hashesRequest, request.body);
    const check = await this.handOvers.confirm(id, Buffer.from(hashes, 'base64'), signedOn(request));
    this.todayView.forget();
    return check;
  }

  @Post('hand-overs/:id/take-back')
  @HttpCode(200)
  async takeBack(@Req() request: OpsRequest, @Param('id') id: string): Promise<HandOverLine> {
    const taken = await this.handOvers.takeBack(id, signedOn(request));
    this.todayView.forget();
    return taken;
  }
}
