import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Standards } from '../domain/reconciliation-rules.js';
import type { ConfigFault } from '../domain/settings.js';
import { readReasons, readRules } from './read-rules.js';
import { readExemptions, readTariff, readTaxExpectations } from './read-tariff.js';

/** The standards, or everything that is wrong with their files; never both. */
export type LoadedStandards = { readonly standards: Standards; readonly faults: readonly [] } | { readonly standards?: undefined; readonly faults: readonly ConfigFault[] };

/** Reads rules.yaml, reasons.yaml, tariff.csv, exemptions.csv and tax-expectations.csv from a directory. */
export function loadStandards(dir: string): LoadedStandards {
  const faults: ConfigFault[] = [];
  const read = <T>(name: string, reader: (file: string, text: string) => T): T | undefined => {
    const file = path.join(dir, name);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      faults.push({ file, key: '', expected: `a readable file (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})` });
      return undefined;
    }
    return reader(file, text);
  };
  const rules = read('rules.yaml', readRules);
  const reasons = read('reasons.yaml', readReasons);
  const tariff = read('tariff.csv', readTariff);
  const exemptions = read('exemptions.csv', readExemptions);
  const taxes = read('tax-expectations.csv', readTaxExpectations);
  for (const part of [rules, reasons, tariff, exemptions, taxes]) faults.push(...(part?.faults ?? []));
  if (faults.length > 0 || !rules?.value || !reasons?.value || !tariff || !exemptions || !taxes) return { faults };
  return { standards: { rules: rules.value, reasons: reasons.value, tariff: tariff.lines, exemptions: exemptions.lines, taxes: taxes.lines }, faults: [] };
}
