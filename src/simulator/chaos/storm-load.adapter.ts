import type { StormLoad } from './witness.js';

export interface StormLoadOptions {
  readonly bureauUrl: string;
  readonly seed: number;
  /** New cases a second on the average; three to six further changes come with each. */
  readonly casesPerSecond: number;
  readonly maxCases: number;
}

/** Connects to the sample bureau, makes its tables unless they are there, and gives the load, not yet started. */
export function startStormLoad(options: StormLoadOptions): Promise<StormLoad> {
  return Promise.reject(new Error(`not written yet: ${String(options.seed)}`));
}
