import { csrfHeader, type OpsCalls, type OpsError } from '../../domain/ops-api.js';
import { opsPrefix } from '../../domain/ops-routes.js';
import { ended, me, usedAt, type OpsPath } from './session.js';

/** An answer that is not 2xx, or none at all (`code` no-answer). */
export class CallError extends Error {
  constructor(readonly body: Omit<OpsError, 'code'> & { readonly code: OpsError['code'] | 'no-answer' }) {
    super(body.text);
    this.name = 'CallError';
  }
}

type Params<P extends string> = P extends `${string}:${infer Name}/${infer Rest}` ? { readonly [K in Name]: string } & Params<`/${Rest}`> : P extends `${string}:${infer Name}` ? { readonly [K in Name]: string } : unknown;
type Given<P extends OpsPath> = P extends `GET ${string}` ? { readonly query?: OpsCalls[P]['request'] } : undefined extends OpsCalls[P]['request'] ? { readonly body?: undefined } : { readonly body: OpsCalls[P]['request'] };
export type Wish<P extends OpsPath> = Given<P> & (P extends `${string}:${string}` ? { readonly params: Params<P> } : { readonly params?: undefined }) & { readonly signal?: AbortSignal | undefined; /** Shown the headers of the answer. */ readonly seen?: ((headers: Headers) => void) | undefined };
type MaybeWish<P extends OpsPath> = Record<string, never> extends Wish<P> ? [wish?: Wish<P>] : [wish: Wish<P>];

/** What happens when the session is over; the router sets it, so that this file knows no pages. */
export const onEnd = { signedOff: (): void => undefined, mustChange: (): void => undefined };

/** Asks the ops API; gives the answer's JSON, throws CallError otherwise. `call('GET exchanges/:id', { params: { id } })`. */
export async function call<P extends OpsPath>(path: P, ...[wish]: MaybeWish<P>): Promise<OpsCalls[P]['answer']> {
  const response = await ask(path, wish);
  if (response.status === 204) return undefined as OpsCalls[P]['answer'];
  return (await response.json()) as OpsCalls[P]['answer'];
}

/** Asks for bytes and gives them to the browser as a file; returns what `x-sha256` said. */
export async function download<P extends OpsPath>(path: P, fileName: string, ...[wish]: MaybeWish<P>): Promise<string | undefined> {
  const response = await ask(path, wish);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return response.headers.get('x-sha256') ?? undefined;
}

interface LooseWish { readonly params?: unknown; readonly query?: unknown; readonly body?: unknown; readonly signal?: AbortSignal | undefined; readonly seen?: ((headers: Headers) => void) | undefined }

async function ask(path: OpsPath, wish: LooseWish = {}): Promise<Response> {
  const first = await send(path, wish);
  if (first.ok) {
    wish.seen?.(first.headers);
    return first;
  }
  const error = await readError(first);
  // Another tab signed on anew: this page holds the token of the session before.
  if (error.body.code === 'csrf' && (await renewToken())) {
    const second = await send(path, wish);
    if (second.ok) return second;
    throw await readError(second);
  }
  if (error.body.code === 'not-signed-on' && me.value) {
    me.value = undefined;
    ended.value = true;
    onEnd.signedOff();
  }
  if (error.body.code === 'password-change-needed') onEnd.mustChange();
  throw error;
}

async function send(path: OpsPath, wish: LooseWish): Promise<Response> {
  const [method, template] = path.split(' ') as [string, string];
  const params = (wish.params ?? {}) as Record<string, string>;
  const address = `${opsPrefix}/${template.replace(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))}${queryText(wish.query)}`;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method !== 'GET' && me.value) headers[csrfHeader] = me.value.csrf;
  if (wish.body !== undefined) headers['content-type'] = 'application/json';
  try {
    const response = await fetch(address, { method, headers, credentials: 'same-origin', cache: 'no-store', ...(wish.body === undefined ? {} : { body: JSON.stringify(wish.body) }), ...(wish.signal ? { signal: wish.signal } : {}) });
    if (response.ok) usedAt.value = Date.now();
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new CallError({ code: 'no-answer', text: 'the gateway does not answer' });
  }
}

/** Only what is given; the keys in one order, so that the same wish has the same address. */
export function queryText(query: unknown): string {
  const entries = Object.entries((query ?? {}) as Record<string, unknown>).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(entries.map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

async function readError(response: Response): Promise<CallError> {
  const retry = Number(response.headers.get('retry-after') ?? Number.NaN);
  try {
    const body = (await response.json()) as OpsError;
    if (typeof body.code === 'string' && typeof body.text === 'string') return new CallError({ ...body, retryAfterSeconds: body.retryAfterSeconds ?? (Number.isFinite(retry) ? retry : undefined) });
  } catch {
    // A proxy in between answers with a page of its own.
    return new CallError({ code: 'no-answer', text: `HTTP ${response.status}` });
  }
  return new CallError({ code: 'unexpected', text: `HTTP ${response.status}` });
}

async function renewToken(): Promise<boolean> {
  const response = await send('GET me', {});
  if (!response.ok) return false;
  me.value = (await response.json()) as OpsCalls['GET me']['answer'];
  return true;
}
