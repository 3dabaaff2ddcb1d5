import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ConfigFault } from '../domain/settings.js';
import type { RuleSet } from '../domain/supervision-rules.js';
import { readItemLimits, type ItemLimits } from './read-item-limits.js';
import { readRuleSet } from './read-rule-set.js';

/** Rule sets by body, the dated catalogue of limits, and a digest that changes with any of them. */
export interface Supervision {
  readonly rules: ReadonlyMap<string, RuleSet>;
  readonly limits: ItemLimits;
  readonly digest: string;
}

/** The supervision's files, or everything that is wrong with them; never both. */
export type LoadedSupervision = { readonly supervision: Supervision; readonly faults: readonly [] } | { readonly supervision?: undefined; readonly faults: readonly ConfigFault[] };

/** Reads every rule set of a directory and the catalogue of limits. */
export function loadSupervision(options: { dir: string; limitsFile: string }): LoadedSupervision {
  const faults: ConfigFault[] = [];
  const digest = createHash('sha256');
  const read = (file: string): string | undefined => {
    try {
      const text = readFileSync(file, 'utf8');
      digest.update(`${path.basename(file)}\u0000${text}\u0000`);
      return text;
    } catch (error) {
      faults.push({ file, key: '', expected: `a readable file (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})` });
      return undefined;
    }
  };
  let names: string[] = [];
  try {
    names = readdirSync(options.dir).filter((n) => n.endsWith('.yaml')).sort();
  } catch (error) {
    faults.push({ file: options.dir, key: '', expected: `a readable directory with rule sets (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})` });
  }
  const rules = new Map<string, RuleSet>();
  for (const name of names) {
    const file = path.join(options.dir, name);
    const text = read(file);
    const result = text === undefined ? undefined : readRuleSet(file, text);
    faults.push(...(result?.faults ?? []));
    if (!result?.rules) continue;
    if (`${result.rules.body}.yaml` !== name) faults.push({ file, key: 'body', expected: `${name.slice(0, -5)}, as the file is called` });
    rules.set(result.rules.body, result.rules);
  }
  const limitsText = read(options.limitsFile);
  const limits = limitsText === undefined ? undefined : readItemLimits(options.limitsFile, limitsText);
  faults.push(...(limits?.faults ?? []));
  if (faults.length > 0 || !limits) return { faults };
  return { supervision: { rules, limits: limits.limits, digest: digest.digest('hex').slice(0, 12) }, faults: [] };
}
