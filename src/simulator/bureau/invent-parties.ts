import type { Row } from '../../domain/snapshot.js';
import { divisions, inventIdentityNumber, inventMobile, inventUscc } from './make-identifiers.js';
import type { Random } from './make-random.js';

/** Invented people, enterprises and places. Given names are drawn from plants and stones, not from anybody's papers. */

const surnames = [...'陈李刘王张周黄曾龚夏彭谭贺蔡郭欧熊肖汤邓'];
const givenFirst = [...'禾砚舟菖荻棠槿苇蒲杉楠栎桐芷茗菱萱苓蓼葭'];
const givenSecond = [...'青澄石岩泉溪汀洲浦屿渚川陵峦岚野原坪圃畦'];
const tradeNames = ['资水禾田', '洞庭苇岸', '桃江楠竹', '梓山青石', '赫山谷雨', '沅上蒲帆', '茶马溪亭', '会龙山居', '碧津渡口', '明清巷里'];
const trades = ['置业', '农业科技', '竹木制品', '食品', '机械制造', '物流', '新材料', '建设投资', '水产', '茶业'];
const roads = ['桃花仑东路', '康富南路', '资江西路', '大桃路', '龙洲南路', '秀峰东路', '迎宾西路', '五一西路', '长春东路', '关濑路'];
const organs = ['自来水事业管理所', '第十九中学筹建处', '公共交通站场管理所', '环境卫生所', '体育场馆管理中心', '档案馆'];
const banks = ['益阳禾石农村商业银行股份有限公司', '资水村镇银行股份有限公司', '洞庭信用合作联社'];

/** The bureau itself, with an invented credit code. */
export const bureauOrg = { name: '益阳市国土资源局', uscc: '11430900YY000001XY', place: '益阳市政务中心国土资源窗口' } as const;

/** Clerks of the bureau with their posts, by step. */
export const clerks = {
  window: ['夏芷汀', '龚苇洲', '蔡茗溪'],
  CB: [['谭栎石', '科员'], ['汤菖泉', '科员'], ['肖楠川', '副主任科员']],
  SH: [['彭砚岩', '科长'], ['邓桐陵', '副科长']],
  PZ: [['欧荻峦', '副局长'], ['熊槿野', '总工程师']],
} as const;

/** Name of a person, three characters. */
export function inventPersonName(random: Random): string {
  return random.pick(surnames) + random.pick(givenFirst) + random.pick(givenSecond);
}

/** A street address in a division of Yiyang. */
export function inventAddress(random: Random, divisionCode: string): string {
  const division = divisions.find(([entry]) => entry.code === divisionCode)?.[0].name ?? '赫山区';
  return `湖南省益阳市${division}${random.pick(roads)}${random.int(1, 688)}号${random.chance(0.5) ? `${random.int(1, 30)}栋${random.int(101, 2804)}室` : ''}`;
}

/** Row of `land_applicant`. Kinds other than P carry a credit code and a legal person. */
export function inventApplicant(
  random: Random,
  facts: { readonly no: number; readonly role: string; readonly kind: string; readonly division: string; readonly share: string | null },
): Row {
  const person = facts.kind === 'P';
  const registry = { E: '91', I: '12', S: '51', G: '11' }[facts.kind] ?? '91';
  const name = person
    ? inventPersonName(random)
    : facts.kind === 'E'
      ? `益阳${random.pick(tradeNames)}${random.pick(trades)}有限公司`
      : `益阳市${random.pick(organs)}`;
  return {
    applicant_no: String(facts.no),
    role: facts.role,
    kind: facts.kind,
    name,
    cert_kind: person ? 'SFZ' : 'USCC',
    cert_no: person ? inventIdentityNumber(random) : inventUscc(random, registry),
    legal_person: person ? null : inventPersonName(random),
    phone: inventMobile(random),
    postcode: '413000',
    address: inventAddress(random, facts.division),
    email: random.chance(0.2) ? `case${random.digits(6)}@example.com` : null,
    share: facts.share,
  };
}

/** Name of a lender, for mortgages. */
export function inventBank(random: Random): string {
  return random.pick(banks);
}
