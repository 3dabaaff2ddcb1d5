import type { InquirySettings } from '../domain/inquiry-settings.js';
import type { CaseRecord } from './bureau/case-record.js';
import type { Catalogue } from './bureau/read-catalogue.js';

/** The inquiry of a demo: every item is published, and this machine counts as one that many people use. */
export function demoInquiry(settings: InquirySettings, catalogue: Catalogue): InquirySettings {
  return {
    ...settings, everyMs: 500, sharedAddresses: ['127.0.0.0/8', '::1'],
    bureau: { zh: '益阳市国土资源局政务窗口', en: 'Land bureau, service window' }, collect: { zh: '市政务中心国土窗口', en: 'the land counter of the service center' }, phone: '0737-0000000',
    completed: { items: Object.fromEntries(catalogue.items.map((i) => [i.itemCode, i.certificateName === null ? ('closing' as const) : ('certificate' as const)])), days: 366 },
  };
}

/** How to ask for one case of the sample: one that is under way, where there is one. */
export function exampleCase(sample: readonly CaseRecord[]): string {
  const known = sample.filter((c) => c.case['query_password']);
  const one = known.find((c) => c.case['status'] === 'HANDLING' && c.children.charges.length > 0) ?? known.find((c) => c.case['status'] === 'HANDLING') ?? known[0];
  if (!one) return 'the sample holds no case with a query password';
  const end = one.children.applicants.map((a) => a['cert_no']?.slice(-6)).find((e) => e !== undefined && /^[0-9A-Z]{6}$/.test(e));
  return `try case ${one.caseNo} with password ${String(one.case['query_password'])}${end === undefined ? '' : ` or the end of the identity number ${end}`}`;
}
