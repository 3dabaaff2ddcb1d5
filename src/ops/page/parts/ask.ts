import { ElMessage } from 'element-plus';
import { CallError } from '../call.js';
import { language } from '../language.js';
import { duration } from './format.js';
import { phrase } from './phrases.js';
import { errorWords, words } from './words.js';

/** Codes whose words in Chinese leave nothing to add to them in English. */
const clear: readonly string[] = ['not-signed-on', 'wrong-login', 'locked', 'too-many-requests', 'password-change-needed', 'csrf', 'forbidden', 'no-answer'];

/** An error in words: a line for everybody, and what the server said about it. */
export function errorText(error: unknown): { title: string; detail: string } {
  if (!(error instanceof CallError)) return { title: errorWords[language.value]['unexpected']!, detail: error instanceof Error ? error.message : String(error) };
  const { body } = error;
  const w = words[language.value];
  const more = [
    ...(body.faults ?? []).map((fault) => `${fault.key}: ${fault.text}`),
    ...(body.retryAfterSeconds !== undefined ? [w.retryAfter(duration(body.retryAfterSeconds * 1000))] : []),
    ...(body.id !== undefined ? [`${w.logId} ${body.id}`] : []),
  ];
  const text = phrase(body.text);
  const said = language.value === 'zh' && text === body.text && clear.includes(body.code) ? [] : [text];
  return { title: errorWords[language.value][body.code] ?? body.code, detail: [...said, ...more].join(' · ') };
}

/** Shows an error in passing; for what a page cannot show at its place. */
export function tell(error: unknown): void {
  if (error instanceof DOMException && error.name === 'AbortError') return;
  const { title, detail } = errorText(error);
  ElMessage({ type: 'error', message: detail === '' ? title : `${title}（${detail}）`, duration: 8000, showClose: true, grouping: true });
}

/** Says that something was done. */
export function done(text: string): void {
  ElMessage({ type: 'success', message: text, duration: 4000, showClose: true, grouping: true });
}
