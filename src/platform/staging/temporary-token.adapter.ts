import { randomBytes } from 'node:crypto';

// Drawn once: a random number for each file cost a tenth of the whole delivery.
const processPart = randomBytes(4).toString('hex');
let counter = randomBytes(2).readUInt16BE(0);

/** 12 hex digits for temporaryName(), different for each of the last 65 536 calls of this process and from other processes'. */
export function nextToken(): string {
  counter = (counter + 1) & 0xffff;
  return processPart + counter.toString(16).padStart(4, '0');
}
