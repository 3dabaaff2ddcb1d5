import type { CompletedDay, DeskAnswer, DeskHit, InquiryAnswer, InquiryFace, InquiryRefusal } from '../../domain/inquiry-answer';

/** What came back: an answer, or why there is none. `offline`: nothing came back. */
export type Reply<T> = { readonly answer: T } | { readonly refusal: InquiryRefusal } | { readonly offline: true };

async function call<T>(path: string, body?: Readonly<Record<string, unknown>>, headers: Readonly<Record<string, string>> = {}): Promise<Reply<T>> {
  try {
    const response = await fetch(path, body === undefined ? { headers } : { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
    if (response.status === 204) return { answer: undefined as T };
    const read: unknown = await response.json();
    return response.ok ? { answer: read as T } : { refusal: read as InquiryRefusal };
  } catch {
    return { offline: true };
  }
}

export const readFace = (): Promise<Reply<InquiryFace>> => call('/api/inquiry/settings');
/** In the body and never in the address: addresses are kept. */
export const askCase = (fields: { case: string; password?: string; digits?: string }): Promise<Reply<InquiryAnswer>> => call('/api/inquiry', fields);
export const readCompleted = (query: Readonly<Record<string, string>>): Promise<Reply<CompletedDay>> => call(`/api/inquiry/completed?${new URLSearchParams(query).toString()}`);

/** The session of the ops page, as its API tells it. */
export interface Me { readonly name: string; readonly role: string; readonly csrf: string; readonly mustChangePassword: boolean }
export const readMe = (): Promise<Reply<Me>> => call('/api/ops/me');
export const signOn = (name: string, password: string): Promise<Reply<Me>> => call('/api/ops/login', { name, password });
export const signOff = (me: Me): Promise<Reply<undefined>> => call('/api/ops/logout', {}, { 'x-csrf-token': me.csrf });
export const searchCases = (me: Me, words: string): Promise<Reply<DeskHit[]>> => call('/api/inquiry/desk/search', { words }, { 'x-csrf-token': me.csrf });
export const openCase = (me: Me, caseNo: string): Promise<Reply<DeskAnswer>> => call('/api/inquiry/desk/case', { case: caseNo }, { 'x-csrf-token': me.csrf });
export const verifyCaller = (me: Me, fields: { case: string; password?: string; digits?: string }): Promise<Reply<{ fits: boolean }>> => call('/api/inquiry/desk/verify', fields, { 'x-csrf-token': me.csrf });
