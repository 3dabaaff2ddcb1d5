import type { Row } from '../../domain/snapshot.js';
import type { CaseRecord, RowChange, Stage } from './case-record.js';
import { composeCharges } from './compose-charges.js';
import { bureauOrg, clerks } from './invent-parties.js';
import { materialRow } from './compose-application.js';
import type { Random } from './make-random.js';
import { makeScan } from './make-scan.js';
import { limitAt, type Catalogue } from './read-catalogue.js';
import { shiftYears } from './shift-time.js';

/** What a stage needs to know; `at` is the bureau time at which it happens. */
export interface StageFacts {
  readonly record: CaseRecord;
  readonly catalogue: Catalogue;
  readonly random: Random;
  readonly at: string;
}

const stepOrder = ['CB', 'SH', 'PZ'] as const;
type StepStage = (typeof stepOrder)[number];
const stepNames = { CB: '承办人初审', SH: '科室负责人审核', PZ: '局领导批准' } as const;
const opinions = {
  CB: ['经审查,申请材料齐全,符合法定形式,拟同意,请科室审核。', '权属来源合法,界址清楚,面积准确,拟同意办理。', '材料齐全,现场踏勘与图件一致,拟同意。'],
  SH: ['经审核,情况属实,同意承办意见,呈局领导批准。', '同意承办意见。'],
  PZ: ['同意。', '同意办理,请窗口制证。', '批准。'],
} as const;
const specialKinds = [
  ['YC', '延长审批', '案情复杂,需征求相关部门意见', 10, 'W'],
  ['TZ', '听证', '涉及利害关系人重大利益,依申请举行听证', 20, 'W'],
  ['ZB', '招标拍卖挂牌', '依法须以招标拍卖挂牌方式确定受让人', 30, 'N'],
  ['JC', '检验检测鉴定', '宗地面积需重新测绘鉴定', 15, 'W'],
  ['PS', '专家评审', '土地估价报告需组织专家评审', 10, 'W'],
  ['GS', '公示', '依法须在土地所在地公示', 15, 'N'],
] as const;
const supplementReasons = [
  ['身份证明复印件不清晰', '申请人身份证明(重新提交)'],
  ['缺少宗地界址坐标成果', '宗地图及界址坐标成果表(加盖测绘单位印章)'],
  ['委托手续不完备', '经公证的授权委托书'],
  ['未提交完税凭证', '完税或者减免税凭证'],
] as const;

/** Number of the next row of a child table. */
function nextNo(rows: readonly Row[], key: string): number {
  return rows.reduce((most, row) => Math.max(most, Number(row[key])), 0) + 1;
}

const setCase = (values: Row): RowChange => ({ operation: 'update', table: 'case', key: null, values });
const shortNo = (record: CaseRecord): string => record.caseNo.replace(/^\D+/, '');

/** The next step that has to be taken; a returned one goes back to the clerk in charge. Null when all are done. */
export function nextStep(record: CaseRecord): StepStage | null {
  const last = record.children.steps.at(-1);
  if (last === undefined || last['action'] === 'RETURN') return 'CB';
  if (record.case['case_kind'] === 'J') return null;
  return stepOrder[stepOrder.indexOf(last['stage'] as StepStage) + 1] ?? null;
}

/** The certificates that a case earns: one for each applicant of a case of many households, else one. */
export function composeCertificates({ record, catalogue, at }: StageFacts): RowChange[] {
  const name = catalogue.items.find((item) => item.itemCode === record.case['item_code'])?.certificateName ?? null;
  if (name === null) return [];
  const households = record.children.applicants.filter((row) => row['role'] === 'APPLICANT').length;
  const count = households > 3 ? households : 1;
  return Array.from({ length: count }, (_, i): RowChange => ({
    operation: 'insert',
    table: 'certificates',
    key: String(i + 1),
    values: {
      certificate_no: String(i + 1),
      cert_name: name,
      cert_code: `益国土(${at.slice(0, 4)})第${shortNo(record).slice(-6)}${count > 1 ? `-${i + 1}` : ''}号`,
      issued_on: at.slice(0, 10),
      valid_until: record.children.parcels[0]?.['right_end'] ?? (name.includes('临时') ? shiftYears(at, 2) : '9999-01-01'),
      issuer: bureauOrg.name,
      issuer_uscc: bureauOrg.uscc,
    },
  }));
}

