import type { INestApplication } from '@nestjs/common';
import { roles, type Role } from '../domain/ops-api.js';
import { OpsUserStore } from '../ledger/ops-user.store.js';
import { hashPassword, oneTimePassword } from '../ops/password.adapter.js';

export interface DemoAccount {
  readonly name: string;
  readonly role: Role;
  /** Absent for who chose a password of their own at an earlier start. */
  readonly oneTimePassword?: string | undefined;
}

const who = { actor: 'demo', origin: 'cli', address: 'demo' } as const;

/** One account of each role for the ops page, each with a fresh one-time password until somebody has changed it. */
export async function openDemoAccounts(app: INestApplication): Promise<DemoAccount[]> {
  const users = app.get(OpsUserStore, { strict: false });
  const accounts: DemoAccount[] = [];
  for (const role of roles) {
    const word = oneTimePassword();
    const passwordHash = await hashPassword(word);
    if (await users.create({ name: role, role, passwordHash }, who)) accounts.push({ name: role, role, oneTimePassword: word });
    else if ((await users.find(role))?.mustChangePassword) {
      await users.change(role, { password: { hash: passwordHash, mustChange: true } }, who, { action: 'user.reset' });
      accounts.push({ name: role, role, oneTimePassword: word });
    } else accounts.push({ name: role, role });
  }
  return accounts;
}
