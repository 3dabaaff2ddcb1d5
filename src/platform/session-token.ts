import { createHash } from 'node:crypto';

/** What the ledger keeps of a session's token. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');
/** Derived from the session's token: who can read the one has the other, and nothing more has to be kept. */
export const csrfOf = (token: string): string => createHash('sha256').update(`csrf ${token}`).digest('base64url');
/** IPv4 that arrived over IPv6 is IPv4. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');
