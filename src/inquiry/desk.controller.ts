import { Controller, Header, HttpCode, Inject, Post, Req, UseFilters } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { deskRoles, type DeskAnswer, type DeskHit, type InquiryState } from '../domain/inquiry-answer.js';
import { maskValue } from '../domain/mask-personal.js';
import type { Settings } from '../domain/settings.js';
import { AuditStore } from '../ledger/audit.store.js';
import { InquiryViewStore } from '../ledger/inquiry-view.store.js';
import { RequestSessions, type SignedOn } from '../ledger/request-session.adapter.js';
import { SETTINGS } from '../platform/tokens.js';
import { CaseInquiry } from './case-inquiry.adapter.js';
import { answerSchema, refusalSchema } from './describe-inquiry.js';
import { InquiryFilter } from './inquiry-filter.adapter.js';
import { roleWords, stateWords } from './inquiry-words.js';
import { childrenOf, textOf } from './judge-state.js';
import { normalizeText } from './normalize-text.js';
import { ownSiteOnly, readForm } from './read-form.adapter.js';
import { readCaseNo, readQuestion } from './read-question.js';
import { refuseInput, refuseInquiry } from './refuse-inquiry.js';

const mostHits = 20;

/** For the person who answers the hotline: signed on as a user of the ops page; every view of a person's case is in the audit log. */
@ApiTags('inquiry')
@Controller('api/inquiry/desk')
@UseFilters(InquiryFilter)
export class DeskController {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(RequestSessions) private readonly sessions: RequestSessions,
    @Inject(InquiryViewStore) private readonly view: InquiryViewStore,
    @Inject(CaseInquiry) private readonly inquiry: CaseInquiry,
    @Inject(AuditStore) private readonly audit: AuditStore,
  ) {}

  @Post('search')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Cases by the beginning of their number or of a name; masked', description: 'Needs the session of a user with one of the roles operator, finance and administrator, and its x-csrf-token. Is in the audit log.' })
  @ApiBody({ schema: { type: 'object', required: ['words'], properties: { words: { type: 'string', minLength: 2, maxLength: 50 } } } })
  @ApiResponse({ status: 200, description: 'at most 20, newest number first', schema: { type: 'array', items: { type: 'object' } } })
  @ApiResponse({ status: 401, description: 'nobody is signed on', schema: refusalSchema })
  @ApiResponse({ status: 403, description: 'the role or the token does not allow it', schema: refusalSchema })
  async search(@Req() request: Request): Promise<DeskHit[]> {
    const signed = await this.enter(request, 'inquiry.search');
    const { words } = await readForm(request);
    const sought = typeof words === 'string' && words.length <= 200 && !/[\p{Cc}\p{Cs}]/u.test(words) ? normalizeText(words) : '';
    if (sought.length < 2 || sought.length > 50) throw refuseInput({ zh: '请输入姓名或办件编号的开头，2至50个字', en: 'expected the beginning of a name or case number, 2 to 50 characters' });
    const hits = await this.view.search(this.settings.inquiry.stream, sought, mostHits);
    // Whom somebody looked for is personal itself; how much was found says enough.
    await this.audit.record(signed.who, { action: 'inquiry.search', outcome: 'done', detail: { found: hits.length } });
    return hits.map((h) => ({ caseNo: h.caseNo, item: h.itemName, applicants: h.applicants, state: stateWords[h.state as InquiryState], appliedOn: h.appliedOn }));
  }

  @Post('case')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'One case with the names of its applicants', description: 'As above; the view is in the audit log before it is shown.' })
  @ApiBody({ schema: { type: 'object', required: ['case'], properties: { case: { type: 'string' } } } })
  @ApiResponse({ status: 200, schema: answerSchema })
  @ApiResponse({ status: 404, description: 'there is no such case', schema: refusalSchema })
  async open(@Req() request: Request): Promise<DeskAnswer> {
    const signed = await this.enter(request, 'inquiry.view');
    const given = (await readForm(request))['case'];
    const caseNo = typeof given === 'string' && readCaseNo(given) !== undefined ? given.trim() : undefined;
    if (caseNo === undefined) throw refuseInput({ zh: '请提供办件编号', en: 'expected a case number' });
    const facts = await this.inquiry.facts(caseNo);
    await this.audit.record(signed.who, { action: 'inquiry.view', subject: caseNo, outcome: facts ? 'done' : 'failed', ...(facts ? {} : { detail: { why: 'not found' } }) });
    if (!facts) throw refuseInquiry('not-found');
    const people = facts.snapshot && !facts.removed ? childrenOf(facts.snapshot, 'applicants') : [];
    return {
      ...this.inquiry.compose(facts),
      people: people.slice(0, 50).map((p) => {
        const phone = textOf(p, 'phone');
        return { name: textOf(p, 'name') ?? '', role: roleWords[textOf(p, 'role') ?? ''] ?? roleWords['APPLICANT']!, ...(phone === undefined ? {} : { phone: maskValue(phone) }) };
      }),
    };
  }

  @Post('verify')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Whether the query password or the end of the identity number that a caller says is right', description: 'So that nobody reads a number to a caller. Is in the audit log.' })
  @ApiBody({ schema: { type: 'object', required: ['case'], properties: { case: { type: 'string' }, password: { type: 'string' }, digits: { type: 'string' } } } })
  @ApiResponse({ status: 200, schema: { type: 'object', required: ['fits'], properties: { fits: { type: 'boolean' } } } })
  async verify(@Req() request: Request): Promise<{ fits: boolean }> {
    const signed = await this.enter(request, 'inquiry.verify');
    const question = readQuestion(await readForm(request), this.settings.inquiry.identityDigits);
    if (!('proof' in question)) throw refuseInput(question);
    const fits = await this.inquiry.proves(question);
    await this.audit.record(signed.who, { action: 'inquiry.verify', subject: question.caseNo, outcome: fits ? 'done' : 'failed', detail: { by: question.kind } });
    return { fits };
  }

  /** The session of a person who may; what is refused to somebody signed on is in the audit log. */
  private async enter(request: Request, action: string): Promise<SignedOn> {
    ownSiteOnly(request);
    const signed = await this.sessions.find(request);
    if (!signed) throw refuseInquiry('not-signed-on');
    const { role, mustChangePassword } = signed.session;
    const why = !this.sessions.csrfFits(request, signed) ? 'csrf' : mustChangePassword ? 'password change needed' : !(deskRoles as readonly string[]).includes(role) ? `role ${role}` : undefined;
    if (why === undefined) return signed;
    await this.audit.record(signed.who, { action, outcome: 'refused', detail: { why } });
    throw refuseInquiry('forbidden');
  }
}
