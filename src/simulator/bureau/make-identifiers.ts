import type { Random } from './make-random.js';

/** Invented identifiers with right check digits. Birth dates lie in 1900..1909, so that none is a living person's. */

const identityWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const organisationWeights = [3, 7, 9, 10, 5, 8, 4, 2];
const usccAlphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const usccWeights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const organisationAlphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

function weigh(text: string, alphabet: string, weights: readonly number[]): number {
  if (text.length !== weights.length) throw new Error(`expected ${weights.length} characters before the check digit`);
  return weights.reduce((sum, weight, i) => {
    const value = alphabet.indexOf(text.charAt(i));
    if (value < 0) throw new Error('a character outside the alphabet of the code');
    return sum + value * weight;
  }, 0);
}

/** Check digit of a resident identity number (GB 11643) from its first 17 digits. */
export function identityCheckDigit(body17: string): string {
  return '10X98765432'.charAt(weigh(body17, '0123456789', identityWeights) % 11);
}

/** Check digit of an organisation code (GB 11714) from its first 8 characters. */
export function organisationCheckDigit(body8: string): string {
  const check = 11 - (weigh(body8, organisationAlphabet, organisationWeights) % 11);
  return check === 10 ? 'X' : check === 11 ? '0' : String(check);
}

/** Check character of a unified social credit code (GB 32100) from its first 17 characters. */
export function usccCheckDigit(body17: string): string {
  return usccAlphabet.charAt((31 - (weigh(body17, usccAlphabet, usccWeights) % 31)) % 31);
}

/** Divisions of Yiyang that the sample bureau serves: code, name, weight. */
export const divisions: readonly (readonly [{ readonly code: string; readonly name: string }, number])[] = [
  [{ code: '430902', name: '资阳区' }, 30],
  [{ code: '430903', name: '赫山区' }, 45],
  [{ code: '430921', name: '南县' }, 5],
  [{ code: '430922', name: '桃江县' }, 8],
  [{ code: '430923', name: '安化县' }, 5],
  [{ code: '430981', name: '沅江市' }, 7],
];

function inventBirthday(random: Random): string {
  return `190${random.int(0, 9)}${String(random.int(1, 12)).padStart(2, '0')}${String(random.int(1, 28)).padStart(2, '0')}`;
}

/** A resident identity number of 18 characters. */
export function inventIdentityNumber(random: Random): string {
  const body = `${random.weighted(divisions).code}${inventBirthday(random)}${random.digits(3)}`;
  return body + identityCheckDigit(body);
}

/** An identity number of the 15-digit kind that old land files hold. */
export function inventOldIdentityNumber(random: Random): string {
  return `${random.weighted(divisions).code}${inventBirthday(random).slice(2)}${random.digits(3)}`;
}

/** An organisation code of 9 characters, from a range that is not given out. */
export function inventOrganisationCode(random: Random): string {
  const body = `YY${random.digits(6)}`;
  return body + organisationCheckDigit(body);
}

/** A unified social credit code; `registry` is its first two characters, e.g. 91 enterprise, 12 institution, 11 organ. */
export function inventUscc(random: Random, registry: string): string {
  const body = `${registry}${random.weighted(divisions).code}${inventOrganisationCode(random)}`;
  return body + usccCheckDigit(body);
}

/** A land unit code (GB/T 37346): division 6, zone 3, sub-zone 3, feature 2, parcel 5, fixture 1 + 8 for land without fixture. */
export function inventUnitCode(random: Random, division: string, collective: boolean): string {
  const zone = String(random.int(1, 20)).padStart(3, '0') + String(random.int(1, 40)).padStart(3, '0');
  const feature = collective ? random.pick(['JC', 'JA']) : 'GB';
  return `${division}${zone}${feature}${random.digits(5)}W00000000`;
}

/** A mobile number of 11 digits in a range used for examples. */
export function inventMobile(random: Random): string {
  return `1380000${random.digits(4)}`;
}
