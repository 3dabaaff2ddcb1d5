import type { Command } from 'commander';
import { randomUUID } from 'node:crypto';
import { Notifiers } from '../alarm/notifiers.adapter.js';
import { testNotice } from '../domain/alarm-notice.js';
import { formatDuration } from '../domain/format-duration.js';
import { AlarmStore } from '../ledger/alarm.store.js';
import type { Alarm } from '../ledger/plan-alarms.js';
import { createLog } from '../platform/log.adapter.js';
import { actorOf, CommandFailure, exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { formatInstant } from './format-terminal.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';

/** Lists the alarms that stand, or with `all` each one that ever was; exit code 1 while one stands that nobody took care of. */
export async function alarmsCommand(context: CliContext, options: { all?: boolean; json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const alarms = await withLedger(context, settings, ({ database }) => {
    const store = new AlarmStore(database, context.clock);
    return options.all ? store.all() : store.open();
  });
  if (options.json) printJson(context, alarms);
  else context.out(formatAlarms(alarms, context.clock.now().getTime()));
  return alarms.some((a) => a.endedAt === undefined && a.acknowledgedBy === undefined) ? exitCodes.attention : exitCodes.ok;
}

/** Notes that somebody takes care of an alarm, which ends its reminders. */
export async function acknowledgeAlarmCommand(context: CliContext, key: string, options: { json?: boolean }): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  await withLedger(context, settings, async ({ database }) => {
    const store = new AlarmStore(database, context.clock);
    if (await store.acknowledge(key, actorOf(context))) return;
    const keys = (await store.open()).map((a) => a.key);
    throw new CommandFailure(`no alarm ${key} stands; ${keys.length === 0 ? 'none does' : `these do: ${keys.join(', ')}`}`, exitCodes.usage);
  });
  if (options.json) printJson(context, { key, acknowledgedBy: actorOf(context) });
  else context.out(`${key} is acknowledged: no reminders until it ends.\n`);
  return exitCodes.ok;
}

/** Sends a test notice on every configured way and says what happened; needs no ledger. */
export async function testAlarmsCommand(context: CliContext, options: { json?: boolean }): Promise<ExitCode> {
  const { alarms, instance } = settingsOrFail(context);
  const notifiers = new Notifiers(alarms, instance, context.clock, createLog({ level: 'silent', instance }));
  const notice = testNotice(`test-${randomUUID()}`, context.clock.iso(), instance);
  const results = await Promise.all(notifiers.names.filter((n) => n !== 'log').map(async (notifier) => {
    try {
      await notifiers.send(notifier, notice);
      return { notifier, sent: true };
    } catch (error) {
      return { notifier, sent: false, problem: (error as Error).message };
    }
  }));
  const off = ['webhook', 'email'].filter((name) => !notifiers.names.includes(name));
  if (options.json) printJson(context, { id: notice.id, results, off });
  else {
    for (const r of results) context.out(r.sent ? `ok     ${r.notifier}: taken by the other side; look whether it arrived\n` : `fault  ${r.notifier}: ${r.problem}\n`);
    for (const name of off) context.out(`off    ${name}: not configured (alarms.${name} in config/default.yaml)\n`);
    context.out('ok     log and metric: always on (gateway_alarm{kind,channel})\n');
  }
  return results.some((r) => !r.sent) ? exitCodes.attention : exitCodes.ok;
}

function formatAlarms(alarms: readonly Alarm[], nowMs: number): string {
  if (alarms.length === 0) return 'No alarm stands.\n';
  const age = (from: string, to: string | undefined): string => formatDuration((to === undefined ? nowMs : Date.parse(to)) - Date.parse(from));
  return `${alarms.map((a) => [
    `${a.endedAt !== undefined ? 'over    ' : a.severity === 'critical' ? 'CRITICAL' : 'warning '}  ${a.key}  since ${formatInstant(a.since)}, ${a.endedAt === undefined ? `for ${age(a.since, undefined)}` : `lasted ${age(a.since, a.endedAt)}`}${a.count > 1 ? `, ${a.count} times` : ''}`,
    `  ${a.text}`,
    ...(a.endedAt === undefined ? [`  → ${a.remedy}`] : []),
    ...(a.endedAt === undefined && a.acknowledgedBy !== undefined ? [`  taken care of by ${a.acknowledgedBy}`] : []),
    ...(a.endedAt === undefined && a.notifiedAt === undefined ? ['  not yet told'] : []),
  ].join('\n')).join('\n\n')}\n`;
}

const help = `
Examples:
  npm run -s gateway -- alarms
  npm run -s gateway -- alarms --all --json
  npm run -s gateway -- alarms ack breaker-open:center
  npm run -s gateway -- alarms test

Exit codes:
  0   ok
  1   an alarm stands that nobody acknowledged, or a test notice could not be sent
  2   wrong usage
  69  a connection failed
  78  the configuration is faulty
`;

/** `gateway alarms`, `alarms ack <key>`, `alarms test`. */
export function registerAlarms(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const alarms = program
    .command('alarms')
    .description('alarms 告警 that stand, with their remedies; ack and test')
    .option('--all', 'also those that are over')
    .option('--json', 'for machines')
    .addHelpText('after', help)
    .action(async (options: { all?: boolean; json?: boolean }) => end(await alarmsCommand(context, options)));
  alarms
    .command('ack')
    .description('note that somebody takes care of it: no reminders until it ends')
    .argument('<key>', 'as gateway alarms shows it')
    .addHelpText('after', help)
    .action(async (key: string, _own: object, command: Command) => end(await acknowledgeAlarmCommand(context, key, command.optsWithGlobals())));
  alarms
    .command('test')
    .description('send a test notice on every configured way and say what happened')
    .addHelpText('after', help)
    .action(async (_own: object, command: Command) => end(await testAlarmsCommand(context, command.optsWithGlobals())));
}
