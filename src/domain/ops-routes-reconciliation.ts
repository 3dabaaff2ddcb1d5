import { act, all, disclose, look, type Route } from './ops-route.js';

const reconciling = ['finance', 'administrator'] as const;

/** Daily statements, differences, decisions, clearances. Names of payers are masked; whoever sees them stands in the audit log. */
export const reconciliationRoutes = {
  'GET reconciliation': look(all),
  'GET reconciliation/days': look(all),
  'GET reconciliation/statements/:day': look(all),
  'POST reconciliation/statements/:day/close': act(reconciling),
  'POST reconciliation/statements/:day/export': act(all),
  'GET reconciliation/differences': look(all),
  'POST reconciliation/differences/export': act(all),
  'GET reconciliation/differences/:id': look(all),
  'POST reconciliation/differences/:id/unmask': disclose(reconciling),
  'GET reconciliation/items': look(all),
  'POST reconciliation/resolve': act(reconciling),
  'GET reconciliation/decisions': look(all),
  'POST reconciliation/decisions/:id/confirm': act(reconciling),
  'POST reconciliation/decisions/:id/decline': act(reconciling),
  'GET reconciliation/cases/:case': look(all),
} as const satisfies Record<string, Route>;
