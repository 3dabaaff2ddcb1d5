import { Controller, Get, Header, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AcknowledgementReception } from './acknowledgement-reception.adapter.js';
import { answerPush } from './answer-push.adapter.js';
import { listSchema, refusalSchema, singleSchema, unreadableSchema } from './describe-interface.js';
import { examplesPage } from './examples-page.js';

/** The endpoint for municipal systems that push acknowledgements. */
@ApiTags('acknowledgements')
@Controller('api/acknowledgements')
export class AcknowledgementController {
  constructor(@Inject(AcknowledgementReception) private readonly reception: AcknowledgementReception) {}

  @Post()
  @ApiOperation({
    summary: 'Push acknowledgements 推送回执',
    description: 'One document with up to 5000 acknowledgements, signed as Standard Webhooks says. It is answered once its bytes are stored durably; sending the same webhook-id with the same bytes again gives the same receipt. Repeat after 429 and 503, and after no answer.',
  })
  @ApiHeader({ name: 'x-channel', required: true, description: 'the channel that the messages came on', schema: { type: 'string', example: 'center' } })
  @ApiHeader({ name: 'webhook-id', required: true, description: 'names this document; the same when it is sent again', schema: { type: 'string', maxLength: 200, example: 'ack-20261123-000017' } })
  @ApiHeader({ name: 'webhook-timestamp', required: true, description: 'seconds since 1970 of this attempt', schema: { type: 'string', pattern: '^\\d{1,12}$' } })
  @ApiHeader({ name: 'webhook-signature', required: true, description: 'v1,<base64 of HMAC-SHA256 over "id.timestamp.body">; several with spaces between while secrets are rotated', schema: { type: 'string' } })
  @ApiConsumes('application/json', 'application/xml', 'text/xml')
  @ApiBody({ schema: { oneOf: [listSchema, singleSchema] }, description: 'XML (UTF-8 or GB18030) as acknowledgement.xsd says, or its JSON form' })
  @ApiProduces('application/json')
  @ApiResponse({ status: 202, description: 'stored 已收妥; reading follows', schema: { type: 'object', required: ['receipt'], properties: { receipt: { type: 'string', description: 'number in the inbox' } } } })
  @ApiResponse({ status: 400, description: 'stored but unreadable: every fault with its place; correct it and send it under a new webhook-id', schema: unreadableSchema })
  @ApiResponse({ status: 401, description: 'unknown channel, wrong or missing signature, old timestamp, or an address that is not allowed: one answer for all', schema: refusalSchema })
  @ApiResponse({ status: 413, description: 'the body is too large', schema: refusalSchema })
  @ApiResponse({ status: 415, description: 'neither XML nor JSON, or compressed', schema: refusalSchema })
  @ApiResponse({ status: 429, description: 'too many requests from this address', schema: refusalSchema, headers: { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } } })
  @ApiResponse({ status: 503, description: 'not stored; send the same again', schema: refusalSchema, headers: { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } } })
  async receive(@Req() request: Request, @Res() response: Response): Promise<void> {
    await answerPush(this.reception, request, response);
  }

  @Get('examples')
  @Header('Content-Type', 'text/html; charset=utf-8')
  @ApiOperation({ summary: 'Examples with curl 示例' })
  @ApiProduces('text/html')
  examples(): string {
    return examplesPage();
  }
}
