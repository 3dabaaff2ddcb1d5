const firstMs = 5_000;
const maxMs = 600_000;
/** A notice older than this tells nobody anything that `gateway alarms` does not tell better. */
const giveUpMs = 24 * 3_600_000;

/** When a notice that failed `attempts` times is tried again, in milliseconds from now; undefined: no more. */
export function nextTry(attempts: number, ageMs: number): number | undefined {
  return ageMs > giveUpMs ? undefined : Math.min(maxMs, firstMs * 2 ** Math.min(attempts - 1, 20));
}
