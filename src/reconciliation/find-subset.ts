/** More candidates than this are not searched: the number of subsets doubles with each. */
export const mostSearched = 12;

/**
 * The only subset of at least `least` amounts that adds up to the target: all of them when they do, else by search. Undefined when
 * there is none, when there are several (then nobody but a person can say which), or when there are too many amounts.
 */
export function findSubset(amounts: readonly bigint[], target: bigint, least: number): number[] | undefined {
  if (amounts.length < least) return undefined;
  if (amounts.reduce((sum, a) => sum + a, 0n) === target) return amounts.map((_, i) => i);
  if (amounts.length > mostSearched) return undefined;
  let found: number[] | undefined;
  for (let mask = 1; mask < 1 << amounts.length; mask++) {
    let sum = 0n;
    const chosen: number[] = [];
    for (let i = 0; i < amounts.length; i++) {
      if ((mask & (1 << i)) === 0) continue;
      sum += amounts[i]!;
      chosen.push(i);
    }
    if (sum !== target || chosen.length < least) continue;
    if (found !== undefined) return undefined;
    found = chosen;
  }
  return found;
}
