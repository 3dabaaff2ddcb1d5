/**
 * Claims that a process took and then lost sight of, because the ledger did not answer: given back as soon as it answers
 * again, instead of being left to run out and counted as a death of the worker.
 */
export class OwedClaims {
  private readonly byChannel = new Map<string, Set<string>>();

  constructor(private readonly release: (channel: string, token: string) => Promise<void>) {}

  /** Runs work under a claim; when it throws, the claim is owed. */
  async unlessHeard<T>(channel: string, token: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const tokens = this.byChannel.get(channel) ?? new Set();
      this.byChannel.set(channel, tokens.add(token));
      throw error;
    }
  }

  /** Gives back what is owed on a channel; throws when the ledger still does not answer, and owes on. */
  async settle(channel: string): Promise<void> {
    const tokens = this.byChannel.get(channel);
    if (tokens === undefined) return;
    for (const token of tokens) {
      await this.release(channel, token);
      tokens.delete(token);
    }
    this.byChannel.delete(channel);
  }
}
