import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { DeadManPoller } from '../../src/alarm/dead-man.poller.js';
import { NoticePoller } from '../../src/alarm/notice.poller.js';
import { Notifiers } from '../../src/alarm/notifiers.adapter.js';
import { WatchPoller } from '../../src/alarm/watch.poller.js';
import type { Notice } from '../../src/domain/alarm-notice.js';
import type { AlarmSettings } from '../../src/domain/alarm-settings.js';
import { channelSchema } from '../../src/domain/settings.js';
import { AlarmNoticeStore } from '../../src/ledger/alarm-notice.store.js';
import { alarmKinds } from '../../src/domain/alarm-kinds.js';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { StandingStore } from '../../src/ledger/standing.store.js';
import { refreshAlarms } from '../../src/ops/health.controller.js';
import { nationalYears } from '../../src/platform/calendar/national-years.adapter.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { MetricsAdapter } from '../../src/platform/metrics.adapter.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

const minute = 60_000;
const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const always = (): Promise<boolean> => Promise.resolve(true);

class HeldClock extends Clock {
  constructor(private ms: number) { super(); }
  now(): Date { return new Date(this.ms); }
  pass(ms: number): void { this.ms += ms; }
}

interface Mail { subject: string; text: string; messageId: string; to: string[] }
/** A mail server that keeps what it gets; `refuse` answers 451 to every recipient. */
async function startMail(options: { login?: boolean } = {}): Promise<{ port: number; mails: Mail[]; refuse: boolean; stop(): Promise<void> }> {
  const state = { port: 0, mails: [] as Mail[], refuse: false, stop: (): Promise<void> => new Promise((resolve) => server.close(() => resolve())) };
  const server = new SMTPServer({
    authOptional: options.login !== true, disabledCommands: options.login === true ? [] : ['AUTH', 'STARTTLS'], allowInsecureAuth: true, logger: false,
    onAuth: (auth, _session, done) => (auth.username === 'gateway' && auth.password === 'right' ? done(null, { user: 'gateway' }) : done(new Error('no'))),
    onRcptTo: (_address, _session, done) => (state.refuse ? done(Object.assign(new Error('try later'), { responseCode: 451 })) : done()),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (c: Buffer) => chunks.push(c));
      stream.on('end', () => {
        state.mails.push({ ...readMail(Buffer.concat(chunks).toString('latin1')), to: session.envelope.rcptTo.map((r) => r.address) });
        done();
      });
    },
  });
  server.on('error', () => undefined); // a client that hangs up
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  state.port = (server.server.address() as AddressInfo).port;
  return state;
}
function readMail(source: string): Omit<Mail, 'to'> {
  const [head, ...body] = source.split('\r\n\r\n');
  const header = (name: string): string => new RegExp(`^${name}: ((?:.|\\r\\n[ \\t])*)`, 'mi').exec(head!)?.[1]?.replace(/\r\n[ \t]+/g, ' ').trim() ?? '';
  const words = (t: string): string => t.replace(/\?=\s+=\?/g, '?==?').replace(/=\?UTF-8\?([BQ])\?(.*?)\?=/gi, (_m, how: string, v: string) => (how.toUpperCase() === 'B' ? Buffer.from(v, 'base64') : Buffer.from(v.replaceAll('_', ' ').replace(/=([0-9A-F]{2})/g, (_x, h: string) => String.fromCharCode(parseInt(h, 16))), 'latin1')).toString('utf8'));
  const raw = body.join('\r\n\r\n');
  const text = /base64/i.test(header('Content-Transfer-Encoding')) ? Buffer.from(raw, 'base64').toString('utf8') : Buffer.from(raw.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_m, h: string) => String.fromCharCode(parseInt(h, 16))), 'latin1').toString('utf8');
  return { subject: words(header('Subject')), text, messageId: header('Message-ID') };
}

