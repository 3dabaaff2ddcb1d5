import type { BoardGroup, LightCounts } from '../../domain/ops-board-api.js';

interface Place {
  readonly section?: string | undefined;
  readonly item?: string | undefined;
  readonly office?: string | undefined;
  readonly light: keyof LightCounts;
  readonly count: number;
}
interface Chosen {
  readonly section?: string | undefined;
  readonly item?: string | undefined;
  readonly office?: string | undefined;
}

/** Lights of what is chosen, and of each section, item and office within the other choices; the reddest first. */
export function groupPlaces(places: readonly Place[], chosen: Chosen): { lights: LightCounts; sections: BoardGroup[]; items: BoardGroup[]; offices: BoardGroup[] } {
  const fits = (p: Place, but?: keyof Chosen): boolean => (['section', 'item', 'office'] as const).every((k) => k === but || chosen[k] === undefined || p[k] === chosen[k]);
  const sum = (list: readonly Place[]): LightCounts => {
    const total = { green: 0, yellow: 0, red: 0, grey: 0 };
    for (const p of list) total[p.light] += p.count;
    return total;
  };
  const groups = (by: keyof Chosen): BoardGroup[] => {
    const keys = new Map<string, Place[]>();
    for (const p of places.filter((x) => fits(x, by))) keys.set(p[by] ?? '', [...(keys.get(p[by] ?? '') ?? []), p]);
    const all = (g: LightCounts): number => g.green + g.yellow + g.red + g.grey;
    return [...keys].map(([key, list]) => ({ key, ...sum(list) })).sort((a, b) => b.red - a.red || b.yellow - a.yellow || all(b) - all(a) || (a.key < b.key ? -1 : 1));
  };
  return { lights: sum(places.filter((p) => fits(p))), sections: groups('section'), items: groups('item'), offices: groups('office') };
}