/** The rows that a stage writes, all in one transaction of the bureau. */
export const performStage: Readonly<Record<Stage, (facts: StageFacts) => RowChange[]>> = {
  'supplement-notice': ({ record, random, at }) => {
    const no = nextNo(record.children.supplements, 'supplement_no');
    const [reason, list] = random.pick(supplementReasons);
    const values: Row = {
      supplement_no: String(no), notice_no: `益国土补字〔${at.slice(0, 4)}〕${shortNo(record).slice(-6)}-${no}号`,
      notified_at: at, notified_by: random.pick(clerks.window), reason, material_list: list,
    };
    return [{ operation: 'insert', table: 'supplements', key: String(no), values }];
  },
  'supplement-received': ({ record, random, at }) => {
    const open = record.children.supplements.find((row) => row['received_at'] === null);
    if (open === undefined) throw new Error('no supplement is awaited');
    const no = nextNo(record.children.materials, 'material_no');
    const file = random.chance(0.5) ? makeScan(String(no), `${record.caseNo} material ${no}`, random.int(700, 2_000)) : null;
    const list = open['material_list'] ?? '';
    const material = materialRow(no, list, at, file, false, 1, record.caseNo);
    return [
      { operation: 'update', table: 'supplements', key: String(open['supplement_no']), values: { received_at: at, received_by: random.pick(clerks.window), received_list: list, received_place: bureauOrg.place } },
      { operation: 'insert', table: 'materials', key: String(no), values: material, ...(file === null ? {} : { file }) },
    ];
  },
  accept: ({ record, catalogue, random, at }) => {
    const limit = limitAt(catalogue, String(record.case['item_code']), at.slice(0, 10));
    return [setCase({
      status: 'ACCEPTED', accept_org: bureauOrg.name, accept_org_uscc: bureauOrg.uscc, accepted_at: at, accepted_by: random.pick(clerks.window),
      accept_doc_no: `益国土受字〔${at.slice(0, 4)}〕${shortNo(record).slice(-6)}号`,
      statutory_limit: limit.statutoryLimit, statutory_unit: limit.statutoryUnit,
      committed_limit: limit.committedLimit, committed_unit: limit.committedUnit, query_password: random.digits(6),
    })];
  },
  refuse: ({ random, at }) => [setCase({
    status: 'REFUSED', accept_org: bureauOrg.name, accept_org_uscc: bureauOrg.uscc, refused_at: at, refused_by: random.pick(clerks.window),
    refuse_reason: random.pick(['申请事项依法不属于本机关职权范围', '逾期未补正申请材料', '土地权属存在争议,尚未解决', '该宗地已被人民法院依法查封']),
  })],
  'step-open': ({ record, random, at }) => {
    const stage = nextStep(record);
    if (stage === null) throw new Error('no step is left');
    const no = nextNo(record.children.steps, 'step_no');
    const [handler, post] = random.pick<readonly [string, string]>(clerks[stage]);
    const values: Row = {
      step_no: String(no), stage, step_name: stepNames[stage], handler, handler_post: post, org: bureauOrg.name,
      org_uscc: bureauOrg.uscc, started_at: at, step_status: 'TODO',
    };
    const open: RowChange = { operation: 'insert', table: 'steps', key: String(no), values };
    return record.case['status'] === 'HANDLING' ? [open] : [open, setCase({ status: 'HANDLING' })];
  },
  'step-done': ({ record, random, at }) => {
    const open = record.children.steps.find((row) => row['step_status'] === 'TODO');
    if (open === undefined) throw new Error('no step is open');
    const stage = open['stage'] as StepStage;
    const returned = stage === 'SH' && record.children.steps.length === 2 && random.chance(0.04);
    const opinion = returned ? '界址点成果与调查表不一致,退回承办人核实。' : random.pick<string>(opinions[stage]);
    return [{ operation: 'update', table: 'steps', key: String(open['step_no']), values: { action: returned ? 'RETURN' : 'PASS', opinion, ended_at: at, step_status: 'DONE' } }];
  },
  'special-start': ({ record, random, at }) => {
    const no = nextNo(record.children.specials, 'special_no');
    const [kind, kindName, reason, length, unit] = random.pick(specialKinds);
    const values: Row = {
      special_no: String(no), kind, kind_name: kindName, reason, content: `申请启动${kindName}程序,时长${length}${unit === 'W' ? '个工作日' : '日'}`,
      approved_by: random.pick(clerks.PZ)[0], approved_length: String(length), approved_unit: unit,
      notice_no: `益国土告字〔${at.slice(0, 4)}〕${shortNo(record).slice(-6)}-${no}号`, started_at: at, org: bureauOrg.name, org_uscc: bureauOrg.uscc,
    };
    return [{ operation: 'insert', table: 'specials', key: String(no), values }];
  },
  'special-end': ({ record, random, at }) => {
    const open = record.children.specials.find((row) => row['ended_at'] === null);
    if (open === undefined) throw new Error('no special procedure is open');
    const values: Row = { ended_at: at, result: `${open['kind_name'] ?? '特别程序'}结束,继续办理`, handled_by: random.pick(clerks.SH)[0] };
    return [{ operation: 'update', table: 'specials', key: String(open['special_no']), values }];
  },
  charge: ({ record, at }) => {
    const { rows, total } = composeCharges(record, at);
    const inserts = rows.map((values): RowChange => ({ operation: 'insert', table: 'charges', key: values['charge_no'] ?? null, values }));
    return [...inserts, setCase({ is_charged: total === '0.00' ? '0' : '1', charge_total: total })];
  },
  close: (facts) => {
    const [code, text] = facts.random.weighted([
      [['PASS', '准予办理,已按规定制发结果文书'], 90],
      [['DENY', '经审查不符合法定条件,不予批准'], 5],
      [['RETURN', '申请人主动放弃,予以退件'], 3],
      [['OTHER', '与其他申请合并办理'], 2],
    ] as const);
    const values: Row = { status: 'CLOSED', closed_at: facts.at, closed_by: facts.random.pick(clerks.window), result_code: code, result_text: text };
    const atOnce = code === 'PASS' && facts.random.chance(0.75);
    return [setCase(values), ...(atOnce ? composeCertificates(facts) : [])];
  },
  certify: composeCertificates,
  pickup: ({ record, random, at }) => {
    const principal = record.children.applicants[0];
    const person = principal?.['kind'] === 'P';
    const method = random.weighted([['W', 75], ['Y', 20], ['Z', 5]]);
    const no = nextNo(record.children.pickups, 'pickup_no');
    const values: Row = {
      pickup_no: String(no), picked_by: (person ? principal['name'] : principal?.['legal_person']) ?? null,
      cert_kind: principal?.['cert_kind'] ?? null, cert_no: principal?.['cert_no'] ?? null, method, picked_at: at,
      express_no: method === 'Y' ? `EX${random.digits(11)}` : null,
    };
    return [{ operation: 'insert', table: 'pickups', key: String(no), values }];
  },
  withdraw: ({ record, at }) => [setCase({
    status: 'WITHDRAWN', withdrawn_at: at,
    ...(record.case['accepted_at'] === null ? {} : { closed_at: at, closed_by: clerks.window[0], result_code: 'RETURN', result_text: '申请人书面撤回申请' }),
  })],
  void: ({ at }) => [setCase({ status: 'VOID', closed_at: at, closed_by: clerks.window[0], result_code: 'VOID', result_text: '重复录入,予以作废' })],
};
