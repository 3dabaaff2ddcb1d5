import type { Row } from '../../domain/snapshot.js';
import { completeRow } from './apply-changes.js';
import { bureauTables, childNames, type ChildName } from './bureau-tables.js';
import type { CaseRecord, MaterialFile } from './case-record.js';
import { bureauOrg, inventApplicant, inventBank } from './invent-parties.js';
import { divisions, inventUnitCode } from './make-identifiers.js';
import type { Random } from './make-random.js';
import { makeScan } from './make-scan.js';
import { itemOf, type Catalogue, type LandItem } from './read-catalogue.js';
import { shiftYears } from './shift-time.js';

/** Facts of an application that are not left to chance. */
export interface ApplicationFacts {
  readonly caseNo: string;
  readonly itemCode: string;
  readonly appliedAt: string;
  readonly applicants: number;
  readonly materials: number;
  /** How many of the materials are scanned; the rest is paper only. */
  readonly scans: number;
  readonly handledOffline: boolean;
}

const landUses = ['城镇住宅用地', '商服用地', '工业用地', '仓储用地', '科教用地', '农村宅基地'];
const transferItems = new Set(['DJ05', 'JY01', 'JY02', 'JY07', 'JY08']);
const mortgageItems = new Set(['DJ07', 'DJ08', 'DJ09']);
const collectiveItems = new Set(['DC09', 'DC10', 'DC11', 'DJ02', 'DJ03', 'DJ04']);
const materialNames = [
  '土地登记申请书', '申请人身份证明', '土地权属来源证明', '宗地图及界址坐标成果表', '地籍调查表', '授权委托书', '国有土地使用证原件',
  '完税或者减免税凭证', '土地出让价款缴纳凭证', '抵押合同', '主债权合同', '法人营业执照副本', '规划许可证明', '评估报告',
];

function roleOf(no: number, count: number, item: LandItem, agent: boolean): string {
  // The households of a case of many stand side by side.
  if (no === 1 || count > 3) return 'APPLICANT';
  if (agent && no === count) return 'AGENT';
  if (transferItems.has(item.itemCode)) return no === 2 ? 'TRANSFEROR' : 'TRANSFEREE';
  return 'APPLICANT';
}

/** A case on the day it is applied for, with applicants, parcels and materials. */
export function composeApplication(catalogue: Catalogue, facts: ApplicationFacts, random: Random): CaseRecord {
  const item = itemOf(catalogue, facts.itemCode);
  const division = random.weighted(divisions);
  const collective = collectiveItems.has(item.itemCode);
  const principalKind = collective ? 'P' : random.weighted([['P', 55], ['E', 35], ['I', 5], ['S', 1], ['G', 3], ['O', 1]]);
  const agent = facts.applicants > 1 && facts.applicants <= 3 && random.chance(0.4);
  const applicants = Array.from({ length: facts.applicants }, (_, i) => {
    const role = roleOf(i + 1, facts.applicants, item, agent);
    const kind = i === 0 ? principalKind : role === 'AGENT' || facts.applicants > 3 ? 'P' : random.pick(['P', 'E']);
    const share = facts.applicants > 3 ? `${facts.applicants}分之1` : facts.applicants > 1 && role === 'APPLICANT' ? '共同共有' : null;
    return inventApplicant(random, { no: i + 1, role, kind, division: division.code, share });
  });
  const use = collective ? '农村宅基地' : random.pick(landUses);
  const parcels = Array.from({ length: random.weighted([[1, 90], [2, 8], [3, 2]]) }, (_, i): Row => ({
    parcel_no: String(i + 1),
    unit_code: inventUnitCode(random, division.code, collective),
    location: `益阳市${division.name}${random.pick(['汽车路', '金山路', '鹿角园', '紫竹路', '团洲'])}${random.int(1, 300)}号地块`,
    land_use: use,
    area_m2: `${random.int(60, 48_000)}.${random.digits(2)}`,
    right_kind: collective ? '集体土地使用权' : random.pick(['出让', '划拨']),
    right_end: collective ? null : shiftYears(facts.appliedAt, random.pick([40, 50, 70])),
    mortgage_amount: mortgageItems.has(item.itemCode) ? `${random.int(20, 9_000)}0000.00` : null,
  }));
  const online = random.weighted([['W', 78], ['N', 14], ['Z', 4], ['Y', 4]]);
  const { rows, files } = composeMaterials(facts, online, random);
  const principal = String(applicants[0]?.['name']);
  const crowd = facts.applicants > 3 ? `等${facts.applicants}户` : '';
  const lender = mortgageItems.has(item.itemCode) ? `(抵押权人:${inventBank(random)})` : '';
  const root: Row = {
    case_no: facts.caseNo,
    item_code: item.itemCode,
    item_name: item.itemName,
    section: item.section,
    case_kind: item.caseKind,
    project_name: `${principal}${crowd}${item.itemName}${lender}`,
    apply_source: facts.handledOffline ? 'W' : online,
    applied_at: facts.appliedAt,
    applied_place: bureauOrg.place,
    division_code: division.code,
    status: 'APPLIED',
    is_charged: '0',
    handled_offline: facts.handledOffline ? '1' : '0',
    investment_project_no: item.section === '地产' && random.chance(0.5) ? `${facts.appliedAt.slice(0, 4)}-${division.code}-47-01-${random.digits(6)}` : null,
    remark: facts.handledOffline ? '特急件,经批准手工办理,事后网上补录' : null,
  };
  const empty = Object.fromEntries(childNames.map((child) => [child, []])) as unknown as Record<ChildName, readonly Row[]>;
  return {
    caseNo: facts.caseNo,
    case: completeRow(root, bureauTables.case.columns),
    children: { ...empty, applicants, parcels, materials: rows },
    files,
    at: facts.appliedAt,
    awkward: null,
  };
}

function composeMaterials(facts: ApplicationFacts, source: string, random: Random): { rows: Row[]; files: MaterialFile[] } {
  const rows: Row[] = [];
  const files: MaterialFile[] = [];
  for (let no = 1; no <= facts.materials; no += 1) {
    const scanned = no <= facts.scans;
    const file = scanned ? makeScan(String(no), `${facts.caseNo} material ${no}`, random.int(700, 2_600)) : null;
    if (file !== null) files.push(file);
    rows.push(materialRow(no, materialNames[(no - 1) % materialNames.length] ?? '其他材料', facts.appliedAt, file, source === 'N', random.int(1, 3), facts.caseNo));
  }
  return { rows, files };
}

/** Row of `land_material`, with the signature of its scan if it has one. */
export function materialRow(no: number, name: string, at: string, file: MaterialFile | null, electronic: boolean, copies: number, caseNo: string): Row {
  return {
    material_no: String(no),
    name,
    is_received: '1',
    medium: electronic ? 'D' : 'Z',
    form: electronic ? 'D' : no % 3 === 0 ? 'F' : 'Y',
    copies: String(copies),
    received_at: at,
    file_name: file === null ? null : `${caseNo}-${String(no).padStart(2, '0')}.pdf`,
    file_md5: file?.md5 ?? null,
    file_size: file === null ? null : String(file.content.length),
  };
}