/** A webhook that keeps what it gets and checks the signature; `status` is what it answers. */
async function startHook(): Promise<{ url: string; got: Notice[]; ids: string[]; status: number; stop(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (c: Buffer) => chunks.push(c));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      if (state.status < 300 && request.method === 'POST') {
        // The held clock is not that of the library: the signature is compared, its age not.
        const [id, timestamp] = [String(request.headers['webhook-id']), Number(request.headers['webhook-timestamp'])];
        if (new Webhook(secret).sign(id, new Date(timestamp * 1000), body) !== request.headers['webhook-signature']) response.statusCode = 401;
        else { state.got.push(JSON.parse(body) as Notice); state.ids.push(id); }
      }
      if (state.status >= 300) response.statusCode = state.status;
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const state = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hidden-token`, got: [] as Notice[], ids: [] as string[], status: 200, stop: (): Promise<void> => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }) };
  return state;
}

let folder: string;
let ledger: DatabaseAdapter;
let mail: Awaited<ReturnType<typeof startMail>>;
let hook: Awaited<ReturnType<typeof startHook>>;
let clock: HeldClock;
let lines: { level: number; msg: string; kind?: string }[];
let settings: ConstructorParameters<typeof WatchPoller>[0]['settings'];

beforeAll(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-alarms-')); });
beforeEach(async () => {
  [ledger, mail, hook] = [await openPostgres(await freshDatabase('alarms'), true), await startMail(), await startHook()];
  clock = new HeldClock(Date.parse('2026-10-20T02:00:00Z')); // a Tuesday, 10:00 in Shanghai
  lines = [];
  const alarms: AlarmSettings = {
    everyMs: 15_000, settleMs: minute, groupMs: 0, remindEveryMs: 60 * minute, oldestDueMs: 15 * minute, blockedLanesMs: 120 * minute, blockedLanes: 50, pausedMs: 60 * minute, pollAgeMs: 2 * minute, oddAcknowledgementsMs: 60 * minute, ledgerMaxMiB: 0,
    disks: { paths: [], minFreePercent: 0, minFreeMiB: 0 }, webhook: { url: hook.url, secret, timeoutMs: 2000 },
    email: { host: '127.0.0.1', port: mail.port, tls: 'none', from: 'gateway@bureau.example', to: ['night@bureau.example', 'day@bureau.example'], timeoutMs: 2000 }, deadMan: { everyMs: 1000, pollAgeMs: 2 * minute },
  };
  const channel = channelSchema.parse({ channel: 'center', title: 'c', stream: 'case', encoding: 'UTF-8', messages: {}, staging: { adapter: 'directory', directory: { path: folder } }, expectations: { pickUpMs: 30 * minute }, acknowledgement: { files: true } });
  settings = {
    instance: 'yiyang', alarms, expectations: { captureMs: 240 * minute, pickUpMs: 120 * minute, acknowledgementMs: 240 * minute, returnFilesMs: 0 }, channels: [channel], bureau: { streams: ['case'] } as never,
    capture: { standingAlarmMs: 5 * minute } as never, queue: { allowVolatile: false } as never, ledger: { allowVolatile: true } as never,
    calendar: { version: 't', national: nationalYears(), local: [], hours: [{ spans: [{ fromMs: 8.5 * 60 * minute, untilMs: 17.5 * 60 * minute }] }] },
  };
  await new ChannelStore(ledger, clock, { failuresToOpen: 1, probeEveryMs: 1000 }).ensure(['center']);
  await polled();
});
afterEach(async () => {
  await ledger.close();
  await mail.stop();
  await hook.stop();
});
afterAll(async () => {
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
});

interface Scheduler { watch: WatchPoller; notices: NoticePoller; alarms: AlarmStore; queue: { problem?: string; volatile: string[] }; channels: ChannelStore }
/** What one scheduler process has; two of them share only the ledger. */
function scheduler(over: Partial<AlarmSettings> = {}, database = ledger): Scheduler {
  const alarmSettings = { ...settings.alarms, ...over };
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) });
  const rules = new Map([['center', 'accepted' as const]]);
  const capture = new CaptureStore(database, clock, new ExchangeStore(database, clock, rules, { firstDelayMs: 1, maxDelayMs: 1, maxAttempts: 1, maxCrashes: 1 }), rules);
  const [alarms, notices, channels] = [new AlarmStore(database, clock), new AlarmNoticeStore(database, clock), new ChannelStore(database, clock, { failuresToOpen: 1, probeEveryMs: 1000 })];
  const notifiers = new Notifiers(alarmSettings, 'yiyang', clock, log);
  const queue: Scheduler['queue'] = { volatile: [] };
  const watch = new WatchPoller({ settings: { ...settings, alarms: alarmSettings }, notifiers: notifiers.names, alarms, notices, standing: new StandingStore(database, clock), channels, capture, doorbell: { standing: () => Promise.resolve(queue) }, clock });
  return { watch, notices: new NoticePoller(notices, notifiers, clock, log), alarms, queue, channels };
}
/** The bureau was polled just now and something changed. */
async function polled(): Promise<void> {
  await ledger.run(raw(`insert into watermark (stream, position, position_version, held_back, polled_at) values ('case', '{}', 0, 0, '${clock.iso()}') on conflict (stream) do update set polled_at = excluded.polled_at`));
  await ledger.run(raw(`insert into case_snapshot (id, stream, case_no, digest, body, taken_at) select coalesce(max(id), 0) + 1, 'case', 'c', 'd', '{}', '${clock.iso()}' from case_snapshot`));
}
async function look(s: Scheduler, after = 0): Promise<string[]> {
  clock.pass(after);
  await polled();
  const open = await s.watch.look();
  await s.notices.send(always);
  return open.map((a) => a.key);
}
const exchange = (id: number, state: string, sinceMs: number, more = ''): Promise<unknown> => ledger.run(raw(`insert into exchange (id, channel, stream, case_no, event, sequence, version, operation, state, lane_position, head, urgent, snapshot_id, event_digest, event_at, message_id, file_name, captured_at, state_since, due_at${more === '' ? '' : ', failure_code'})
  values (${id}, 'center', 'case', 'c${id}', 'result', '1', 1, 'I', '${state}', ${id}, 1, 0, 1, 'd', '', 'm${id}', 'f${id}', '${clock.iso()}', '${clock.after(-sinceMs)}', '${clock.iso()}'${more === '' ? '' : `, '${more}'`})`));

it('tells by log, webhook and mail, reminds, and says when it is over', async () => {
  const s = scheduler();
  await s.channels.noteFailure('center', 'staging-full', 'No space left');
  expect(await look(s)).toEqual([]); // not yet a minute
  expect(await look(s, minute)).toEqual(['breaker-open:center']);
  expect(hook.got).toHaveLength(1);
  expect(hook.got[0]).toMatchObject({ type: 'gateway.alarms', instance: 'yiyang', open: 1, standing: [], ended: [], raised: [{ kind: 'breaker-open', severity: 'critical', count: 1, titleZh: '通道停止', alarms: [{ key: 'breaker-open:center', channel: 'center', text: 'channel center: stands still for 1 min: staging-full' }] }] });
  expect(mail.mails).toHaveLength(1);
  expect(mail.mails[0]).toMatchObject({ to: ['night@bureau.example', 'day@bureau.example'], subject: '[yiyang] 【严重 critical】1 项新告警 new: 通道停止' });
  expect(mail.mails[0]!.text).toContain('处理办法：请用 gateway status 查看原因；探测成功后自动恢复');
  expect(mail.mails[0]!.text).toContain('→ ask the center to empty it; delivery goes on by itself');
  expect(mail.mails[0]!.messageId).toBe(`<${hook.ids[0]}@yiyang>`);
  expect(lines.filter((l) => l.kind === 'breaker-open').map((l) => [l.level, l.msg])).toEqual([[50, 'alarm: a channel stands still']]);

  const metrics = new MetricsAdapter({ processMetrics: false });
  await refreshAlarms(metrics, s.alarms);
  expect(await metrics.registry.getSingleMetricAsString('gateway_alarm')).toContain('gateway_alarm{kind="breaker-open",channel="center"} 1');

  for (let i = 0; i < 6; i++) await look(s, 10 * minute);
  expect(hook.got.map((n) => [n.raised.length, n.standing.length, n.ended.length])).toEqual([[1, 0, 0], [0, 1, 0]]);
  expect(await s.alarms.acknowledge('breaker-open:center', 'admin li')).toBe(true);
  for (let i = 0; i < 12; i++) await look(s, 10 * minute);
  expect(hook.got).toHaveLength(2);

  await s.channels.noteSuccess('center');
  expect(await look(s, 1000)).toEqual(['breaker-open:center']);
  expect(await look(s, minute)).toEqual([]);
  expect(hook.got.at(-1)).toMatchObject({ open: 0, raised: [], ended: [{ kind: 'breaker-open', count: 1 }] });
  expect(mail.mails).toHaveLength(3);
  expect(mail.mails[2]!.subject).toBe('[yiyang] 1 项解除 ended: 通道停止');
  await refreshAlarms(metrics, s.alarms);
  expect(await metrics.registry.getSingleMetricAsString('gateway_alarm')).toContain('gateway_alarm{kind="breaker-open",channel="center"} 0');
});

it('reads from the ledger what stands still, in working time, by the channel\'s own expectation', async () => {
  const s = scheduler({ settleMs: 0 });
  await exchange(1, 'staged', 29 * minute);
  await exchange(2, 'parked', 3 * minute, 'worker-killed');
  await exchange(3, 'captured', 3 * minute);
  await ledger.run(raw(`insert into acknowledgement (inbox_id, ordinal, channel, message_id, level, received_at, class) values (1, 1, 'center', 'x', 'accepted', '${clock.iso()}', 'unknown')`));
  await ledger.run(raw(`insert into mirror_finding (channel, directory, name, kind, detail, first_seen, last_seen) values ('center', 'in', 'a.xml', 'foreign', 'd', '${clock.iso()}', '${clock.iso()}')`));
  await ledger.run(raw(`insert into completeness_run (id, stream, kind, caused_by, started_at, ended_at, outcome, figures) values ('r', 'case', 'full', 't', '${clock.iso()}', '${clock.iso()}', 'complete', '{"findings":{"missing":2},"heldBack":0}')`));
  s.queue.volatile = ['appendonly is off, expected appendonly yes'];
  const atFirst = ['acknowledgement-odd:center:unknown', 'completeness-findings:case', 'mirror-findings:center:foreign', 'queue-volatile', 'worker-killed:center'];
  expect((await look(s)).sort()).toEqual(atFirst);
  expect((await look(s, 2 * minute)).sort()).toEqual([...atFirst, 'pick-up-silent:center'].sort());
  expect((await look(s, 15 * minute)).sort()).toEqual([...atFirst, 'oldest-due:center', 'pick-up-silent:center'].sort());
  expect((await look(s, 50 * minute)).sort()).not.toContain('acknowledgement-odd:center:unknown'); // no longer news
  s.queue.problem = 'connect ECONNREFUSED';
  expect(await look(s, minute)).toContain('queue-unreachable');
  await s.channels.pause('center', 'moving', 'admin');
  await look(s, minute);
  expect(await look(s, 59 * minute)).not.toContain('channel-paused:center');
  expect(await look(s, 2 * minute)).toContain('channel-paused:center');
  await s.channels.resume('center');
  await look(s, minute);
  await s.channels.pause('center', 'again', 'admin'); // counts anew
  expect(await look(s, minute)).not.toContain('channel-paused:center');
});

it('two schedulers at once tell each thing once', async () => {
  const other = await openPostgres(ledger.source.options.type === 'postgres' ? String((ledger.source.options as { url?: string }).url) : '');
  try {
    const pair = [scheduler({ settleMs: 0 }), scheduler({ settleMs: 0 }, other)];
    for (const s of pair) s.queue.problem = 'gone';
    await exchange(1, 'staged', 31 * minute);
    for (let i = 0; i < 10; i++) {
      await Promise.all(pair.flatMap((s) => [s.watch.look(), s.watch.look(), s.notices.send(always), s.notices.send(always)]));
      if (i === 5) {
        await ledger.run(raw(`update exchange set state = 'accepted'`));
        clock.pass(minute);
        await polled();
      }
    }
    await pair[0]!.notices.send(always);
    const counts = (groups: Notice['raised']): string[] => groups.map((g) => `${g.kind} ${g.count}`);
    expect(hook.got.flatMap((n) => counts(n.raised)).sort()).toEqual(['pick-up-silent 1', 'queue-unreachable 1']);
    expect(hook.got.flatMap((n) => counts(n.ended))).toEqual(['pick-up-silent 1']);
    expect(new Set(hook.ids).size).toBe(hook.ids.length);
    expect(mail.mails).toHaveLength(hook.got.length);
  } finally {
    await other.close();
  }
});

it('a way that fails holds up no other, is an alarm itself, and is made up for later with the same id', async () => {
  const s = scheduler({ settleMs: 0 });
  s.queue.problem = 'gone';
  hook.status = 503;
  await look(s);
  expect(mail.mails).toHaveLength(1);
  expect(await look(s, 6_000)).toEqual(['queue-unreachable']); // the second attempt fails
  expect(await look(s, 11_000)).toEqual(['queue-unreachable', 'notifier-failed:webhook']);
  expect(mail.mails.at(-1)!.text).toContain('1 notice not sent by webhook, the oldest for 17 s: the webhook answered 503, expected 2xx');
  expect(JSON.stringify([mail.mails, lines])).not.toContain('hidden-token');
  hook.status = 200;
  for (let i = 0; i < 4; i++) await look(s, 15 * minute);
  expect(hook.got.flatMap((n) => n.raised.map((g) => g.kind))).toEqual(['queue-unreachable', 'notifier-failed']);
  expect((await s.alarms.all()).find((a) => a.key === 'notifier-failed:webhook')?.endedAt).toBeDefined();

  mail.refuse = true;
  hook.status = 200;
  s.queue.problem = undefined as never;
  await look(s, 20 * minute);
  const before = hook.got.length;
  s.queue.volatile = ['maxmemory-policy is allkeys-lru, expected noeviction'];
  await look(s, minute);
  expect(hook.got.length).toBe(before + 1);
  const notices = await new AlarmNoticeStore(ledger, clock).failing(1);
  expect(notices).toEqual([expect.objectContaining({ notifier: 'email', failure: expect.stringContaining('451') })]);
});

it('a sender that died between sending and writing so sends again under the same id; nothing is lost', async () => {
  const s = scheduler({ settleMs: 0 });
  s.queue.problem = 'gone';
  await polled();
  await s.watch.look();
  const store = new AlarmNoticeStore(ledger, clock);
  const claimed = await store.claim('webhook', 120_000);
  expect(await store.claim('webhook', 120_000)).toBeUndefined(); // nobody else sends it now
  await s.notices.send(always);
  expect(hook.got).toHaveLength(0);
  clock.pass(120_001);
  await s.notices.send(always);
  expect(hook.ids).toEqual([claimed!.notice.id]);
});

it('a server that says nothing costs its time limit and no more', async () => {
  const open = new Set<Socket>();
  const silent = createTcpServer((socket) => { open.add(socket); socket.on('error', () => undefined); });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()));
  const port = (silent.address() as AddressInfo).port;
  try {
    const notifiers = new Notifiers({ ...settings.alarms, webhook: { url: `http://127.0.0.1:${port}/`, secret, timeoutMs: 300 }, email: { ...settings.alarms.email, port, timeoutMs: 300 } }, 'yiyang', clock, pino({ level: 'silent' }));
    const notice: Notice = { type: 'gateway.alarms.test', id: 't', at: clock.iso(), instance: 'yiyang', open: 0, raised: [], standing: [], ended: [] };
    await expect(notifiers.send('webhook', notice)).rejects.toThrow(/the webhook cannot be reached/);
    await expect(notifiers.send('email', notice)).rejects.toThrow(/the mail was not taken by 127.0.0.1/);
  } finally {
    for (const socket of open) socket.destroy();
    await new Promise<void>((resolve) => silent.close(() => resolve()));
  }
});

