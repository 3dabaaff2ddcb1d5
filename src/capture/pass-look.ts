import type { Instant } from '../domain/vocabulary.js';

/** A look at the bureau after which everything below its mark is recorded. */
export interface Look {
  /** Before the marks were asked for. */
  readonly at: Instant;
  /** All below is committed or rolled back. */
  readonly mark: string;
  /** All that was committed by then is below. */
  readonly newest: string;
}

export interface PassedLook {
  /** All that was committed in the bureau by then is recorded; undefined where this look says nothing new. */
  readonly known: Instant | undefined;
  /** The look whose moment is known next: once all that was begun by then has ended. */
  readonly waiting: Look | undefined;
}

/**
 * Up to when everything is known. With nothing open that is the look itself. Behind an open transaction others commit that are
 * not read yet, so an earlier look counts, as soon as the mark has passed what was the newest then: in a bureau that
 * never rests something is always open.
 */
export function passLook(waiting: Look | undefined, look: Look, compare: (a: string, b: string) => number): PassedLook {
  if (look.mark === look.newest) return { known: look.at, waiting: undefined };
  // A bureau that was restored gives out its marks again: what waits for the old ones would wait for long.
  if (waiting === undefined || compare(look.newest, waiting.newest) < 0) return { known: undefined, waiting: look };
  return compare(waiting.newest, look.mark) <= 0 ? { known: waiting.at, waiting: look } : { known: undefined, waiting };
}
