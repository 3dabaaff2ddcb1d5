import { Controller, Get, Header, HttpCode, Inject, Post, Req, Res, UseFilters } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { InquiryAnswer, InquiryFace } from '../domain/inquiry-answer.js';
import type { Settings } from '../domain/settings.js';
import { addressOf } from '../ledger/request-session.adapter.js';
import { MetricsAdapter } from '../platform/metrics.adapter.js';
import { SETTINGS } from '../platform/tokens.js';
import { CaseInquiry } from './case-inquiry.adapter.js';
import { answerSchema, faceSchema, questionSchema, refusalSchema, retryAfter } from './describe-inquiry.js';
import { InquiryFilter } from './inquiry-filter.adapter.js';
import { readForm } from './read-form.adapter.js';
import { readQuestion } from './read-question.js';
import { InquiryRefused, refuseInput } from './refuse-inquiry.js';

const about = 'With the query password, or the last characters of the identity number of any applicant. Names are masked. An unknown case and a wrong proof give the same answer after the same time and work. Tries are limited by address and by case number, whether it exists or not.';

/** 办件查询: how a case stands, for who can prove that it is theirs. */
@ApiTags('inquiry')
@Controller('api/inquiry')
@UseFilters(InquiryFilter)
export class InquiryController {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(CaseInquiry) private readonly inquiry: CaseInquiry,
    @Inject(MetricsAdapter) private readonly metrics: MetricsAdapter,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'How a case stands 办件查询', description: `${about} Addresses end up in logs of proxies and in histories: prefer POST wherever a person types.` })
  @ApiQuery({ name: 'case', required: true, description: '办件编号', schema: { type: 'string', maxLength: 50 } })
  @ApiQuery({ name: 'password', required: false, description: '查询密码', schema: { type: 'string', maxLength: 50 } })
  @ApiQuery({ name: 'digits', required: false, description: '证件号码后几位 (inquiry.identityDigits)', schema: { type: 'string' } })
  @ApiResponse({ status: 200, description: 'how it stands now', schema: answerSchema })
  @ApiResponse({ status: 400, description: 'not a question; what was expected', schema: refusalSchema })
  @ApiResponse({ status: 404, description: 'nothing that fits: one answer, whatever is wrong', schema: refusalSchema })
  @ApiResponse({ status: 429, description: 'too many tries', schema: refusalSchema, headers: retryAfter })
  @ApiResponse({ status: 503, description: 'busy, come again', schema: refusalSchema, headers: retryAfter })
  get(@Req() request: Request): Promise<InquiryAnswer> {
    return this.answer(request, () => Promise.resolve(request.query));
  }

  @Post()
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'The same as a form, so that nothing secret stands in an address', description: about })
  @ApiConsumes('application/x-www-form-urlencoded', 'application/json')
  @ApiBody({ schema: questionSchema })
  @ApiResponse({ status: 200, description: 'how it stands now', schema: answerSchema })
  @ApiResponse({ status: 400, description: 'not a question; what was expected', schema: refusalSchema })
  @ApiResponse({ status: 404, description: 'nothing that fits: one answer, whatever is wrong', schema: refusalSchema })
  @ApiResponse({ status: 429, description: 'too many tries', schema: refusalSchema, headers: retryAfter })
  @ApiResponse({ status: 503, description: 'busy, come again', schema: refusalSchema, headers: retryAfter })
  post(@Req() request: Request): Promise<InquiryAnswer> {
    return this.answer(request, () => readForm(request));
  }

  @Get('settings')
  @ApiOperation({ summary: 'What the page has to know before anybody asks' })
  @ApiResponse({ status: 200, schema: faceSchema })
  face(@Res({ passthrough: true }) response: Response): InquiryFace {
    response.setHeader('cache-control', 'public, max-age=60');
    const { bureau, phone, identityDigits, kiosk, completed } = this.settings.inquiry;
    return { bureau, phone, identityDigits, idleMs: kiosk.idleMs, completed: Object.keys(completed.items).length > 0 };
  }

  /** Every answer, whatever it is, goes out after the same time at the earliest. */
  private async answer(request: Request, fields: () => Promise<Readonly<Record<string, unknown>>>): Promise<InquiryAnswer> {
    const early = new Promise((resolve) => setTimeout(resolve, this.settings.inquiry.answerAfterMs));
    let status = '200';
    try {
      const question = readQuestion(await fields(), this.settings.inquiry.identityDigits);
      if (!('proof' in question)) throw refuseInput(question);
      return await this.inquiry.ask(question, addressOf(request));
    } catch (error) {
      status = String(error instanceof InquiryRefused ? error.status : 503);
      throw error;
    } finally {
      this.metrics.requests.inc({ route: 'inquiry', status });
      await early;
    }
  }
}
