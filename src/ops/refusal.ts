import type { OpsError } from '../domain/ops-api.js';

const statusOf: Readonly<Record<OpsError['code'], number>> = {
  'bad-request': 400, 'not-signed-on': 401, 'wrong-login': 401, locked: 429, 'too-many-requests': 429, 'password-change-needed': 403, csrf: 403, forbidden: 403, 'not-found': 404, gone: 409, 'second-person': 409, 'not-possible': 409,
  'weak-password': 422, 'too-large': 413, unexpected: 500,
};

/** A request of the ops page that is not done, as its answer says it. */
export class OpsRefusal extends Error {
  readonly status: number;
  constructor(
    readonly body: OpsError,
    status?: number,
  ) {
    super(body.text);
    this.name = 'OpsRefusal';
    this.status = status ?? statusOf[body.code];
  }
}

export const refuse = (code: OpsError['code'], text: string, more: Omit<OpsError, 'code' | 'text'> = {}): OpsRefusal => new OpsRefusal({ code, text, ...more });
