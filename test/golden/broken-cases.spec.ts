import type { Row } from '../../src/domain/snapshot.js';
import { changed, produce, sampleOf, type Change } from './sample-messages.js';

/** What a clerk is told when a case is wrong: the element, his own table and column, and the rule. */

type Broken = readonly [sample: string, what: string, change: Change, expected: readonly (readonly [element: string, source: string, rule: string])[]];

const inCase = (values: Row): Change => ({ case: values });
/** The sample's rows of a child with some columns of one row changed. */
const inRow = (sample: string, child: string, index: number, values: Row): Change => ({
  children: { [child]: (sampleOf(sample).snapshot.children[child] ?? []).map((row, i) => (i === index ? { ...row, ...values } : row)) },
});

const application = 'center/application/full';
const acceptance = 'center/acceptance/full';
const result = 'center/result/full';
const denied = 'center/result/denied';
const pickup = 'center/pickup/full';
const step = 'center/process-step/full';
const special = 'center/special-start/full';

const broken: readonly Broken[] = [
  // Mandatory elements
  [application, 'no time of application', inCase({ applied_at: null }), [['BODY/SBSJ', 'land_case.applied_at', 'required']]],
  [application, 'an applicant without name', inRow(application, 'applicants', 1, { name: '  ' }), [['BODY/SQRLIST/SQR[2]/SQRMC', 'land_applicant.name (applicant_no=2)', 'required']]],
  [application, 'an agent without number', inRow(application, 'applicants', 2, { cert_no: null }), [['BODY/DLRLIST/DLR[1]/LXRSFZJHM', 'land_applicant.cert_no (applicant_no=3)', 'required']]],
  [application, 'a parcel without location', inRow(application, 'parcels', 1, { location: '' }), [['BODY/ZDLIST/ZD[2]/ZL', 'land_parcel.location (parcel_no=2)', 'required']]],
  [acceptance, 'nobody accepted it', inCase({ accepted_by: null }), [['BODY/BLRXM', 'land_case.accepted_by', 'required']]],
  [acceptance, 'no unit', inCase({ accept_org: null, accept_org_uscc: null }), [['BODY/SLBMMC', 'land_case.accept_org', 'required'], ['BODY/SLBMZZJDDM', 'land_case.accept_org_uscc', 'required']]],
  ['center/refusal/full', 'refused without reason', inCase({ refuse_reason: null }), [['BODY/BSLYY', 'land_case.refuse_reason', 'required']]],
  ['center/supplement-notice/full', 'notice without list', inRow('center/supplement-notice/full', 'supplements', 0, { material_list: null }), [['BODY/BZCLQD', 'land_supplement.material_list (supplement_no=2)', 'required']]],
  ['center/supplement-received/full', 'received by nobody', inRow('center/supplement-received/full', 'supplements', 0, { received_by: '' }), [['BODY/BZSLBLRXM', 'land_supplement.received_by (supplement_no=2)', 'required']]],
  [step, 'no handler', inRow(step, 'steps', 0, { handler: null }), [['BODY/SPRXM', 'land_step.handler (step_no=4)', 'required']]],
  [special, 'no written notice (art. 45)', inRow(special, 'specials', 0, { notice_no: null }), [['BODY/GZSBH', 'land_special.notice_no (special_no=3)', 'required']]],
  [special, 'no approved length and unit', inRow(special, 'specials', 0, { approved_length: null, approved_unit: '' }), [['BODY/TBCXSX', 'land_special.approved_length (special_no=3)', 'required'], ['BODY/TBCXSXDW', 'land_special.approved_unit (special_no=3)', 'required']]],
  ['center/special-end/full', 'end without result', inRow('center/special-end/full', 'specials', 0, { result: null }), [['BODY/TBCXJG', 'land_special.result (special_no=3)', 'required']]],
  [pickup, 'nobody named', inRow(pickup, 'pickups', 0, { picked_by: null }), [['BODY/LQRXM', 'land_pickup.picked_by (pickup_no=6)', 'required']]],
  ['provincial/acceptance/full', 'no time of application', inCase({ applied_at: null }), [['BODY/SUBMIT_TIME', 'land_case.applied_at', 'required']]],

  // Rules that depend on other columns
  [acceptance, 'a committed case without limits', inCase({ committed_limit: null, statutory_limit: '' }), [['BODY/FDBJSX', 'land_case.statutory_limit', 'rule'], ['BODY/GDBLSX', 'land_case.committed_limit', 'rule']]],
  [acceptance, 'a limit without unit', inCase({ committed_unit: null }), [['BODY/GDBLSXDW', 'land_case.committed_unit', 'rule']]],
  [result, 'a certificate without number', inRow(result, 'certificates', 1, { cert_code: ' ' }), [['BODY/ZZLIST/ZZ[2]/ZJBH', 'land_certificate.cert_code (certificate_no=2)', 'rule']]],
  [result, 'a certificate without validity', inRow(result, 'certificates', 0, { valid_until: null }), [['BODY/ZZLIST/ZZ[1]/ZJYXQX', 'land_certificate.valid_until (certificate_no=1)', 'rule']]],
  [denied, 'denied without reason', inCase({ result_text: null }), [['BODY/ZFHTHYY', 'land_case.result_text', 'rule']]],
  [denied, 'returned without reason', inCase({ result_code: 'RETURN', result_text: ' ' }), [['BODY/ZFHTHYY', 'land_case.result_text', 'rule']]],
  [denied, 'void without reason', inCase({ result_code: 'VOID', result_text: null }), [['BODY/ZFHTHYY', 'land_case.result_text', 'rule']]],
  [denied, 'supplement expired without reason', inCase({ result_code: 'EXPIRED', result_text: null }), [['BODY/ZFHTHYY', 'land_case.result_text', 'rule']]],
  [denied, 'closed otherwise needs no reason', inCase({ result_code: 'OTHER', result_text: null }), []],
  [result, 'no result', inCase({ result_code: null }), [['BODY/BJJGDM', 'land_case.result_code', 'required']]],
  [result, 'charged without basis', inRow(result, 'charges', 0, { basis: null }), [['BODY/SFLIST/SF[1]/SFYJ', 'land_charge.basis (charge_no=1)', 'rule']]],
  [result, 'charged without standard', inRow(result, 'charges', 2, { standard: '' }), [['BODY/SFLIST/SF[3]/SFBZ', 'land_charge.standard (charge_no=3)', 'rule']]],
  [result, 'charged without lines', { children: { charges: [] } }, [['BODY/SFLIST/SF', 'land_charge', 'rule']]],
  [result, 'charged without amount', inCase({ charge_total: null }), [['BODY/SFJE', 'land_case.charge_total', 'rule']]],
  [pickup, 'by courier without number', inRow(pickup, 'pickups', 0, { express_no: null }), [['BODY/KDDH', 'land_pickup.express_no (pickup_no=6)', 'rule']]],
  ['provincial/result/full', 'denied without reason', inCase({ result_code: 'DENY', result_text: null }), [['BODY/RESULT_EXPLAIN', 'land_case.result_text', 'rule']]],

  // Codes: unknown is a finding, never a default
  [application, 'an item that is in no list', inCase({ item_code: 'ZZ99' }), [['BODY/SXBM', 'land_case.item_code', 'code-unknown'], ['BODY/SSBM', 'land_case.item_code', 'code-unknown']]],
  [application, 'an unknown kind of case', inCase({ case_kind: '1' }), [['BODY/BJLX', 'land_case.case_kind', 'code-unknown']]],
  [application, 'an unknown role', inRow(application, 'applicants', 0, { role: 'HEIR' }), [['BODY/SQRLIST/SQR[1]/SQRJS', 'land_applicant.role (applicant_no=1)', 'code-unknown']]],
  [step, 'an unknown stage', inRow(step, 'steps', 0, { stage: 'FH' }), [['BODY/SPHJDM', 'land_step.stage (step_no=4)', 'code-unknown']]],
  [special, 'an unknown kind', inRow(special, 'specials', 0, { kind: 'XX' }), [['BODY/TBCXZL', 'land_special.kind (special_no=3)', 'code-unknown']]],
  [result, 'an unknown result', inCase({ result_code: 'DONE' }), [['BODY/BJJGDM', 'land_case.result_code', 'code-unknown']]],

  // An area is taken from the table of the channel, never cut or lengthened
  ['supervision/acceptance/full', 'an area that is in no list', inCase({ division_code: '430904' }), [['BODY/AREA_CODE', 'land_case.division_code', 'code-unknown']]],
  ['supervision/acceptance/full', 'an area that has twelve digits already', inCase({ division_code: '430903000000' }), [['BODY/AREA_CODE', 'land_case.division_code', 'code-unknown']]],
  ['supervision/light/full', 'an area that is in no list', inCase({ division_code: '439999' }), [['BODY/AREA_CODE', 'clock_state.division_code', 'code-unknown']]],
  ['supervision/special-start/full', 'no written notice (art. 45)', inRow('supervision/special-start/full', 'specials', 0, { notice_no: null }), [['BODY/NOTICE_NO', 'land_special.notice_no (special_no=3)', 'required']]],
  ['supervision/card/full', 'a rule without a code', inRow('supervision/card/full', 'cards', 0, { rule: 'window.red' }), [['BODY/RULE_CODE', 'card.rule (card_key=hunan.case.1.warning)', 'code-unknown']]],

  // Identifiers and names
  [application, 'a wrong check digit', inRow(application, 'applicants', 0, { cert_no: '430903190102031115' }), [['BODY/SQRLIST/SQR[1]/SQRZJHM', 'land_applicant.cert_no (applicant_no=1)', 'check-digit']]],
  [application, 'an old number of 15 digits passes', inRow(application, 'applicants', 0, { cert_no: '430903010203111' }), []],
  [application, 'a small x in the number passes, written as X', inRow(application, 'applicants', 0, { cert_no: '43090319010203143x' }), []],
  [application, 'a unit code that is too long', inRow(application, 'parcels', 0, { unit_code: '430903001011GB00021F000000310000' }), [['BODY/ZDLIST/ZD[1]/BDCDYDM', 'land_parcel.unit_code (parcel_no=1)', 'layout']]],
  [application, 'a character lost in the bureau', inRow(application, 'applicants', 0, { name: '申请人?' }), [['BODY/SQRLIST/SQR[1]/SQRMC', 'land_applicant.name (applicant_no=1)', 'data-quality']]],
  [acceptance, 'a wrong credit code', inCase({ accept_org_uscc: '11430900YY0001012K' }), [['BODY/SLBMZZJDDM', 'land_case.accept_org_uscc', 'check-digit']]],
  [pickup, 'a wrong check digit', inRow(pickup, 'pickups', 0, { cert_no: '430922190405062225' }), [['BODY/LQRSFZJHM', 'land_pickup.cert_no (pickup_no=6)', 'check-digit']]],

  // Lengths, forms, divisions, characters
  [application, 'a name of 101 characters', inRow(application, 'applicants', 1, { name: '禾'.repeat(101) }), [['BODY/SQRLIST/SQR[2]/SQRMC', 'land_applicant.name (applicant_no=2)', 'length']]],
  [application, 'a name of 100 characters passes', inRow(application, 'applicants', 1, { name: '禾'.repeat(100) }), []],
  [application, 'a landline number passes', inRow(application, 'applicants', 0, { phone: '0737-0000123-802' }), []],
  [application, 'a postcode of five digits', inRow(application, 'applicants', 0, { postcode: '41300' }), [['BODY/SQRLIST/SQR[1]/YZBM', 'land_applicant.postcode (applicant_no=1)', 'pattern']]],
  [application, 'a division of another city', inCase({ division_code: '430100' }), [['BODY/XZQHDM', 'land_case.division_code', 'division']]],
  [application, 'a day that does not exist', inRow(application, 'parcels', 0, { right_end: '2026-02-30' }), [['BODY/ZDLIST/ZD[1]/QLZZRQ', 'land_parcel.right_end (parcel_no=1)', 'date']]],
  [result, 'a third of a fen', inCase({ charge_total: '1257.801' }), [['BODY/SFJE', 'land_case.charge_total', 'decimal']]],
  [step, 'a control character in an opinion', inRow(step, 'steps', 0, { opinion: '同意\u0001办理' }), [['BODY/SPYJ', 'land_step.opinion (step_no=4)', 'charset']]],
  [step, 'an opinion of 2001 characters', inRow(step, 'steps', 0, { opinion: '意'.repeat(2001) }), [['BODY/SPYJ', 'land_step.opinion (step_no=4)', 'length']]],
];

