import { makeRandom, seedOf, type Random } from '../bureau/make-random.js';
import type { CenterContract, CenterFee, CenterSlip } from './write-return-files.js';

/** A charge as the payment system knows it; the same facts that the bureau put under the payment code. */
export interface HeldCharge {
  readonly chargeNo: string;
  readonly feeItemCode: string;
  readonly feeItemName: string;
  readonly amountFen: bigint;
  readonly payer?: string | undefined;
  readonly paymentCode?: string | undefined;
  /** Names of taxes due for the case; on its first charge. */
  readonly taxKinds: readonly string[];
}

export interface HeldCase {
  readonly caseNo: string;
  readonly charges: readonly HeldCharge[];
}

/** What the center's books may hold otherwise than the bureau's. */
export const differenceKinds = [
  'missing', 'over', 'short', 'duplicate', 'reversed', 'refunded', 'wrong-payer', 'split', 'split-incomplete', 'cut-off', 'unknown-case', 'exempt-charged', 'tax-slip-missing', 'tax-refunded',
] as const;
export type DifferenceKind = (typeof differenceKinds)[number];
export type DifferenceRates = Readonly<Partial<Record<DifferenceKind, number>>>;

/** A difference that was put in on purpose: on which case, and the number that shows it where there is one. */
export interface Planted {
  readonly kind: DifferenceKind;
  readonly caseNo: string;
  readonly chargeNo?: string | undefined;
  readonly serial?: string | undefined;
}

/** What comes of a case: today, and what belongs to a later accounting day. */
export interface ComposedReturns {
  readonly fees: readonly CenterFee[];
  readonly contracts: readonly CenterContract[];
  readonly laterFees: readonly CenterFee[];
  readonly laterContracts: readonly CenterContract[];
  readonly planted: readonly Planted[];
}

const taxes: Readonly<Record<string, { readonly code: string; readonly parties: readonly ('0' | '1')[]; readonly perMille: bigint }>> = {
  契税: { code: '10119', parties: ['1'], perMille: 30n },
  印花税: { code: '10111', parties: ['0', '1'], perMille: 1n },
  增值税: { code: '10101', parties: ['0'], perMille: 50n },
  土地增值税: { code: '10113', parties: ['0'], perMille: 300n },
  个人所得税: { code: '10106', parties: ['0'], perMille: 10n },
};

/**
 * What the payers of a case paid on a day `YYYYMMDD`, with differences by the given rates. The same seed and case give the same
 * whatever other cases there are. Rates are 0..1; at most one difference a case. In a transfer both parties pay stamp duty.
 */