it('logs in to the mail server, demands TLS where it is to, and names no password', async () => {
  const guarded = await startMail({ login: true });
  try {
    const send = (email: Partial<AlarmSettings['email']>): Promise<void> => new Notifiers({ ...settings.alarms, email: { ...settings.alarms.email, port: guarded.port, ...email } }, 'yiyang', clock, pino({ level: 'silent' }))
      .send('email', { type: 'gateway.alarms.test', id: 't', at: clock.iso(), instance: 'yiyang', open: 0, raised: [], standing: [], ended: [] });
    await send({ tls: 'none', user: 'gateway', password: 'right' });
    expect(guarded.mails[0]!.subject).toBe('[yiyang] 告警测试 alarm test');
    const wrong = await send({ tls: 'none', user: 'gateway', password: 'hidden-word' }).catch((e: unknown) => (e as Error).message);
    expect(wrong).toMatch(/EAUTH 535/);
    expect(wrong).not.toContain('hidden-word');
    // its certificate is nobody's
    await expect(send({ tls: 'starttls', user: 'gateway', password: 'right' })).rejects.toThrow(/certificate|ESOCKET|ETLS/);
    await expect(send({ tls: 'starttls', port: mail.port })).rejects.toThrow(/STARTTLS|ETLS/); // not offered: refused, not sent in clear
  } finally {
    await guarded.stop();
  }
});

