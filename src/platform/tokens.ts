/** Injection tokens for what has no class of its own. */
export const SETTINGS = Symbol('settings');
export const LOG = Symbol('log');
export const LEDGER_DATABASE = Symbol('ledger database');
export const LANE_RULES = Symbol('lane rules');
export const MAPPINGS = Symbol('mappings');
