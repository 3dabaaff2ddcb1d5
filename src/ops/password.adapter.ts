import { hash, verify } from '@node-rs/argon2';
import { randomBytes, randomInt } from 'node:crypto';

/** Argon2id with 19 MiB and two passes, as OWASP recommends; the algorithm is the library's default. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Letters and digits that nobody mistakes for one another. */
const signs = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

export const hashPassword = (password: string): Promise<string> => hash(password, cost);

let nobody: Promise<string> | undefined;

/** Whether the password is right; takes as long for a user that does not exist. */
export async function passwordFits(stored: string | undefined, password: string): Promise<boolean> {
  nobody ??= hashPassword(randomBytes(16).toString('hex'));
  const fits = await verify(stored ?? (await nobody), password);
  return stored !== undefined && fits;
}

/** A password for the first login: 20 signs, more than 110 bits. */
export const oneTimePassword = (): string => Array.from({ length: 20 }, () => signs[randomInt(signs.length)]).join('');

export const newToken = (): string => randomBytes(32).toString('base64url');
