import { boardRoutes } from './ops-routes-board.js';
import { act, acting, administrator, all, look, type Route } from './ops-route.js';
import { exchangeRoutes } from './ops-routes-exchange.js';
import { reconciliationRoutes } from './ops-routes-reconciliation.js';
import { deskRoutes } from './ops-routes-desk.js';

/** The routes of the ops API as data; the server refuses what does not stand here, the page shows what the role may. */

/** `METHOD path`, below /api/ops/. */
export const opsRoutes = {
  'POST login': act('anyone'),
  'POST logout': act('signed-on'),
  'GET me': look('signed-on'),
  'POST password': act('signed-on'),
  'GET sessions': look('signed-on'), // one's own; an administrator sees all
  'POST sessions/:id/revoke': act('signed-on'),
  'GET today': look(all),
  'GET stream': look(all),
  ...exchangeRoutes,
  'GET channels': look(all),
  'POST channels/:channel/pause': act(acting),
  'POST channels/:channel/resume': act(acting),
  'POST alarms/acknowledge': act(acting),
  'GET audit': look(administrator),
  'GET users': look(administrator),
  'POST users': act(administrator),
  'POST users/:name': act(administrator),
  ...boardRoutes,
  ...reconciliationRoutes,
  ...deskRoutes,
} as const satisfies Record<string, Route>;

export type OpsRoutePath = keyof typeof opsRoutes;
export const opsPrefix = '/api/ops';
/** Open while the password still has to be changed. */
export const openBeforePasswordChange: readonly OpsRoutePath[] = ['GET me', 'POST password', 'POST logout'];