test.each(broken)('%s: %s', (name, _, change, expected) => {
  const sample = sampleOf(name);
  const message = produce({ ...sample, snapshot: changed(sample.snapshot, change) });
  expect(message.findings.map((f) => [f.element, f.source, f.rule])).toEqual(expected);
  expect(message.bytes === undefined).toBe(expected.length > 0);
});

test('a case without applicants names the table in which a row is wanted', () => {
  const sample = sampleOf(application);
  const message = produce({ ...sample, snapshot: changed(sample.snapshot, { children: { applicants: [] } }) });
  expect(message.findings).toMatchObject([{ element: 'BODY/SQRLIST/SQR', source: 'land_applicant', rule: 'required' }]);
  expect(message.bytes).toBeUndefined();
});

test('findings never repeat a name or a number of a person', () => {
  const sample = sampleOf(application);
  const personal = { name: '申请人?', cert_no: '430903190102031115', phone: '1'.repeat(30), postcode: '41300', address: '址'.repeat(1001), email: 'm'.repeat(101) };
  const { findings } = produce({ ...sample, snapshot: changed(sample.snapshot, inRow(application, 'applicants', 0, personal)) });
  expect(findings).toHaveLength(6);
  for (const value of Object.values(personal)) expect(JSON.stringify(findings)).not.toContain(value);
});

test.each([
  [step, inRow(step, 'steps', 0, { ended_at: '2026-11-01 08:00:00.000' }), ['BODY/SPSJ', /^land_step.ended_at \(step_no=4\)$/]],
  [result, inCase({ accepted_at: '2026-11-21 08:00:00.000' }), ['BODY/BJSJ', /^land_case.closed_at$/]],
  ['provincial/result/full', inCase({ accepted_at: '2026-11-21 08:00:00.000' }), ['BODY/END_TIME', /^land_case.closed_at$/]],
  [pickup, inRow(pickup, 'pickups', 0, { picked_at: '2026-11-01 08:00:00.000' }), ['BODY/LQSJ', /^land_pickup.picked_at/]],
] as const)('%s: times in an odd order are noted and sent all the same', (name, change, [element, source]) => {
  const sample = sampleOf(name);
  const message = produce({ ...sample, snapshot: changed(sample.snapshot, change) });
  expect(message.findings).toEqual([]);
  expect(message.bytes).toBeDefined();
  expect(message.notes).toMatchObject([{ element, source: expect.stringMatching(source) as string, rule: 'odd' }]);
});
