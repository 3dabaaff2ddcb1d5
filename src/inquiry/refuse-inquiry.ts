import type { InquiryRefusal, Words } from '../domain/inquiry-answer.js';
import { refusalWords } from './inquiry-words.js';

const statusOf: Readonly<Record<InquiryRefusal['error'], number>> = { 'bad-request': 400, 'not-signed-on': 401, forbidden: 403, 'no-match': 404, 'not-found': 404, 'too-many-requests': 429, busy: 503 };

/** A question that is not answered, as it is said. */
export class InquiryRefused extends Error {
  readonly status: number;
  constructor(readonly body: InquiryRefusal) {
    super(body.error);
    this.name = 'InquiryRefused';
    this.status = statusOf[body.error];
  }
}

/** With the words of its kind. */
export const refuseInquiry = (error: Exclude<InquiryRefusal['error'], 'bad-request'>, retryAfterSeconds?: number): InquiryRefused =>
  new InquiryRefused({ error, ...refusalWords[error], ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) });
export const refuseInput = (words: Words): InquiryRefused => new InquiryRefused({ error: 'bad-request', zh: words.zh, en: words.en });
