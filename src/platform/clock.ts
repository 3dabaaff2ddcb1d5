/** The one source of time. Injected everywhere, so that a test can hold it still. */
export abstract class Clock {
  abstract now(): Date;
  /** The present instant as ISO 8601 with milliseconds and `Z`. */
  iso(): string {
    return this.now().toISOString();
  }
  /** An instant `ms` from now. */
  after(ms: number): string {
    return new Date(this.now().getTime() + ms).toISOString();
  }
}
