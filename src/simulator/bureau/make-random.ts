/** Reproducible random numbers for invented cases; not for anything secret. */
export interface Random {
  /** Next number in [0, 1). */
  next(): number;
  /** Whole number from min to max, both included. */
  int(min: number, max: number): number;
  /** One of a non-empty list. */
  pick<T>(list: readonly T[]): T;
  /** One of a non-empty list of [value, weight]. */
  weighted<T>(list: readonly (readonly [T, number])[]): T;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** That many decimal digits. */
  digits(count: number): string;
}

/** A mulberry32 generator: the same seed gives the same numbers on every machine. */
export function makeRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  const pick = <T>(list: readonly T[]): T => {
    if (list.length === 0) throw new Error('nothing to pick from');
    return list[int(0, list.length - 1)] as T;
  };
  const weighted = <T>(list: readonly (readonly [T, number])[]): T => {
    let rest = next() * list.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [value, weight] of list) {
      rest -= weight;
      if (rest < 0) return value;
    }
    const last = list.at(-1);
    if (last === undefined) throw new Error('nothing to pick from');
    return last[0];
  };
  const digits = (count: number): string => Array.from({ length: count }, () => int(0, 9)).join('');
  return { next, int, pick, weighted, chance: (p) => next() < p, digits };
}

/** A seed for the n-th of many cases, so that one case can be made again without those before it. */
export function seedOf(seed: number, index: number): number {
  return (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)) >>> 0;
}
