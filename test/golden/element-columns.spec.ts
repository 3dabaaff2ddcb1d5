import { elementTexts, produce, sampleOf } from './sample-messages.js';

/**
 * Element → column, written down by hand and not from the mappings: pinyin initials invite swaps, and a golden file made by
 * a swapped mapping would be swapped too.
 */
const columns: readonly (readonly [sample: string, element: string, column: string])[] = [
  ['center/application/full', 'BODY/SBXMMC', 'case.project_name'],
  ['center/application/full', 'BODY/SBJTWD', 'case.applied_place'],
  ['center/application/full', 'BODY/SQRLIST/SQR[2]/SQRMC', 'applicants.1.name'],
  ['center/application/full', 'BODY/SQRLIST/SQR[2]/FDDBR', 'applicants.1.legal_person'],
  ['center/application/full', 'BODY/SQRLIST/SQR[2]/LXSJ', 'applicants.1.phone'],
  ['center/application/full', 'BODY/SQRLIST/SQR[2]/YZBM', 'applicants.1.postcode'],
  ['center/application/full', 'BODY/SQRLIST/SQR[2]/LXYX', 'applicants.1.email'],
  ['center/application/full', 'BODY/DLRLIST/DLR[1]/LXRXM', 'applicants.2.name'],
  ['center/application/full', 'BODY/ZDLIST/ZD[1]/ZL', 'parcels.0.location'],
  ['center/application/full', 'BODY/CLLIST/CL[1]/ATTACH_NAME', 'materials.0.file_name'],
  ['center/acceptance/full', 'BODY/BLRXM', 'case.accepted_by'],
  ['center/acceptance/full', 'BODY/SLHZH', 'case.accept_doc_no'],
  ['center/acceptance/full', 'BODY/SLBMMC', 'case.accept_org'],
  ['center/acceptance/full', 'BODY/SLBMZZJDDM', 'case.accept_org_uscc'],
  ['center/acceptance/full', 'BODY/SLSJ', 'case.accepted_at'],
  ['center/acceptance/full', 'BODY/FDBJSX', 'case.statutory_limit'],
  ['center/acceptance/full', 'BODY/GDBLSX', 'case.committed_limit'],
  ['center/acceptance/full', 'BODY/CXMM', 'case.query_password'],
  ['center/refusal/full', 'BODY/BLRXM', 'case.refused_by'],
  ['center/refusal/full', 'BODY/BSLYY', 'case.refuse_reason'],
  ['center/refusal/full', 'BODY/SLSJ', 'case.refused_at'],
  ['center/process-step/full', 'BODY/SPRXM', 'steps.0.handler'],
  ['center/process-step/full', 'BODY/SPHJMC', 'steps.0.step_name'],
  ['center/process-step/full', 'BODY/SPBMMC', 'steps.0.org'],
  ['center/process-step/full', 'BODY/SPBMZZJDDM', 'steps.0.org_uscc'],
  ['center/process-step/full', 'BODY/SPYJ', 'steps.0.opinion'],
  ['center/process-step/full', 'BODY/SPKSSJ', 'steps.0.started_at'],
  ['center/process-step/full', 'BODY/SPSJ', 'steps.0.ended_at'],
  ['center/supplement-notice/full', 'BODY/BZGZFCRXM', 'supplements.0.notified_by'],
  ['center/supplement-notice/full', 'BODY/BZGZYY', 'supplements.0.reason'],
  ['center/supplement-notice/full', 'BODY/BZCLQD', 'supplements.0.material_list'],
  ['center/supplement-notice/full', 'BODY/BZGZSJ', 'supplements.0.notified_at'],
  ['center/supplement-received/full', 'BODY/BZSLBLRXM', 'supplements.0.received_by'],
  ['center/supplement-received/full', 'BODY/BZCLQD', 'supplements.0.received_list'],
  ['center/supplement-received/full', 'BODY/BZSJ', 'supplements.0.received_at'],
  ['center/supplement-received/full', 'BODY/BZSLJTDD', 'supplements.0.received_place'],
  ['center/special-start/full', 'BODY/TBCXPZR', 'specials.0.approved_by'],
  ['center/special-start/full', 'BODY/TBCXZLMC', 'specials.0.kind_name'],
  ['center/special-start/full', 'BODY/TBCXKSRQ', 'specials.0.started_at'],
  ['center/special-start/full', 'BODY/TBCXQDLY', 'specials.0.reason'],
  ['center/special-start/full', 'BODY/SQNR', 'specials.0.content'],
  ['center/special-start/full', 'BODY/TBCXSX', 'specials.0.approved_length'],
  ['center/special-start/full', 'BODY/GZSBH', 'specials.0.notice_no'],
  ['center/special-end/full', 'BODY/TBCXJG', 'specials.0.result'],
  ['center/special-end/full', 'BODY/TBCXJSRQ', 'specials.0.ended_at'],
  ['center/special-end/full', 'BODY/BLR', 'specials.0.handled_by'],
  ['center/result/full', 'BODY/BLRXM', 'case.closed_by'],
  ['center/result/full', 'BODY/BJJGMS', 'case.result_text'],
  ['center/result/denied', 'BODY/ZFHTHYY', 'case.result_text'],
  ['center/result/full', 'BODY/BJSJ', 'case.closed_at'],
  ['center/result/full', 'BODY/ZZLIST/ZZ[1]/ZJGZMC', 'certificates.0.cert_name'],
  ['center/result/full', 'BODY/ZZLIST/ZZ[1]/ZJBH', 'certificates.0.cert_code'],
  ['center/result/full', 'BODY/ZZLIST/ZZ[1]/ZJYXQX', 'certificates.0.valid_until'],
  ['center/result/full', 'BODY/ZZLIST/ZZ[1]/FZRQ', 'certificates.0.issued_on'],
  ['center/result/full', 'BODY/ZZLIST/ZZ[1]/FZGZDW', 'certificates.0.issuer'],
  ['center/result/full', 'BODY/ZZLIST/ZZ[1]/FZGZDWDM', 'certificates.0.issuer_uscc'],
  ['center/result/full', 'BODY/SFLIST/SF[1]/SFYJ', 'charges.0.basis'],
  ['center/result/full', 'BODY/SFLIST/SF[1]/SFBZ', 'charges.0.standard'],
  ['center/result/full', 'BODY/SFLIST/SF[2]/JMYY', 'charges.1.exempt_reason'],
  ['center/pickup/full', 'BODY/LQRXM', 'pickups.0.picked_by'],
  ['center/pickup/full', 'BODY/LQRSFZJHM', 'pickups.0.cert_no'],
  ['center/pickup/full', 'BODY/LQSJ', 'pickups.0.picked_at'],
  ['center/pickup/full', 'BODY/KDDH', 'pickups.0.express_no'],
  ['provincial/acceptance/full', 'BODY/ACCEPT_NAME', 'case.accepted_by'],
  ['provincial/acceptance/full', 'BODY/ACCEPT_TIME', 'case.accepted_at'],
  ['provincial/acceptance/full', 'BODY/SUBMIT_TIME', 'case.applied_at'],
  ['provincial/acceptance/full', 'BODY/TIME_LIMIT', 'case.statutory_limit'],
  ['provincial/acceptance/full', 'BODY/PROMISES_LIMIT', 'case.committed_limit'],
  ['provincial/acceptance/full', 'BODY/APPLY_NAME', 'applicants.0.name'],
  ['provincial/result/full', 'BODY/END_NAME', 'case.closed_by'],
  ['provincial/result/full', 'BODY/END_TIME', 'case.closed_at'],
  ['provincial/result/full', 'BODY/RESULT_EXPLAIN', 'case.result_text'],
];

test.each(columns)('%s: %s holds %s', (name, element, column) => {
  const sample = sampleOf(name);
  const { snapshot } = sample;
  const [table, ...rest] = column.split('.') as [string, ...string[]];
  const value = table === 'case' ? snapshot.case[rest[0]!] : snapshot.children[table]![Number(rest[0])]![rest[1]!];
  const plain = (text: string | null | undefined): string => (text ?? '').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
  const written = plain(elementTexts(produce(sample).text).get(element));
  // Dates and times are compared by their digits: the form is the golden files' matter.
  const digits = (text: string): string => (/^[\d\-:T .]+$/.test(text) && /^\d{4}-/.test(value ?? '') ? text.replace(/\.\d+$/, '').replace(/\D/g, '') : text);
  expect(digits(written)).toBe(digits(value ?? ''));
  expect(written).not.toBe('');
});
