import { act, acting, all, disclose, handling, look, type Route } from './ops-route.js';

/** Exchanges, failures, actions, orders and packages, below /api/ops/. */
export const exchangeRoutes = {
  'GET exchanges': look(all),
  'POST exchanges/search': disclose(handling), // by a name or a text: finding is a view, although what is found is masked
  'POST exchanges/export': act(all), // names of applicants to the roles of unmask only
  'GET exchanges/:id': look(all),
  'POST exchanges/:id/unmask': disclose(handling),
  'POST exchanges/:id/bytes': disclose(handling),
  'GET failures': look(all),
  'POST actions': look(acting), // a preview changes nothing
  'POST actions/:token/perform': act(acting),
  'GET actions/:token': look(acting),
  'GET orders': look(acting),
  'GET orders/:id': look(acting),
  'POST orders/:id/confirm': act(acting), // and the role that what was ordered takes
  'POST orders/:id/decline': act(acting),
  'GET hand-overs': look(acting),
  'GET hand-overs/due': look(acting),
  'POST hand-overs': act(acting),
  'POST hand-overs/:id/files': disclose(acting),
  'POST hand-overs/:id/confirm': act(acting),
  'POST hand-overs/:id/take-back': act(acting),
} as const satisfies Record<string, Route>;
