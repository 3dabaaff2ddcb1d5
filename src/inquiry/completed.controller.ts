import { Controller, Get, Inject, Req, Res, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { CompletedDay } from '../domain/inquiry-answer.js';
import { isCalendarDate } from '../domain/format-datetime.js';
import { CompletedList } from './completed-list.adapter.js';
import { completedSchema, refusalSchema } from './describe-inquiry.js';
import { InquiryFilter } from './inquiry-filter.adapter.js';
import { refuseInput } from './refuse-inquiry.js';

/** Anybody may keep it for so long. */
const caching = 'public, max-age=300';

/** 办结公示 as JSON and feed. */
@ApiTags('inquiry')
@Controller('api/inquiry')
@UseFilters(InquiryFilter)
export class CompletedController {
  constructor(@Inject(CompletedList) private readonly list: CompletedList) {}

  @Get('completed')
  @ApiOperation({ summary: 'Completed cases of a day 办结公示', description: 'Only of items named in inquiry.completed.items, and only those whose result is issued. Names and case numbers are masked.' })
  @ApiQuery({ name: 'day', required: false, description: 'the newest where left out', schema: { type: 'string', format: 'date' } })
  @ApiQuery({ name: 'item', required: false, description: '事项编码', schema: { type: 'string' } })
  @ApiQuery({ name: 'page', required: false, schema: { type: 'integer', minimum: 1, maximum: 1000 } })
  @ApiResponse({ status: 200, schema: completedSchema })
  @ApiResponse({ status: 400, schema: refusalSchema })
  async day(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<CompletedDay> {
    const { day, item, page = '1', ...other } = request.query;
    const known = Object.keys(other).length === 0;
    const [year, month, date] = typeof day === 'string' && /^\d{4}-\d\d-\d\d$/.test(day) ? day.split('-').map(Number) : [];
    const dayFits = day === undefined || (year !== undefined && isCalendarDate(year, month!, date!));
    const itemFits = item === undefined || (typeof item === 'string' && item.length <= 60 && !/[\p{Cc}\p{Cs}]/u.test(item));
    if (!known || !dayFits || !itemFits || typeof page !== 'string' || !/^([1-9]\d{0,2}|1000)$/.test(page)) throw refuseInput({ zh: 'day 为 YYYY-MM-DD，item 为事项编码，page 为1至1000，每项最多一次', en: 'expected day as YYYY-MM-DD, item as a code, page from 1 to 1000, each at most once' });
    const found = await this.list.page({ day: day as string | undefined, item: item as string | undefined, page: Number(page) });
    response.setHeader('cache-control', caching);
    return found;
  }

  @Get('completed.atom')
  @ApiOperation({ summary: 'The newest completed cases as an Atom feed' })
  @ApiProduces('application/atom+xml')
  @ApiResponse({ status: 200, description: 'Atom, RFC 4287' })
  async feed(@Res({ passthrough: true }) response: Response): Promise<string> {
    const feed = await this.list.feed();
    response.setHeader('cache-control', caching);
    response.setHeader('content-type', 'application/atom+xml; charset=utf-8');
    return feed;
  }
}
