import { act, acting, administrator, all, disclose, handling, look, type Route } from './ops-route.js';

/** Channels, calendar, dry run, inbox, audit and users. */
export const deskRoutes = {
  'GET channels/:channel': look(all),
  'POST channels/:channel/poll': act(acting),
  'POST channels/:channel/test': act(acting),
  'GET streams': look(all),
  'POST streams/:stream/poll': act(acting),
  'GET mappings': look(all),
  'GET mappings/whitelist': look(all), // CSV
  'GET calendar': look(all),
  'POST calendar/days': act(administrator),
  'POST dry-runs': look(acting), // changes nothing
  'POST dry-runs/unmask': disclose(acting),
  'POST dry-runs/range': look(acting),
  'GET dry-runs/range/:id': look(acting),
  'POST dry-runs/range/:id/cancel': look(acting),
  'GET inbox': look(all),
  'GET inbox/:id': look(all),
  'POST inbox/:id/unmask': disclose(handling),
  'POST inbox/:id/bytes': disclose(handling),
  'POST inbox/:id/aside': act(acting),
  'POST inbox/:id/read-again': act(acting),
  'GET acknowledgements': look(all),
  'POST acknowledgements/:id/link': act(acting),
  'POST acknowledgements/:id/aside': act(acting),
  'GET rejections': look(all),
  'GET audit/export': look(administrator), // CSV
  'GET audit/chain': look(administrator),
  'POST users/:name/delete': act(administrator),
} as const satisfies Record<string, Route>;
