/** What SQL Server refuses although it is grammatical, as far as the text shows it. */
export function brokenTsqlRules(text: string): string[] {
  const tokens = text.match(/N?'(?:[^']|'')*'|\[[^\]]*\]|"[^"]*"|@?\w+|\S/g) ?? [];
  const at = (i: number): string => (tokens[i] ?? '').toLowerCase();
  const endOf = (open: number): number => {
    for (let i = open, depth = 0; i < tokens.length; i++) {
      depth += tokens[i] === '(' ? 1 : tokens[i] === ')' ? -1 : 0;
      if (depth === 0) return i;
    }
    return tokens.length;
  };
  /** Words between two places, without what stands in parentheses there. */
  const plain = (from: number, to: number): string[] => {
    const out: string[] = [];
    for (let i = from; i < to; i++) {
      out.push(at(i));
      if (tokens[i] === '(') i = endOf(i);
    }
    return out;
  };
  const faults: string[] = [];
  tokens.forEach((_, i) => {
    if (at(i) === 'nvarchar' && Number(at(i + 2)) > 4000) faults.push('nvarchar of more than 4000');
    if (at(i) === 'top' && at(i + 1) === '(' && at(i + 2).startsWith('@')) faults.push('a text as the number of rows');
    if (tokens[i] !== '(') return;
    const end = endOf(i);
    const inside = plain(i + 1, end);
    const before = at(i - 1);
    if (at(i + 1) === 'select' && inside.includes('order') && !inside.includes('top') && !inside.includes('offset')) faults.push('order by in a subquery without top');
    if (['from', 'join'].includes(before) && !/^(as|[a-z_]\w*)$/.test(at(end + 1))) faults.push('a derived table without a name');
    if (['from', 'join'].includes(before) && ['where', 'on', 'order', 'group', 'union', 'join', 'left', 'inner', 'having'].includes(at(end + 1))) faults.push('a derived table without a name');
    if (['sum', 'min', 'max', 'avg', 'count'].includes(before) && tokens.slice(i, end).some((t) => t.toLowerCase() === 'select')) faults.push('an aggregate of a subquery');
    if (before === 'over' && !inside.includes('order') && /row_number|rank|ntile|lag|lead/.test(tokens.slice(Math.max(0, i - 5), i).join(' ').toLowerCase())) faults.push('over without order by');
  });
  for (let i = 0; i < tokens.length; i++) {
    if (at(i) !== 'group' || at(i + 1) !== 'by') continue;
    for (let j = i + 2, depth = 0; j < tokens.length && depth >= 0 && !['having', 'order', 'union'].includes(at(j)); j++) {
      depth += tokens[j] === '(' ? 1 : tokens[j] === ')' ? -1 : 0;
      if (at(j).startsWith('@')) faults.push('a parameter in group by, which is another one in the select list');
    }
  }
  return faults;
}
