import { type z } from 'zod';
import { reasonsSchema, rulesSchema, type ReconciliationRules, type Reasons } from '../domain/reconciliation-rules.js';
import type { ConfigFault } from '../domain/settings.js';
import { checkAgainstSchema } from '../platform/config/describe-issues.js';
import { parseSettingsFile } from '../platform/config/parse-settings-file.js';
import { resolveVariables } from '../platform/config/resolve-variables.js';

interface Read<T> {
  readonly value?: T | undefined;
  readonly faults: readonly ConfigFault[];
}

function readYaml<T extends z.ZodType>(file: string, text: string, schema: T): Read<z.output<T>> {
  const { root, faults } = parseSettingsFile(file, text);
  return faults.length > 0 ? { faults } : checkAgainstSchema(schema, resolveVariables(root, () => undefined));
}

/** The tiers of matching; faults name file, line and key. */
export function readRules(file: string, text: string): Read<ReconciliationRules> {
  return readYaml(file, text, rulesSchema);
}

/** Texts and next steps of every reason; faults name file, line and key. */
export function readReasons(file: string, text: string): Read<Reasons> {
  return readYaml(file, text, reasonsSchema);
}
