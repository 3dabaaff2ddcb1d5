import { Catch, HttpException, Inject, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import type { GatewayLog } from '../platform/log.adapter.js';
import { LOG } from '../platform/tokens.js';
import { InquiryRefused, refuseInput, refuseInquiry } from './refuse-inquiry.js';

/** Says what is not answered in both languages; what nobody foresaw stands in the log, and the person is asked to come again. */
@Injectable()
@Catch()
export class InquiryFilter implements ExceptionFilter {
  constructor(@Inject(LOG) private readonly log: GatewayLog) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const refused = error instanceof InquiryRefused ? error : error instanceof HttpException ? (error.getStatus() === 404 ? refuseInquiry('not-found') : refuseInput({ zh: '请求格式不正确', en: 'the request is not as expected' })) : undefined;
    // The error may hold what was asked; its kind and place are enough to find it.
    if (!refused) this.log.error({ kind: (error as Error | undefined)?.name, code: (error as { code?: unknown } | undefined)?.code, stack: (error as Error | undefined)?.stack?.split('\n').slice(1, 6).join('\n') }, 'an inquiry failed');
    const { body, status } = refused ?? refuseInquiry('busy', 10);
    if (response.headersSent) return void response.end();
    response.setHeader('cache-control', 'no-store');
    if (body.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(body.retryAfterSeconds));
    response.status(status).json(body);
  }
}
