import { isCalendarDate } from './format-datetime.js';

/** What is wrong with an identifier. `expected` never repeats the identifier itself: it may be personal. */
export interface IdentifierFault {
  readonly rule: 'layout' | 'check-digit' | 'birth-date';
  readonly expected: string;
}

const layout = (expected: string): IdentifierFault => ({ rule: 'layout', expected });

const identityWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const identityChecks = '10X98765432';

/**
 * 居民身份证号码, GB 11643-1999: 17 digits and a check digit, with a birth date that exists. The 15-digit number of before
 * 1999 has no check digit and still stands in old land cases: accepted where its birth date exists.
 */
export function checkIdentityNumber(text: string): IdentifierFault | undefined {
  const legacy = /^[1-9]\d{5}(\d\d)(\d\d)(\d\d)\d{3}$/.exec(text);
  if (legacy) return isCalendarDate(1900 + Number(legacy[1]), Number(legacy[2]), Number(legacy[3])) ? undefined : birthDate;
  const m = /^[1-9]\d{5}((?:18|19|20)\d\d)(\d\d)(\d\d)\d{3}[\dX]$/.exec(text);
  if (!m) return layout('18 characters (17 digits and a digit or capital X), or 15 digits of the old kind');
  if (!isCalendarDate(Number(m[1]), Number(m[2]), Number(m[3]))) return birthDate;
  let sum = 0;
  for (let i = 0; i < 17; i += 1) sum += (text.charCodeAt(i) - 48) * identityWeights[i]!;
  return text[17] === identityChecks[sum % 11] ? undefined : { rule: 'check-digit', expected: 'a last character that fits the other 17 (GB 11643)' };
}
const birthDate: IdentifierFault = { rule: 'birth-date', expected: 'a birth date that exists in positions 7 to 14' };

const creditAlphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const creditWeights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/** 统一社会信用代码, GB 32100-2015: 18 characters without I, O, S, V, Z, the last a check character modulo 31. */
export function checkCreditCode(text: string): IdentifierFault | undefined {
  if (!/^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$/.test(text)) {
    return layout('18 characters: digits and capital letters without I, O, S, V, Z, with a division of 6 digits in positions 3 to 8');
  }
  let sum = 0;
  for (let i = 0; i < 17; i += 1) sum += creditAlphabet.indexOf(text[i]!) * creditWeights[i]!;
  const check = creditAlphabet[(31 - (sum % 31)) % 31];
  return text[17] === check ? undefined : { rule: 'check-digit', expected: 'a last character that fits the other 17 (GB 32100)' };
}

const organisationWeights = [3, 7, 9, 10, 5, 8, 4, 2];

/** 组织机构代码, GB 11714-1997: 8 digits or capitals and a check character, with or without the hyphen before it. */
export function checkOrganisationCode(text: string): IdentifierFault | undefined {
  const m = /^([0-9A-Z]{8})-?([\dX])$/.exec(text);
  if (!m) return layout('8 digits or capital letters and a check character, with or without a hyphen before it');
  let sum = 0;
  for (let i = 0; i < 8; i += 1) {
    const code = m[1]!.charCodeAt(i);
    sum += (code < 58 ? code - 48 : code - 55) * organisationWeights[i]!;
  }
  const rest = 11 - (sum % 11);
  const check = rest === 10 ? 'X' : rest === 11 ? '0' : String(rest);
  return m[2] === check ? undefined : { rule: 'check-digit', expected: 'a last character that fits the other 8 (GB 11714)' };
}

/**
 * 不动产单元代码, layout of GB/T 37346-2019: division 6, zone 3, sub-zone 3, parcel feature 2, parcel 5, fixture feature 1,
 * fixture 8. It has no check digit.
 */
export function checkUnitCode(text: string): IdentifierFault | undefined {
  if (/^\d{12}[GJZ][ABCDEFGHSWXY]\d{5}[FLQW]\d{8}$/.test(text)) return undefined;
  return layout('28 characters: 12 digits, parcel feature of two letters, 5 digits, one of F L Q W, 8 digits (GB/T 37346)');
}

/** 缴款码: a number of digits, 20 on the general payment notice; older layouts have 30. */
export function checkPaymentCode(text: string, digits = 20): IdentifierFault | undefined {
  return text.length === digits && /^\d+$/.test(text) ? undefined : layout(`${digits} digits`);
}

/**
 * Kinds of certificate whose numbers can be checked, by the bureau's code or the code of GA/T 2000.156. Numbers of other
 * kinds (passport, household register, officer's card, OTHER) have no public check and pass.
 */
const certificateChecks: Readonly<Record<string, (text: string) => IdentifierFault | undefined>> = {
  SFZ: checkIdentityNumber,
  '111': checkIdentityNumber,
  USCC: checkCreditCode,
  OLDORG: checkOrganisationCode,
};

/** The number of a certificate by its kind; a kind without a public check passes. */
export function checkCertificateNumber(kind: string | null, text: string): IdentifierFault | undefined {
  return certificateChecks[kind?.trim() ?? '']?.(text);
}

/**
 * Whether a name looks damaged: U+FFFD, a private-use character, or a question mark where code page 936 lost a character
 * when the bureau's row was written.
 */
export function looksDamaged(name: string): boolean {
  return /[?\uFFFD\u{E000}-\u{F8FF}\u{F0000}-\u{10FFFD}]/u.test(name);
}
