import { act, acting, all, handling, look, type Route } from './ops-route.js';

/** Lights, clocks and cards. Nothing of it names a person. */
export const boardRoutes = {
  'GET board': look(all),
  'GET board/cases': look(all),
  'GET board/cases/:case': look(all),
  'GET board/trends': look(all),
  'GET board/cards': look(all),
  'GET board/cards/:id': look(all),
  'POST board/cards/:id/appeal': act(acting),
  'POST board/cards/:id/revoke': act(acting),
  'POST board/cards/:id/confirm': act(acting),
  'GET board/theirs': look(all),
  'POST board/queries/:id/reply': act(acting),
  'POST board/cards/:id/proof': act(handling),
} as const satisfies Record<string, Route>;
