import { ruleSetSchema, type RuleSet } from '../domain/supervision-rules.js';
import type { ConfigFault } from '../domain/settings.js';
import { checkAgainstSchema } from '../platform/config/describe-issues.js';
import { parseSettingsFile } from '../platform/config/parse-settings-file.js';
import { resolveVariables } from '../platform/config/resolve-variables.js';

/** A rule set from its YAML; faults name file, line and key. */
export function readRuleSet(file: string, text: string): { rules?: RuleSet | undefined; faults: readonly ConfigFault[] } {
  const { root, faults } = parseSettingsFile(file, text);
  if (faults.length > 0) return { faults };
  const checked = checkAgainstSchema(ruleSetSchema, resolveVariables(root, () => undefined));
  return { rules: checked.value, faults: checked.faults };
}
