/** A fault of the plan: when it begins (milliseconds after its phase) and how long it lasts. */
export interface PlannedFault {
  readonly name: string;
  readonly atMs: number;
  readonly lastsMs: number;
}

export interface FaultPlan {
  /** One at a time; after each everything settles, and how long that takes is measured. */
  readonly alone: readonly PlannedFault[];
  /** Two or three at once, again and again. */
  readonly mixed: readonly PlannedFault[];
}

interface Known {
  readonly name: string;
  readonly lasts: readonly [least: number, most: number];
}

/**
 * Which faults strike when, from the seed alone. Every fault comes at least once while there is time for it.
 * `mixedMs` is how long the mixed part lasts; `again` how often more some of them come alone: deaths, for each process and each critical point.
 */
export function planFaults(known: readonly Known[], random: () => number, size: { readonly aloneRounds: number; readonly mixedMs: number; readonly again: Readonly<Record<string, number>> }): FaultPlan {
  const lasting = (fault: Known): number => Math.round(fault.lasts[0] + random() * (fault.lasts[1] - fault.lasts[0]));
  const shuffled = (): Known[] => {
    const list = [...known];
    for (let i = list.length - 1; i > 0; i -= 1) {
      const j = Math.floor(random() * (i + 1));
      [list[i], list[j]] = [list[j]!, list[i]!];
    }
    return list;
  };
  const alone: PlannedFault[] = [];
  for (let round = 0; round < size.aloneRounds; round += 1) for (const fault of shuffled()) alone.push({ name: fault.name, atMs: 0, lastsMs: lasting(fault) });
  for (const fault of known) for (let i = 0; i < (size.again[fault.name] ?? 0); i += 1) alone.push({ name: fault.name, atMs: 0, lastsMs: lasting(fault) });

  const mixed: PlannedFault[] = [];
  let queue = shuffled();
  // Three tracks side by side, each a fault, a pause, a fault: two or three overlap at most moments.
  const free = [0, 700, 1_400];
  for (;;) {
    const track = free.indexOf(Math.min(...free));
    const at = free[track]!;
    if (at >= size.mixedMs) break;
    if (queue.length === 0) queue = shuffled();
    const fault = queue.pop()!;
    const lastsMs = Math.min(lasting(fault), Math.max(100, size.mixedMs - at));
    // Two of a kind at once would undo each other.
    if (mixed.some((m) => m.name === fault.name && m.atMs + m.lastsMs > at)) {
      // With few faults all of them may be under way.
      if (queue.length === 0) free[track] = at + 200;
      continue;
    }
    mixed.push({ name: fault.name, atMs: at, lastsMs });
    free[track] = at + lastsMs + Math.round(200 + random() * 1_500);
  }
  return { alone, mixed: mixed.sort((a, b) => a.atMs - b.atMs) };
}