it('stages raise and clear alarms of their own', async () => {
  const s = scheduler();
  await s.alarms.raise('stage-alarm:statement', 'stage-alarm', { en: 'the statement of 2026-10-19 does not balance', zh: '2026-10-19 的对账单不平' }, { en: 'look at the differences' }, { severity: 'critical', channel: 'center' });
  expect(await look(s)).toEqual([]);
  await s.alarms.raise('stage-alarm:statement', 'stage-alarm', { en: 'the statement of 2026-10-19 does not balance: 3 differences', zh: '2026-10-19 的对账单不平：3 处差异' }, { en: 'look at the differences' }, { severity: 'critical', channel: 'center' });
  await s.alarms.raise('queue-emptied', 'queue-emptied', { en: 'emptied', zh: '被清空' }, undefined, { forMs: 5 * minute });
  expect(await look(s, minute)).toEqual(['stage-alarm:statement', 'queue-emptied']);
  expect(await s.alarms.open()).toMatchObject([
    { key: 'queue-emptied', textZh: '被清空', remedyZh: alarmKinds['queue-emptied'].remedyZh }, { key: 'stage-alarm:statement', textZh: '2026-10-19 的对账单不平：3 处差异', remedyZh: '见告警内容' },
  ]);
  expect(hook.got[0]!.raised[0]).toMatchObject({ severity: 'critical', alarms: [{ text: 'the statement of 2026-10-19 does not balance: 3 differences', remedy: 'look at the differences' }] });
  await s.alarms.clear('stage-alarm:statement');
  await s.alarms.clear('stage-alarm:nobody');
  await look(s, minute);
  expect(await look(s, 4 * minute)).toEqual(['queue-emptied']);
  expect(await look(s, minute)).toEqual([]);
  expect(hook.got.at(-1)!.ended.map((g) => g.kind)).toEqual(['queue-emptied']);
});

