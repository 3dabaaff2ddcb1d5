import { Catch, HttpException, Inject, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { randomUUID } from 'node:crypto';
import type { OpsError } from '../domain/ops-api.js';
import type { GatewayLog } from '../platform/log.adapter.js';
import { LOG } from '../platform/tokens.js';
import { OpsRefusal } from './refusal.js';

/** Every error of the ops API as OpsError; what nobody foresaw stands in the log under the id that the answer names. */
@Catch()
@Injectable()
export class OpsFilter implements ExceptionFilter {
  constructor(@Inject(LOG) private readonly log: GatewayLog) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (response.headersSent) {
      response.end();
      return;
    }
    if (error instanceof OpsRefusal) {
      if (error.body.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(error.body.retryAfterSeconds));
      response.status(error.status).json(error.body);
      return;
    }
    if (error instanceof HttpException) {
      response.status(error.getStatus()).json({ code: error.getStatus() === 404 ? 'not-found' : 'bad-request', text: error.message.slice(0, 300) } satisfies OpsError);
      return;
    }
    const id = randomUUID();
    this.log.error({ id, err: error }, 'the ops page asked for something that failed');
    response.status(500).json({ code: 'unexpected', text: `something failed that nobody foresaw; it stands in the log as ${id}`, id } satisfies OpsError);
  }
}
