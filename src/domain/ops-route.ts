/** What a route of the ops API is; each area lists its own in ops-routes-<area>.ts. */
export interface Route {
  /** Roles that may; 'anyone' needs no session, 'signed-on' any role. */
  readonly roles: 'anyone' | 'signed-on' | readonly ('viewer' | 'operator' | 'finance' | 'administrator')[];
  /** Changes something; it is in the audit log whether it is allowed or refused. */
  readonly action: boolean;
  /** Gives names, identity numbers or telephones unmasked; every view is in the audit log. */
  readonly personal: boolean;
}

export const all = ['viewer', 'operator', 'finance', 'administrator'] as const;
export const acting = ['operator', 'administrator'] as const;
export const handling = ['operator', 'finance', 'administrator'] as const;
export const administrator = ['administrator'] as const;
export const look = (roles: Route['roles']): Route => ({ roles, action: false, personal: false });
export const act = (roles: Route['roles']): Route => ({ roles, action: true, personal: false });
export const disclose = (roles: Route['roles']): Route => ({ roles, action: true, personal: true });
