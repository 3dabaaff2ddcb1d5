import {
  checkCertificateNumber,
  checkCreditCode,
  checkIdentityNumber,
  checkOrganisationCode,
  checkPaymentCode,
  checkUnitCode,
  looksDamaged,
} from '../domain/check-identifiers.js';
import { parsePath, type SourcePath } from '../domain/source-path.js';
import type { CompiledCheck } from './compiled-mapping.js';

type Judge = CompiledCheck['judge'];

/** Checks that need nothing but the value. */
const plainChecks: Readonly<Record<string, Judge>> = {
  'identity-number': checkIdentityNumber,
  uscc: checkCreditCode,
  'organisation-code': checkOrganisationCode,
  'unit-code': checkUnitCode,
  'payment-code': (value) => checkPaymentCode(value),
  'name-quality': (value) =>
    looksDamaged(value) ? { rule: 'data-quality', expected: 'a name without question marks and private-use characters, which stand where a character was lost' } : undefined,
};

/** Column of the kind beside a certificate number, where the mapping does not name it. */
const kindColumn = 'cert_kind';

/**
 * A check as the mapping writes it: `uscc`, `payment-code:30`, `certificate-number:each.cert_kind`. A bare
 * `certificate-number` reads `cert_kind` of the same row. A text says what was expected where the mapping is wrong.
 */
export function compileCheck(use: string, from: SourcePath | undefined): CompiledCheck | string {
  const colon = use.indexOf(':');
  const name = colon < 0 ? use : use.slice(0, colon);
  const argument = colon < 0 ? undefined : use.slice(colon + 1);
  if (name === 'certificate-number') {
    const reads = argument === undefined ? from && { ...from, column: kindColumn } : parsePath(argument);
    if (!reads) return 'certificate-number:<source path of the kind>';
    return { name, reads, judge: (value, kind) => checkCertificateNumber(kind, value) };
  }
  if (name === 'payment-code' && argument !== undefined) {
    if (!/^[1-9]\d?$/.test(argument)) return 'payment-code:<number of digits>';
    return { name, judge: (value) => checkPaymentCode(value, Number(argument)) };
  }
  const judge = Object.hasOwn(plainChecks, name) ? plainChecks[name] : undefined;
  if (!judge || argument !== undefined) return `one of the checks ${Object.keys(plainChecks).join(', ')}, certificate-number`;
  return { name, judge };
}
