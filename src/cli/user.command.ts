import type { Command } from 'commander';
import { roles, type Role } from '../domain/ops-api.js';
import { AuditStore } from '../ledger/audit.store.js';
import { OpsUserStore, type UserChange } from '../ledger/ops-user.store.js';
import { hashPassword, oneTimePassword } from '../ops/password.adapter.js';
import { cliActor } from './audit-command.adapter.js';
import { CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatTable } from './format-terminal.js';
import { helpText } from './help-text.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';

const nameForm = /^[a-z][a-z0-9._-]{1,39}$/;

function withUsers<T>(context: CliContext, work: (users: OpsUserStore) => Promise<T>): Promise<T> {
  return withLedger(context, settingsOrFail(context), ({ database }) => work(new OpsUserStore(database, context.clock, new AuditStore(database, context.clock))));
}

/** Makes a user of the ops page and prints a password that has to be changed at the first login. */
export async function createUserCommand(context: CliContext, name: string, options: { role: string; proxy?: boolean; json?: boolean }): Promise<ExitCode> {
  if (!nameForm.test(name)) throw new CommandFailure(`${name} is no name for a user; expected 2 to 40 small letters, digits, dots, hyphens and underlines, a letter first`, exitCodes.usage);
  if (!(roles as readonly string[]).includes(options.role)) throw new CommandFailure(`there is no role ${options.role}; roles: ${roles.join(', ')}`, exitCodes.usage);
  const password = options.proxy ? undefined : oneTimePassword();
  const passwordHash = password === undefined ? undefined : await hashPassword(password);
  const made = await withUsers(context, (users) => users.create({ name, role: options.role as Role, passwordHash }, cliActor(context)));
  if (!made) throw new CommandFailure(`there is a user ${name}; for a new one-time password: npm run gateway -- user reset ${name}`, exitCodes.attention);
  if (options.json) printJson(context, { name, role: options.role, ...(password === undefined ? {} : { oneTimePassword: password }) });
  else context.out(`User ${name} (${options.role}) is made. ${password === undefined ? 'The reverse proxy signs it on.' : `One-time password, shown only now: ${password}`}\n`);
  return exitCodes.ok;
}

export async function listUsersCommand(context: CliContext, options: { json?: boolean }): Promise<ExitCode> {
  const users = (await withUsers(context, (store) => store.all())).map(({ passwordHash, ...u }) => ({ ...u, signOn: passwordHash === undefined ? 'proxy' : 'password' }));
  const rows = users.map((u) => [u.name, u.role, u.disabled ? 'disabled' : u.lockedUntil !== undefined && Date.parse(u.lockedUntil) > context.clock.now().getTime() ? 'locked' : u.mustChangePassword ? 'must change password' : '', u.lastLoginAt ?? 'never']);
  if (options.json) printJson(context, users);
  else context.out(users.length === 0 ? 'There is no user yet: npm run gateway -- user create <name> --role administrator\n' : `${formatTable(['user', 'role', 'state', 'last login'], rows)}\n`);
  return exitCodes.ok;
}

async function changeUserCommand(context: CliContext, name: string, action: string, change: UserChange, said: string): Promise<ExitCode> {
  const user = await withUsers(context, (users) => users.change(name, change, cliActor(context), { action: 'user.change', detail: { [action]: true } }));
  if (user === undefined) throw new CommandFailure(`there is no user ${name}; npm run gateway -- user list shows them`, exitCodes.attention);
  if (user === 'last') throw new CommandFailure(`${name} is the last administrator; make another one first`, exitCodes.attention);
  context.out(`${said}\n`);
  return exitCodes.ok;
}

export function registerUser(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const user = program.command('user').description('users of the ops page: create, list, reset, unlock, disable, enable');
  user
    .command('create').argument('<name>').description('make a user and print its one-time password; there is no default password')
    .requiredOption('--role <role>', roles.join(', ')).option('--proxy', 'without a password: the reverse proxy signs on').option('--json', 'for machines')
    .addHelpText('after', helpText('viewer looks; operator also acts; finance also reconciles; administrator does all and keeps the users; clerk answers the hotline (/inquiry/desk) and sees nothing else.', 'user create li.na --role administrator'))
    .action(async (name: string, options: { role: string; proxy?: boolean; json?: boolean }) => end(await createUserCommand(context, name, options)));
  user.command('list').description('all users').option('--json', 'for machines').action(async (options: { json?: boolean }) => end(await listUsersCommand(context, options)));
  user
    .command('reset').argument('<name>').description('print a new one-time password, end the sessions, unlock')
    .action(async (name: string) => {
      const password = oneTimePassword();
      end(await changeUserCommand(context, name, 'reset', { unlock: true, password: { hash: await hashPassword(password), mustChange: true } }, `One-time password of ${name}, shown only now: ${password}`));
    });
  user.command('unlock').argument('<name>').description('end a lock after wrong passwords').action(async (name: string) => end(await changeUserCommand(context, name, 'unlock', { unlock: true }, `${name} may try again.`)));
  user.command('disable').argument('<name>').description('end the sessions and let nobody sign on').action(async (name: string) => end(await changeUserCommand(context, name, 'disable', { disabled: true }, `${name} is disabled.`)));
  user.command('enable').argument('<name>').description('let a disabled user sign on again').action(async (name: string) => end(await changeUserCommand(context, name, 'enable', { disabled: false }, `${name} may sign on.`)));
}
