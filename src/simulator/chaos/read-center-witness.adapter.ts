import type { CenterWitness } from './witness.js';

/** Reads what lies on disk of a simulated center that stopped: journal, archive, staging directory (`<centerDir>/staging` unless told). */
export function readCenterWitness(centerDir: string, channel: string, stagingDir?: string): Promise<CenterWitness> {
  return Promise.reject(new Error(`not written yet: ${centerDir} ${channel} ${stagingDir ?? ''}`));
}
