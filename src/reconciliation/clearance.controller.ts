import { Controller, Get, Header, Headers, Inject, Param, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ClearanceAdapter } from './clearance.adapter.js';

const part = { type: 'object', required: ['state', 'count', 'settled'], properties: { state: { type: 'string', enum: ['settled', 'open', 'none'] }, count: { type: 'integer' }, settled: { type: 'integer' } } };
const findings = {
  type: 'array',
  items: {
    type: 'object', properties: {
      what: { type: 'string', enum: ['fee', 'tax'] }, zh: { type: 'string', example: '应收 YYGT202611000123/1' }, en: { type: 'string' }, reason: { type: 'string', example: 'missing-there' },
      amountYuan: { type: 'string', example: '80.00' }, textZh: { type: 'string' }, textEn: { type: 'string' }, nextZh: { type: 'string' }, nextEn: { type: 'string' },
      difference: { type: 'string', description: 'number under which the gateway explains it; absent for what it has not looked at yet' },
    },
  },
};
const refusal = { type: 'object', required: ['error', 'expected'], properties: { error: { type: 'string' }, expected: { type: 'string' } } };

/** The endpoint by which the bureau's system asks before it hands out a certificate. */
@ApiTags('clearance')
@Controller('api/cases')
export class ClearanceController {
  constructor(@Inject(ClearanceAdapter) private readonly clearance: ClearanceAdapter) {}

  @Get(':no/clearance')
  @Header('Cache-Control', 'no-store')
  @ApiBearerAuth()
  @ApiOperation({
    summary: 'Are fees and taxes of a case settled 税费结清',
    description: 'Ask right before the certificate is handed out (先税后证) and hand it out only when `cleared` is true. What the gateway has not looked at yet counts as not settled. The answer holds no names of payers.',
  })
  @ApiParam({ name: 'no', description: 'case number 办件编号', schema: { type: 'string', maxLength: 60 } })
  @ApiResponse({
    status: 200, description: 'how the case stands now',
    schema: {
      type: 'object', required: ['caseNo', 'state', 'cleared', 'fees', 'taxes', 'missing', 'contradictions', 'notices', 'at'],
      properties: {
        caseNo: { type: 'string' }, state: { type: 'string', enum: ['cleared', 'not-cleared', 'contradicted', 'nothing-charged'], description: 'contradicted: settled, and later taken back or corrected; nothing-charged: no charge is known, which proves nothing' },
        cleared: { type: 'boolean' }, fees: part, taxes: part, missing: findings, contradictions: findings, notices: findings, at: { type: 'string', format: 'date-time' },
      },
    },
  })
  @ApiResponse({ status: 401, description: 'no token, or not one of those configured (reconciliation.clearanceTokens)', schema: refusal })
  @ApiResponse({ status: 404, description: 'the gateway does not know the case', schema: refusal })
  async ask(@Param('no') caseNo: string, @Headers('authorization') authorization: string | undefined, @Res({ passthrough: true }) response: Response): Promise<unknown> {
    if (!this.clearance.allows(authorization)) {
      response.status(401).setHeader('WWW-Authenticate', 'Bearer realm="gateway"');
      return { error: 'not-allowed', expected: 'an Authorization header: Bearer and one of the configured tokens' };
    }
    const answer = caseNo.length > 60 ? undefined : await this.clearance.of(caseNo);
    if (answer) return answer;
    response.status(404);
    return { error: 'unknown-case', expected: 'the number of a case that the gateway has captured' };
  }
}