export function composeReturns(held: HeldCase, day: string, seed: number, rates: DifferenceRates): ComposedReturns {
  const random = makeRandom(seedOf(seed, [...held.caseNo].reduce((n, c) => (Math.imul(n, 31) + c.charCodeAt(0)) >>> 0, 7)));
  const out = { fees: [] as CenterFee[], contracts: [] as CenterContract[], laterFees: [] as CenterFee[], laterContracts: [] as CenterContract[], planted: [] as Planted[] };
  const payable = held.charges.filter((c) => c.amountFen > 0n);
  const chosen = choose(random, rates, { fees: payable.length > 0, exempt: held.charges.some((c) => c.amountFen === 0n), taxes: held.charges.some((c) => c.taxKinds.length > 0) });
  const target = payable[0];
  let n = 0;
  const serial = (): string => `JK${day}${held.caseNo.replace(/\W/g, '').slice(-24)}${String(++n).padStart(2, '0')}`;
  const plant = (more: Omit<Planted, 'kind' | 'caseNo'> = {}): void => void (chosen && out.planted.push({ kind: chosen, caseNo: held.caseNo, ...more }));

  for (const charge of payable) {
    const pay = (more: Partial<CenterFee> & { fen?: bigint } = {}): CenterFee => {
      const { fen = charge.amountFen, ...rest } = more;
      return {
        serial: serial(), paymentCode: charge.paymentCode, caseNo: held.caseNo, payer: charge.payer, method: random.pick(['1', '2', '3', '4', '5']), time: timeOn(day, random), status: '1',
        items: [{ code: charge.feeItemCode, name: charge.feeItemName, fen }], ...rest,
      };
    };
    const first = pay();
    const back = (status: '2' | '3', serialNo: string): CenterFee => ({ ...first, serial: serialNo, status, original: first.serial });
    const tenth = charge.amountFen / 10n > 0n ? charge.amountFen / 10n : 1n;
    const note = (): void => plant({ chargeNo: charge.chargeNo, serial: first.serial });
    switch (charge === target ? chosen : undefined) {
      case 'missing':
        plant({ chargeNo: charge.chargeNo });
        break;
      case 'over':
      case 'short':
        out.fees.push({ ...first, items: [{ ...first.items[0]!, fen: charge.amountFen + (chosen === 'over' ? tenth : -tenth) }] });
        note();
        break;
      case 'duplicate':
        out.fees.push(first, pay({ method: '4' }));
        note();
        break;
      case 'reversed':
        out.fees.push(first, back('2', first.serial));
        note();
        break;
      case 'refunded':
        out.fees.push(first);
        out.laterFees.push(back('3', `TF${first.serial.slice(2)}`));
        note();
        break;
      case 'wrong-payer':
        out.fees.push({ ...first, payer: '他人代缴样例' });
        note();
        break;
      case 'split':
      case 'split-incomplete': {
        const half = charge.amountFen / 2n;
        out.fees.push({ ...first, items: [{ ...first.items[0]!, fen: half }] });
        if (chosen === 'split') out.fees.push(pay({ fen: charge.amountFen - half }));
        note();
        break;
      }
      case 'cut-off':
        out.laterFees.push({ ...first, time: `${day}T235${random.int(0, 9)}${random.int(10, 59)}` });
        note();
        break;
      default:
        out.fees.push(first);
    }
  }
  if (chosen === 'unknown-case') {
    const stray = serial();
    out.fees.push({ serial: stray, caseNo: `X${held.caseNo}`.slice(0, 40), payer: '来历不明样例', method: '3', time: timeOn(day, random), status: '1', items: [{ code: 'GT0101', name: '不动产登记费', fen: 8_000n }] });
    plant({ serial: stray });
  }
  const exempt = held.charges.find((c) => c.amountFen === 0n);
  if (chosen === 'exempt-charged' && exempt) {
    const charged = serial();
    out.fees.push({ serial: charged, caseNo: held.caseNo, payer: exempt.payer, method: '1', time: timeOn(day, random), status: '1', items: [{ code: exempt.feeItemCode, name: exempt.feeItemName, fen: 55_000n }] });
    plant({ chargeNo: exempt.chargeNo, serial: charged });
  }
  composeTaxes(held, day, random, chosen, out, plant);
  return out;
}

function composeTaxes(held: HeldCase, day: string, random: Random, chosen: DifferenceKind | undefined, out: { contracts: CenterContract[]; laterContracts: CenterContract[] }, plant: (more: Omit<Planted, 'kind' | 'caseNo'>) => void): void {
  const kinds = [...new Set(held.charges.flatMap((c) => c.taxKinds))];
  if (kinds.length === 0) return;
  const transfer = kinds.includes('增值税');
  const contractNo = `HT-${held.caseNo}`.slice(0, 60);
  const taxableFen = BigInt(random.int(50_000, 900_000)) * 10_000n;
  const slips: CenterSlip[] = [];
  for (const kind of kinds) {
    const rule = taxes[kind];
    for (const party of rule?.parties ?? []) {
      if (!rule || (party === '0' && !transfer)) continue;
      const dueFen = (taxableFen * rule.perMille) / 1_000n;
      slips.push({
        ticketNo: `3430${day.slice(2)}${random.digits(8)}`, taxpayerNo: `43090000SAMPLE${random.digits(4)}`, taxpayerName: party === '1' ? held.charges[0]?.payer : '转让方样例', kind: rule.code, party,
        taxableFen, dueFen, paidFen: dueFen, time: timeOn(day, random), status: '1',
      });
    }
  }
  const last = slips.at(-1);
  if (chosen === 'tax-slip-missing' && last) {
    slips.pop();
    plant({ serial: last.ticketNo });
  }
  if (chosen === 'tax-refunded' && last) {
    out.laterContracts.push({ contractNo, caseNo: held.caseNo, slips: [{ ...last, status: '3', original: last.ticketNo }] });
    plant({ serial: last.ticketNo });
  }
  if (slips.length > 0) out.contracts.push({ contractNo, caseNo: held.caseNo, slips });
}

function choose(random: Random, rates: DifferenceRates, has: { fees: boolean; exempt: boolean; taxes: boolean }): DifferenceKind | undefined {
  let rest = random.next();
  for (const kind of differenceKinds) {
    rest -= rates[kind] ?? 0;
    if (rest >= 0) continue;
    const fits = kind === 'exempt-charged' ? has.exempt : kind.startsWith('tax-') ? has.taxes : has.fees;
    return fits ? kind : undefined;
  }
  return undefined;
}

const timeOn = (day: string, random: Random): string => `${day}T${String(random.int(8, 17)).padStart(2, '0')}${String(random.int(0, 59)).padStart(2, '0')}${String(random.int(0, 59)).padStart(2, '0')}`;
