import type { Finding } from '../domain/mapping-language.js';

/** Findings with what to do, in the words of the clerk who mends them. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings.map((f) => [`${f.element === '' ? 'message' : f.element} [${f.rule}] ${f.text}${f.source === '' ? '' : ` (from ${f.source})`}`, ...(f.remedy === '' ? [] : [`  → ${f.remedy}`])].join('\n')).join('\n');
}
