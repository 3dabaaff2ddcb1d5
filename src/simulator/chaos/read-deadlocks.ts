/** Statements that waited for each other, and how often. */
export interface Deadlock {
  /** The beginning of each, one after the other waiting. */
  readonly statements: readonly string[];
  readonly times: number;
}

const shown = 110;

/** What the log of a PostgreSQL server says of transactions that it broke off because they waited for each other, the most frequent first. */
export function readDeadlocks(log: string): Deadlock[] {
  const found = new Map<string, Deadlock>();
  for (const block of log.split(/^(?=\d{4}-\d{2}-\d{2} )/m)) {
    if (!/^\S+ \S+ \S+ (?:\[\d+\] )?DETAIL: {2}Process \d+ waits for /.test(block)) continue;
    const statements = [...block.matchAll(/^\tProcess \d+: (.*(?:\n\t(?!Process \d+: ).*)*)/gm)].map((m) => m[1]!.replace(/\s+/g, ' ').trim().slice(0, shown)).sort();
    const key = statements.join('\n');
    found.set(key, { statements, times: (found.get(key)?.times ?? 0) + 1 });
  }
  return [...found.values()].sort((a, b) => b.times - a.times);
}
