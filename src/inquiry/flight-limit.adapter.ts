import { refuseInquiry } from './refuse-inquiry.js';

/** Lets only so many questions be worked on at once: the inquiry is open to everybody, and the exchange needs the ledger too. */
export class FlightLimit {
  private flying = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly most: number,
    private readonly mostWaiting = most * 20,
  ) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.flying >= this.most) {
      if (this.waiting.length >= this.mostWaiting) throw refuseInquiry('busy', 5);
      // Whoever ends hands its place over.
      await new Promise<void>((resolve) => void this.waiting.push(resolve));
    } else this.flying += 1;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.flying -= 1;
    }
  }
}
