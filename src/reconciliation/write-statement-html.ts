import type { Sheet, StatementSheets } from './tabulate-statement.js';

const escape = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const style = `body{font:14px/1.5 "Noto Sans CJK SC","Microsoft YaHei",SimSun,sans-serif;margin:2rem;color:#111}
h1{font-size:1.4rem;margin:0 0 .5rem}h2{font-size:1.1rem;margin:1.5rem 0 .4rem}ul{list-style:none;padding:0;margin:0}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #888;padding:.2rem .4rem;text-align:left;vertical-align:top}
th{background:#eee}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.s td{font-weight:bold}
.sign{margin-top:2rem;display:flex;gap:4rem}thead{display:table-header-group}tr{break-inside:avoid}
@media print{@page{size:A4 landscape;margin:12mm}body{margin:0;font-size:9pt}}`;

function table(sheet: Sheet): string {
  const numeric = (i: number): string => (['count', 'money'].includes(sheet.columns[i]!.kind) ? ' class="n"' : '');
  const head = sheet.columns.map((c, i) => `<th scope="col"${numeric(i)}>${escape(c.title)}</th>`).join('');
  const body = sheet.rows.map((row, n) => `<tr${n >= sheet.rows.length - sheet.sums ? ' class="s"' : ''}>${row.map((cell, i) => `<td${numeric(i)}>${escape(cell)}</td>`).join('')}</tr>`).join('\n');
  return `<h2>${escape(sheet.title)}</h2>\n${sheet.rows.length === 0 ? '<p>—</p>' : `<table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table>`}`;
}

/** A page to print and sign, in Chinese; it needs nothing from elsewhere. */
export function writeStatementHtml({ title, notes, sheets }: StatementSheets): string {
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>${escape(title)}</title><style>${style}</style></head><body>
<h1>${escape(title)}</h1>
<ul>${notes.map((n) => `<li>${escape(n)}</li>`).join('')}</ul>
${sheets.map(table).join('\n')}
<div class="sign"><span>制表:________</span><span>复核:________</span><span>日期:________</span></div>
</body></html>
`;
}
