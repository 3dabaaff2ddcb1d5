import type { Words } from '../domain/inquiry-answer.js';
import { normalizeText } from './normalize-text.js';
import type { ProofKind } from './prove-right.js';

/** A question that can be asked; whether it is answered is another matter. */
export interface Question {
  readonly caseNo: string;
  readonly kind: ProofKind;
  readonly proof: string;
}

const keys = ['case', 'password', 'digits'] as const;
const control = /[\p{Cc}\p{Cs}]/u;

/** Reads a question, or says what was expected. What was given is never said back: it may be somebody's number. */
export function readQuestion(input: Readonly<Record<string, unknown>>, digits: number): Question | Words {
  const expected = { zh: `请提供 case(办件编号)以及 password(查询密码)或 digits(证件号码后${digits}位)之一`, en: `expected case, and one of password and digits (the last ${digits} of the identity number)` };
  const given = Object.keys(input);
  if (given.some((key) => !(keys as readonly string[]).includes(key))) return expected;
  const values = keys.map((key) => input[key]);
  if (values.some((v) => v !== undefined && typeof v !== 'string')) return { zh: `${expected.zh}，每项只能出现一次`, en: `${expected.en}, each of them once and as text` };
  const [caseGiven, password, end] = (values as (string | undefined)[]).map((v) => (v === undefined || v.trim() === '' ? undefined : v));
  if (caseGiven === undefined || (password === undefined) === (end === undefined)) return expected;
  const caseNo = readCaseNo(caseGiven);
  if (caseNo === undefined) return { zh: '办件编号由字母、数字组成，最多50位', en: 'a case number has letters and digits, 50 at the most' };
  if (end !== undefined) {
    const proof = end.length > 200 || control.test(end) ? '' : normalizeText(end);
    if (proof.length !== digits || !/^[0-9A-Z]+$/.test(proof)) return { zh: `请输入证件号码的最后${digits}位（数字或字母）`, en: `expected the last ${digits} characters of the identity number, digits or letters` };
    return { caseNo, kind: 'identity', proof };
  }
  const proof = password!.length > 200 || control.test(password!) ? '' : normalizeText(password!);
  if (proof === '' || proof.length > 50) return { zh: '查询密码为1至50位', en: 'a query password has 1 to 50 characters' };
  return { caseNo, kind: 'password', proof };
}

/** A case number as it is compared; undefined for what cannot be one. */
export function readCaseNo(text: string): string | undefined {
  if (text.length > 200 || control.test(text)) return undefined;
  const caseNo = normalizeText(text);
  return /^[\p{L}\p{N}_\-/.()[\]〔〕]{1,50}$/u.test(caseNo) ? caseNo : undefined;
}
