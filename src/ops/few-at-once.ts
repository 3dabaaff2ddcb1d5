/** Costly requests of a process that may run at the same time; one more is refused, not queued. */
export class FewAtOnce {
  private running = 0;

  constructor(private readonly most: number) {}

  /** Runs `work` when there is room, otherwise throws what `full` makes. */
  async run<T>(work: () => Promise<T>, full: () => Error): Promise<T> {
    if (this.running >= this.most) throw full();
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
    }
  }
}
