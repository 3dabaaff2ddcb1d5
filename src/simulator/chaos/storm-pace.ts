/** What is done, and how often for each new case; the first come first when the machine is slow. */
const shares = {
  insert: 1, advance: 6, correct: 0.6, 'correct-twice': 0.15, 'come-back': 0.15, child: 0.5, unsent: 0.1, 'taken-back': 0.08, late: 0.3, wide: 0.02, withdraw: 0.06, delete: 0.04, mend: 0.08, deadline: 0,
} as const;
export type Action = keyof typeof shares;

/** Says what the load does next, so that every kind comes as often as its share however slow the machine is. */
export class StormPace {
  private readonly names = Object.keys(shares) as Action[];
  private readonly due = Object.fromEntries(this.names.map((name) => [name, 0])) as Record<Action, number>;
  private turn = 0;

  constructor(private readonly casesPerSecond: number, private readonly deadlinesPerCase: number) {}

  /** Time has passed; after a stall the load does not catch up with a burst. */
  pass(seconds: number): void {
    for (const name of this.names) this.due[name] = Math.min(this.due[name] + this.casesPerSecond * seconds * (name === 'deadline' ? this.deadlinesPerCase : shares[name]), 3);
  }

  /** The next action that is due, in turn, so that on a slow machine every kind still comes; undefined when none is. */
  next(): Action | undefined {
    for (let tried = 0; tried < this.names.length; tried += 1) {
      const name = this.names[this.turn % this.names.length]!;
      this.turn += 1;
      if (this.due[name] < 1) continue;
      this.due[name] -= 1;
      return name;
    }
    return undefined;
  }
}
