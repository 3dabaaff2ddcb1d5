import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { AcknowledgementReception } from './acknowledgement-reception.adapter.js';
import { answerPush } from './answer-push.adapter.js';
import { refusalSchema } from './describe-interface.js';

/** The reception that takes returned files. */
export const RETURN_RECEPTION = Symbol('reception of returned files');

/** The endpoint for fee, tax and control files that are pushed instead of put on the staging machine. */
@ApiTags('returns')
@Controller('api/returns')
export class ReturnController {
  constructor(@Inject(RETURN_RECEPTION) private readonly reception: AcknowledgementReception) {}

  @Post()
  @ApiOperation({
    summary: 'Push a fee, tax or control file 推送缴费、税收、对账控制文件',
    description: 'One file, signed as Standard Webhooks says, with the secret of the acknowledgements. It is answered once its bytes are stored durably; what it came to follows as a receipt file in receipt/ on the staging machine. Its name is what its head says: WJBH.PC.xml. Larger files go over the staging machine. Repeat after 429 and 503, and after no answer.',
  })
  @ApiHeader({ name: 'x-channel', required: true, schema: { type: 'string', example: 'center' } })
  @ApiHeader({ name: 'webhook-id', required: true, description: 'names this push; the same when it is sent again', schema: { type: 'string', maxLength: 200 } })
  @ApiHeader({ name: 'webhook-timestamp', required: true, description: 'seconds since 1970 of this attempt', schema: { type: 'string', pattern: '^\\d{1,12}$' } })
  @ApiHeader({ name: 'webhook-signature', required: true, description: 'v1,<base64 of HMAC-SHA256 over "id.timestamp.body">', schema: { type: 'string' } })
  @ApiConsumes('application/xml', 'text/xml')
  @ApiBody({ schema: { type: 'string' }, description: 'XML (UTF-8 or GB18030) as fee-record.xsd, tax-record.xsd or control.xsd say' })
  @ApiProduces('application/json')
  @ApiResponse({ status: 202, description: 'stored 已收妥; reading and the receipt file follow', schema: { type: 'object', required: ['receipt'], properties: { receipt: { type: 'string', description: 'number in the inbox' } } } })
  @ApiResponse({ status: 401, description: 'unknown channel or one that returns nothing, wrong signature, old timestamp, or an address that is not allowed: one answer for all', schema: refusalSchema })
  @ApiResponse({ status: 413, description: 'the body is too large', schema: refusalSchema })
  @ApiResponse({ status: 415, description: 'not XML, or compressed', schema: refusalSchema })
  @ApiResponse({ status: 429, description: 'too many requests from this address', schema: refusalSchema })
  @ApiResponse({ status: 503, description: 'not stored; send the same again', schema: refusalSchema })
  receive(@Req() request: Request, @Res() response: Response): Promise<void> {
    return answerPush(this.reception, request, response);
  }
}
