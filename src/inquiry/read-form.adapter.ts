import type { Request } from 'express';
import { refuseInput, refuseInquiry } from './refuse-inquiry.js';

/** More than any question; a search of the desk is as short. */
const limit = 4096;

/** The fields of a posted form or JSON object. No other parser runs in this service. */
export async function readForm(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const form = /^application\/x-www-form-urlencoded\b/i.test(request.header('content-type') ?? '');
  const json = /^application\/json\b/i.test(request.header('content-type') ?? '');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  if (size > limit || (!form && !json)) throw refuseInput({ zh: `请以表单或 JSON 提交，不超过${limit}字节`, en: `expected a form or JSON of at most ${limit} bytes` });
  const text = Buffer.concat(chunks).toString('utf8');
  if (form) {
    const fields = new Map<string, string | string[]>();
    for (const [key, value] of new URLSearchParams(text)) fields.set(key, fields.has(key) ? [...[fields.get(key)!].flat(), value] : value);
    return Object.fromEntries(fields);
  }
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return { ...read } as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw refuseInput({ zh: '请求内容不是 JSON 对象', en: 'the body is not a JSON object' });
}

/** Another site has no business here, with or without a cookie; browsers say where a request comes from. */
export function ownSiteOnly(request: Request): void {
  if (['cross-site', 'same-site'].includes(request.header('sec-fetch-site') ?? '')) throw refuseInquiry('forbidden');
}
