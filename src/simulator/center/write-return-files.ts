import iconv from 'iconv-lite';

/** Fee records, tax slips and control totals as the center holds them; amounts in fen, times `YYYYMMDDThhmmss`, days `YYYYMMDD`. */

export type CenterStatus = '1' | '2' | '3';

export interface CenterFee {
  readonly serial: string;
  readonly paymentCode?: string | undefined;
  readonly caseNo?: string | undefined;
  readonly payer?: string | undefined;
  readonly method: string;
  readonly time: string;
  /** 1 paid, 2 reversed, 3 refunded. */
  readonly status: CenterStatus;
  readonly original?: string | undefined;
  readonly items: readonly { readonly code: string; readonly name?: string | undefined; readonly fen: bigint }[];
}

export interface CenterSlip {
  readonly ticketNo: string;
  readonly taxpayerNo: string;
  readonly taxpayerName?: string | undefined;
  /** 征收项目代码 */
  readonly kind: string;
  /** 0 transferor, 1 transferee. */
  readonly party: '0' | '1';
  readonly taxableFen: bigint;
  readonly dueFen: bigint;
  readonly paidFen: bigint;
  readonly time: string;
  readonly status: CenterStatus;
  readonly original?: string | undefined;
}

export interface CenterContract {
  readonly contractNo?: string | undefined;
  readonly caseNo?: string | undefined;
  readonly slips: readonly CenterSlip[];
}

export interface FileHead {
  readonly fileId: string;
  readonly issue: number;
  readonly day: string;
  readonly time: string;
}

/** Counts and sums in the order of the file: paid, reversed, refunded. */
export interface FeeTotals {
  readonly counts: readonly [number, number, number];
  readonly fens: readonly [bigint, bigint, bigint];
}

/** One file of the day as the control file lists it. */
export interface ReturnedFileFacts {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly count: number;
}

const yuan = (fen: bigint): string => `${fen / 100n}.${String(fen % 100n).padStart(2, '0')}`;
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const element = (name: string, value: string | number | undefined): string => (value === undefined ? '' : `<${name}>${escaped(String(value))}</${name}>`);

function document(root: string, kind: string, head: FileHead, party: string, body: string, encoding: 'UTF-8' | 'GB18030'): Buffer {
  const lead = element('WJLX', kind) + element('WJBH', head.fileId) + element('PC', head.issue) + element('KJRQ', head.day) + party + element('SCSJ', head.time);
  return iconv.encode(`<?xml version="1.0" encoding="${encoding}"?>\n<${root}>\n<HEAD>${lead}</HEAD>\n${body}</${root}>\n`, encoding);
}

const sumOf = (fee: CenterFee): bigint => fee.items.reduce((sum, item) => sum + item.fen, 0n);

export function feeTotals(fees: readonly CenterFee[]): FeeTotals {
  const of = (status: CenterStatus): CenterFee[] => fees.filter((f) => f.status === status);
  const groups = [of('1'), of('2'), of('3')] as const;
  const sum = (list: readonly CenterFee[]): bigint => list.reduce((n, f) => n + sumOf(f), 0n);
  return { counts: [groups[0].length, groups[1].length, groups[2].length], fens: [sum(groups[0]), sum(groups[1]), sum(groups[2])] };
}

/** For taxes what was taken back counts together: paid, nothing, refunded and reversed. */
export function taxTotals(contracts: readonly CenterContract[]): FeeTotals {
  const slips = contracts.flatMap((c) => c.slips);
  const paid = slips.filter((s) => s.status === '1');
  const back = slips.filter((s) => s.status !== '1');
  const sum = (list: readonly CenterSlip[]): bigint => list.reduce((n, s) => n + s.paidFen, 0n);
  return { counts: [paid.length, 0, back.length], fens: [sum(paid), 0n, sum(back)] };
}

function totalElements(totals: FeeTotals, withReversed: boolean): string {
  const { counts, fens } = totals;
  return element('BS', counts[0]) + element('JE', yuan(fens[0])) + (withReversed ? element('CZBS', counts[1]) + element('CZJE', yuan(fens[1])) : '') + element('TFBS', counts[2]) + element('TFJE', yuan(fens[2]));
}

export function writeFeeFile(head: FileHead, unitCode: string, fees: readonly CenterFee[], encoding: 'UTF-8' | 'GB18030', totals: FeeTotals = feeTotals(fees)): Buffer {
  const records = fees.map((f) => {
    const items = f.items.map((i) => `<MX>${element('SFXMBM', i.code)}${element('SFXMMC', i.name)}${element('JE', yuan(i.fen))}</MX>`).join('');
    return `<JFJL>${element('JKDH', f.serial)}${element('JKM', f.paymentCode)}${element('BJBH', f.caseNo)}${element('ZXDWBM', unitCode)}${element('FKR', f.payer)}${element('JFFS', f.method)}${element('JFSJ', f.time)}${element('ZT', f.status)}${element('YJKDH', f.original)}${element('JE', yuan(sumOf(f)))}<JFMX>${items}</JFMX></JFJL>\n`;
  });
  return document('JFJLWJ', 'fee-record', head, element('ZXDWBM', unitCode), `<ZS>${totalElements(totals, true)}</ZS>\n${records.join('')}`, encoding);
}

export function writeTaxFile(head: FileHead, authorityCode: string, contracts: readonly CenterContract[], encoding: 'UTF-8' | 'GB18030', totals: FeeTotals = taxTotals(contracts)): Buffer {
  const records = contracts.map((c) => {
    const slips = c.slips.map((s) =>
      `<SP>${element('DZSPHM', s.ticketNo)}${element('NSRSBH', s.taxpayerNo)}${element('NSRMC', s.taxpayerName)}${element('ZSXMDM', s.kind)}${element('SQRLB', s.party)}${element('JSJE', yuan(s.taxableFen))}${element('YNSE', yuan(s.dueFen))}${element('SJSE', yuan(s.paidFen))}${element('JKSJ', s.time)}${element('ZT', s.status)}${element('YDZSPHM', s.original)}</SP>`);
    const total = c.slips.filter((s) => s.status === '1').reduce((n, s) => n + s.paidFen, 0n);
    return `<HT>${element('HTBH', c.contractNo)}${element('BJBH', c.caseNo)}${element('HJSE', yuan(total))}${slips.join('')}</HT>\n`;
  });
  return document('SSJLWJ', 'tax-record', head, element('SWJGDM', authorityCode), `<ZS>${totalElements(totals, false)}</ZS>\n${records.join('')}`, encoding);
}

export function writeControlFile(head: FileHead, fees: FeeTotals, taxes: FeeTotals, files: readonly ReturnedFileFacts[], encoding: 'UTF-8' | 'GB18030'): Buffer {
  const lines = files.map((f) => `<WJ>${element('WJM', f.name)}${element('WJDX', f.size)}${element('SHA256', f.sha256)}${element('BS', f.count)}</WJ>\n`).join('');
  return document('DZKZWJ', 'control', head, '', `<JF>${totalElements(fees, true)}</JF>\n<SS>${totalElements(taxes, false)}</SS>\n<WJLIST>\n${lines}</WJLIST>\n`, encoding);
}
