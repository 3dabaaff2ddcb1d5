import type { Row } from '../../domain/snapshot.js';
import type { CaseRecord } from './case-record.js';

const registrationItems = new Set(['DJ01', 'DJ05', 'DJ06', 'DJ07', 'DJ09', 'DJ16', 'DJ17']);
const priceItems: Readonly<Record<string, string>> = { DC03: '契税,印花税', DC04: '契税,印花税', DC13: '契税,印花税', JY02: '契税,印花税', JY11: '契税' };
const transferTaxes = '增值税,土地增值税,契税,印花税';
const registrationBasis = '发改价格规〔2016〕2559号';

interface Line {
  readonly code: string;
  readonly name: string;
  readonly basis: string;
  readonly standard: string;
  readonly amountFen: bigint;
  readonly exemptReason: string | null;
}

/** Whether the item of the case is charged at all. */
export function isChargedItem(itemCode: string | null | undefined): boolean {
  return itemCode !== null && itemCode !== undefined && (registrationItems.has(itemCode) || itemCode in priceItems);
}

function writeYuan(fen: bigint): string {
  return `${fen / 100n}.${String(fen % 100n).padStart(2, '0')}`;
}

function readFen(yuan: string): bigint {
  const [whole = '0', part = ''] = yuan.split('.');
  return BigInt(whole) * 100n + BigInt(part.padEnd(2, '0').slice(0, 2));
}

function chargeLines(record: CaseRecord): Line[] {
  const item = record.case['item_code'] ?? '';
  const parcel = record.children.parcels[0];
  if (registrationItems.has(item)) {
    const home = ['城镇住宅用地', '农村宅基地'].includes(parcel?.['land_use'] ?? '');
    // A fixed share of the enterprises counts as small, so that exemptions occur; the last digit decides.
    const small = record.children.applicants[0]?.['kind'] === 'E' && record.caseNo.endsWith('3');
    const households = record.children.applicants.filter((row) => row['role'] === 'APPLICANT').length;
    const fee: Line = {
      code: home ? 'GT0101' : 'GT0102', name: '不动产登记费', basis: registrationBasis, standard: home ? '住宅80元/件' : '非住宅550元/件',
      amountFen: small ? 0n : home ? 8_000n : 55_000n, exemptReason: small ? '小微企业免收(财税〔2019〕45号)' : null,
    };
    if (households <= 1) return [fee];
    const copies: Line = {
      code: 'GT0103', name: '证书工本费', basis: registrationBasis, standard: '第二本起10元/本',
      amountFen: 1_000n * BigInt(households - 1), exemptReason: null,
    };
    return [fee, copies];
  }
  if (item in priceItems) {
    const areaHundredths = readFen(parcel?.['area_m2'] ?? '0');
    const price: Line = {
      code: 'GT0201', name: '土地出让价款', basis: '国有土地使用权出让合同', standard: '每平方米860.35元',
      amountFen: (areaHundredths * 86_035n) / 100n, exemptReason: null,
    };
    return [price];
  }
  return [];
}

/** Rows of `land_charge` and their total in yuan. An exempt line has amount 0.00 and says why. Payment codes have 20 digits. */
export function composeCharges(record: CaseRecord, at: string): { rows: Row[]; total: string } {
  const item = record.case['item_code'] ?? '';
  const lines = chargeLines(record);
  const serial = record.caseNo.replace(/\D/g, '').slice(-6).padStart(6, '0');
  const rows = lines.map((line, i): Row => ({
    charge_no: String(i + 1),
    fee_item_code: line.code,
    fee_item_name: line.name,
    basis: line.basis,
    standard: line.standard,
    amount: writeYuan(line.amountFen),
    exempt: line.exemptReason === null ? '0' : '1',
    exempt_reason: line.exemptReason,
    payer: record.children.applicants[0]?.['name'] ?? null,
    payment_code: line.amountFen === 0n ? null : `430900${at.slice(2, 10).replaceAll('-', '')}${serial}${String(i + 1).padStart(2, '0')}`,
    tax_kinds: i > 0 ? null : item === 'DJ05' ? transferTaxes : (priceItems[item] ?? null),
  }));
  return { rows, total: writeYuan(lines.reduce((sum, line) => sum + line.amountFen, 0n)) };
}
