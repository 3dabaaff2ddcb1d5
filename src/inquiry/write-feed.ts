import { createHash } from 'node:crypto';
import type { CompletedLine, Words } from '../domain/inquiry-answer.js';
import type { Instant } from '../domain/vocabulary.js';

const escape = (v: string): string => v.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
/** A name that stays the same for the same entry, and leads back to nothing. */
function urn(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Completed cases as an Atom feed (RFC 4287); addresses in it are relative, so that no request can put a host there. */
export function writeFeed(lines: readonly CompletedLine[], by: { readonly bureau: Words; readonly at: Instant }): string {
  const seen = new Map<string, number>();
  const entries = lines.map((l) => {
    const what = `${l.day} ${l.item.code} ${l.applicants} ${l.caseNo}`;
    const times = (seen.get(what) ?? 0) + 1;
    seen.set(what, times);
    return `  <entry>
    <id>${urn(`${what} ${times}`)}</id>
    <title>${escape(`${l.item.name}：${l.applicants}`)}</title>
    <updated>${l.day}T00:00:00+08:00</updated>
    <category term="${escape(l.item.code)}" label="${escape(l.item.name)}"/>
    <link rel="alternate" type="text/html" href="/inquiry/completed?day=${l.day}"/>
    <summary>${escape(`${l.day} 办结，办件编号 ${l.caseNo}`)}</summary>
  </entry>`;
  });
  const updated = lines[0] ? `${lines[0].day}T00:00:00+08:00` : `${by.at.slice(0, 10)}T00:00:00Z`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh-CN">
  <id>${urn(`completed ${by.bureau.zh}`)}</id>
  <title>${escape(by.bureau.zh)} 办结公示</title>
  <updated>${updated}</updated>
  <author><name>${escape(by.bureau.zh)}</name></author>
  <link rel="self" type="application/atom+xml" href="/api/inquiry/completed.atom"/>
  <link rel="alternate" type="text/html" href="/inquiry/completed"/>
${entries.join('\n')}${entries.length === 0 ? '' : '\n'}</feed>
`;
}
