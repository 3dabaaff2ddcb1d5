import { createHmac, timingSafeEqual } from 'node:crypto';

/** The three headers of Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks, spec 1.0.0). */
export interface SignatureHeaders {
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
}

export interface SignatureRule {
  /** `whsec_` and base64; several while they are rotated. */
  readonly secrets: readonly string[];
  readonly toleranceSeconds: number;
  /** Seconds since 1970. */
  readonly nowSeconds: number;
}

/**
 * Whether one of the signatures was made with one of the secrets over exactly these bytes, and not too long ago or ahead.
 * Every pair is compared in full, so that the time taken tells nothing about which secret nearly fitted.
 */
export function verifySignature(body: Uint8Array, headers: SignatureHeaders, rule: SignatureRule): boolean {
  const { id, timestamp, signature } = headers;
  // The id becomes a key of the inbox: printable ASCII, no dot (it would blur the signed text), at most 200 characters.
  if (id === undefined || !/^[\x21-\x2d\x2f-\x7e]{1,200}$/.test(id)) return false;
  if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp) || signature === undefined) return false;
  const offered = signature.split(' ').filter((s) => s.startsWith('v1,')).slice(0, 20).map((s) => Buffer.from(s.slice(3), 'base64'));
  let matches = false;
  for (const secret of rule.secrets) {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const wanted = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
    for (const given of offered) if (given.length === wanted.length && timingSafeEqual(given, wanted)) matches = true;
  }
  return matches && Math.abs(rule.nowSeconds - Number(timestamp)) <= rule.toleranceSeconds;
}
