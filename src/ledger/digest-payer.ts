import { createHash } from 'node:crypto';
import { normalizePayer } from '../domain/normalize-payer.js';

/** What payers are compared by: 32 hexadecimal digits, so that neither collations nor names play a part. Undefined for nobody. */
export function digestPayer(name: string | null | undefined): string | undefined {
  const plain = normalizePayer(name);
  return plain === undefined ? undefined : createHash('sha256').update(plain).digest('hex').slice(0, 32);
}
