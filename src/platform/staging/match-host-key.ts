import { createHash } from 'node:crypto';

/** What a server's host key is and whether it is one of the pinned ones. */
export interface HostKeyMatch {
  readonly matches: boolean;
  /** As OpenSSH prints it: SHA256: and base64 without padding. */
  readonly fingerprint: string;
  /** E.g. ssh-ed25519. */
  readonly type: string;
}

/** Compares a host key blob (RFC 4253, 6.6) with pins such as `SHA256:<43 characters>`. */
export function matchHostKey(key: Buffer, pins: string | readonly string[]): HostKeyMatch {
  const fingerprint = `SHA256:${withoutPadding(createHash('sha256').update(key).digest('base64'))}`;
  const wanted = typeof pins === 'string' ? [pins] : pins;
  const typeLength = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return {
    matches: wanted.some((pin) => withoutPadding(pin) === fingerprint),
    fingerprint,
    type: key.toString('latin1', 4, 4 + Math.min(typeLength, 64)),
  };
}

function withoutPadding(text: string): string {
  return text.replace(/=+$/, '');
}