it('tells a disk that is full, and one that is not there', async () => {
  const s = scheduler({ settleMs: 0, disks: { paths: [folder, path.join(folder, 'gone')], minFreePercent: 100, minFreeMiB: 0 } });
  expect((await look(s)).sort()).toEqual([`disk-low:${os.hostname()}:${folder}`, `disk-low:${os.hostname()}:${path.join(folder, 'gone')}`].sort());
});

it('tells a ledger whose settings somebody changed, unless that is on purpose', async () => {
  expect(await look(scheduler({ settleMs: 0 }))).toEqual([]);
  settings = { ...settings, ledger: { allowVolatile: false } as never };
  // The tests' own PostgreSQL does not write through.
  expect(await look(scheduler({ settleMs: 0 }))).toEqual(['ledger-unfit']);
});

describe('the sign of life', () => {
  it('is given by file and URL only while polls and alarms are fresh and the ledger can be written', async () => {
    const file = path.join(folder, 'alive.json');
    const s = scheduler();
    const log = pino({ level: 'silent' });
    const rules = new Map([['center', 'accepted' as const]]);
    const capture = new CaptureStore(ledger, clock, new ExchangeStore(ledger, clock, rules, { firstDelayMs: 1, maxDelayMs: 1, maxAttempts: 1, maxCrashes: 1 }), rules);
    const parts = (url: string, to = file) => ({ settings: { ...settings, alarms: { ...settings.alarms, deadMan: { file: to, url, everyMs: 30_000, pollAgeMs: 2 * minute } } }, alarms: s.alarms, capture, clock, log });
    const deadMan = new DeadManPoller(parts(hook.url));
    expect(deadMan.configured).toBe(true);
    expect(await deadMan.live()).toBe(false); // alarms were never judged
    await look(s);
    expect(await deadMan.live()).toBe(true);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ instance: 'yiyang', pid: process.pid, at: clock.iso(), streams: [{ stream: 'case', polledAt: clock.iso() }] });
    rmSync(file);
    clock.pass(minute + 15_000);
    expect(await deadMan.live()).toBe(false); // nobody judges alarms any more
    await look(s, 0);
    expect(await deadMan.live()).toBe(true);
    rmSync(file);
    clock.pass(3 * minute);
    await s.watch.look(); // alarms are judged, but nobody polls
    expect(await deadMan.live()).toBe(false);
    expect(() => statSync(file)).toThrow();

    await look(s);
    const broken = new DeadManPoller(parts('http://127.0.0.1:1/', path.join(folder, 'no', 'where')));
    expect(await broken.live()).toBe(false);
    await look(s, 30_000);
    expect(await broken.live()).toBe(false);
    expect((await look(s, 30_000)).sort()).toEqual([`dead-man-failed:${os.hostname().slice(0, 40)}:file`, `dead-man-failed:${os.hostname().slice(0, 40)}:url`]);
    await ledger.close();
    await expect(deadMan.live()).rejects.toThrow();
    expect(() => statSync(file)).toThrow();
    ledger = await openPostgres(await freshDatabase('alarms'), true); // for the end of the test
  });
});
