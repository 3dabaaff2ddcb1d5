import { createHash, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { AcknowledgementStore } from '../../src/ledger/acknowledgement.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import { InboxStore } from '../../src/ledger/inbox.store.js';
import { MessageStore } from '../../src/ledger/message.store.js';
import { RetentionPoller } from '../../src/ledger/retention.poller.js';
import { RetentionStore } from '../../src/ledger/retention.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { freshDatabase, openPostgres, stopPostgres } from '../support/postgres.js';

const log = pino({ level: 'silent' });
const always = (): Promise<boolean> => Promise.resolve(true);
const sha256 = (b: Buffer): string => createHash('sha256').update(b).digest('hex');
const time = { now: new Date('2020-01-01T00:00:00Z') };
const clock = { now: () => new Date(time.now), iso: () => time.now.toISOString(), after: (ms: number) => new Date(time.now.getTime() + ms).toISOString() };
const settings = { scheduled: true, keepDays: 365, batch: 2, at: '02:30' };
const before = '2025-01-01T00:00:00.000Z';

let db: DatabaseAdapter;
let capture: CaptureStore;
let exchanges: ExchangeStore;
let messages: MessageStore;
let inbox: InboxStore;
let acknowledgements: AcknowledgementStore;
let view: ExchangeViewStore;
let retention: RetentionPoller;
let store: RetentionStore;

beforeEach(async () => {
  db = await openPostgres(await freshDatabase('retention'), true);
  const rules = new Map([['center', 'accepted' as const]]);
  time.now = new Date('2020-01-01T00:00:00Z');
  exchanges = new ExchangeStore(db, clock, rules, { firstDelayMs: 1, maxDelayMs: 2, maxAttempts: 3, maxCrashes: 3 });
  capture = new CaptureStore(db, clock, exchanges, rules);
  messages = new MessageStore(db, clock, exchanges);
  inbox = new InboxStore(db, clock);
  acknowledgements = new AcknowledgementStore(db, clock, exchanges, inbox);
  view = new ExchangeViewStore(db, clock);
  store = new RetentionStore(db, clock);
  retention = new RetentionPoller(store, settings, clock, log);
});
afterEach(() => db.close());
afterAll(stopPostgres);

const scan = (caseNo: string) => {
  const content = Buffer.from(`scan of ${caseNo}`);
  return { signature: createHash('md5').update(content).digest('hex'), size: content.length, sha256: sha256(content), content };
};

/** A case with an application and an acceptance, each from a snapshot of its own, and as many versions as given. */
async function made(caseNo: string, to: 'accepted' | 'staged' | 'refused' = 'accepted'): Promise<void> {
  const event = (name: string, phase: number, digest: string) => ({ channel: 'center', event: name, sequence: '1', at: '2020-01-01 09:00:00.000', phase, urgent: false, digest });
  await capture.storeAttachments([scan(caseNo)]);
  const states = [[event('application', 10, 'a')], [event('application', 10, 'a'), event('acceptance', 30, 'b')], [event('application', 10, 'a2'), event('acceptance', 30, 'b')]];
  for (const [i, events] of states.entries()) {
    await capture.record('case', [{ caseNo, body: JSON.stringify({ n: i, text: '益阳'.repeat(50) }), digest: `${caseNo}${i}`, events }]);
    const token = randomUUID();
    const rows = await exchanges.claim('center', 'captured', { limit: 10, token, claimMs: 60_000 });
    const { content: _content, ...file } = scan(caseNo);
    await messages.recordRendered(rows.map((row) => {
      const content = Buffer.from(`<${row.event} v="${row.version}">${caseNo}</${row.event}>`);
      return { row, content, sha256: sha256(content), encoding: 'UTF-8', mappingDigest: 'm', attachments: row.event === 'application' ? [{ ...file, fileName: `${caseNo}.a01.pdf` }] : [] };
    }), [], { actor: 'mapping', claimToken: token });
    await db.transaction((r) => exchanges.move(r, rows.map((row) => ({ id: row.id, from: 'rendered' as const, to: 'staged' as const, note: 'staged' })), { actor: 'delivery' }));
    await db.transaction((r) => exchanges.log(r, rows.map((row) => ({ exchangeId: row.id, note: 'attempt-1-failed', detail: 'x' })), 'delivery'));
    const last = i === states.length - 1;
    if (last && to === 'staged') continue;
    const [receipt] = await inbox.receive([{ channel: 'center', source: 'http', externalId: `${caseNo} ${i}`, contentType: 'application/json', content: Buffer.from(`acks of ${caseNo} ${i}`) }]);
    await acknowledgements.record('center', [{ inboxId: receipt!.id, channel: 'center', receivedAt: clock.iso(), acknowledgements: rows.map((row) => ({ messageId: row.messageId, level: last && to === 'refused' ? ('refused' as const) : ('accepted' as const) })) }]);
  }
}
const count = async (what: string): Promise<number> => Number((await db.run(raw(`select count(*) as n from ${what}`))).rows[0]!['n']);

it('takes contents of what is settled and old, leaves hash, size and outcome, and touches nothing that is open, young or in doubt', async () => {
  await made('OLD1');
  await made('OLD2');
  await made('OLD3');
  await made('OPEN', 'staged');
  await made('REFUSED', 'refused');
  await made('DIFF');
  await db.run(raw(`insert into difference (item_id, item_kind, aspect, case_no, reason, first_day, statement_day, opened_at, run_id) values (1, 'charge', 'amount', 'DIFF', 'missing-there', '2020-01-01', '2020-01-01', now(), 1)`));
  await made('FAULT');
  await capture.noteCaseFault('case', 'FAULT', 'row-unreadable', 'x');
  const odd = await inbox.receive([{ channel: 'center', source: 'http', externalId: 'nobody', contentType: 'application/json', content: Buffer.from('of nobody') }, { channel: 'center', source: 'http', externalId: 'unread', contentType: 'application/json', content: Buffer.from('unread') }]);
  await acknowledgements.record('center', [{ inboxId: odd[0]!.id, channel: 'center', receivedAt: clock.iso(), acknowledgements: [{ messageId: 'f'.repeat(32), level: 'accepted' }] }]);
  time.now = new Date('2025-06-01T00:00:00Z');
  await made('YOUNG');
  await db.run(raw(`update reconciliation_position set position = 1000000 where name = 'charges'`));
  time.now = new Date('2026-11-24T00:00:00Z');

  const plan = await retention.plan(before, always);
  expect(plan).toMatchObject({ cases: 3, messages: { count: 9 }, snapshots: { count: 3 }, logLines: 9, attachments: { count: 0 } });
  expect(await count(`message where pruned_at is not null`)).toBe(0);
  const hashes = (await db.run(raw(`select exchange_id, sha256, size from message order by exchange_id`))).rows;
  const done = await retention.prune(before, 'test', always);
  expect({ ...done, attachments: plan.attachments }).toEqual(plan);
  expect(done.attachments).toEqual({ count: 3, bytes: 3 * 'scan of OLD1'.length });
  expect((await db.run(raw(`select exchange_id, sha256, size from message order by exchange_id`))).rows).toEqual(hashes);
  expect((await db.run(raw(`select distinct e.case_no from message m join exchange e on e.id = m.exchange_id where length(m.content) = 0 order by 1`))).rows.map((r) => r['case_no'])).toEqual(['OLD1', 'OLD2', 'OLD3']);
  // The snapshot of each newest report stays: it may have to be withdrawn. What is between them goes.
  expect((await db.run(raw(`select case_no, count(*) as n from case_snapshot where body = '' group by case_no order by 1`))).rows.map((r) => `${String(r['case_no'])} ${String(r['n'])}`)).toEqual(['OLD1 1', 'OLD2 1', 'OLD3 1']);
  expect((await db.run(raw(`select external_id from inbox where size > 0 and length(content) = 0 order by 1`))).rows.map((r) => String(r['external_id']).split(' ')[0])).toEqual(
    ['DIFF', 'DIFF', 'DIFF', 'FAULT', 'FAULT', 'FAULT', 'OLD1', 'OLD1', 'OLD1', 'OLD2', 'OLD2', 'OLD2', 'OLD3', 'OLD3', 'OLD3', 'OPEN', 'OPEN', 'REFUSED', 'REFUSED']);
  expect((await view.timeline((await view.find({ caseNo: 'OLD1' }, 1))[0]!.id)).map((t) => `${t.from ?? ''}>${t.to ?? ''}`)).toEqual(['>captured', 'captured>rendered', 'rendered>staged', 'staged>accepted']);
  expect((await view.counts()).find((c) => c.state === 'accepted')?.count).toBeGreaterThanOrEqual(9);

  expect(await retention.prune(before, 'test', always)).toMatchObject({ cases: 0, messages: { count: 0 }, attachments: { count: 0 }, inbox: { count: 0 } });
  expect(await store.last()).toMatchObject({ outcome: 'complete', causedBy: 'test' });
});

it('is finished by the next run when it was interrupted', async () => {
  for (let i = 0; i < 7; i++) await made(`OLD${i}`);
  await db.run(raw(`update reconciliation_position set position = 1000000 where name = 'charges'`));
  time.now = new Date('2026-11-24T00:00:00Z');
  const first = await retention.prune(before, 'test', () => Promise.resolve(false));
  expect(first).toMatchObject({ cases: 2 });
  expect((await store.last())?.outcome).toBe('stopped');
  const rest = await Promise.all([retention.prune(before, 'one', always), retention.prune(before, 'two', always)]);
  expect(first.messages.count + rest[0].messages.count + rest[1].messages.count).toBe(21);
  expect(await count(`message where length(content) > 0`)).toBe(0);
  expect(await count(`attachment where length(content) > 0`)).toBe(0);
});

it('lets a pruned case go on: a change is captured, its scanned files are read again, and it is pruned again later', async () => {
  await made('OLD1');
  await db.run(raw(`update reconciliation_position set position = 1000000 where name = 'charges'`));
  time.now = new Date('2026-11-24T00:00:00Z');
  await retention.prune(before, 'test', always);
  expect(await messages.knownAttachments([scan('OLD1').signature])).toEqual(new Map());
  expect(await capture.unknownAttachments([scan('OLD1').signature])).toEqual([scan('OLD1').signature]);
  await capture.storeAttachments([scan('OLD1')]);
  expect((await messages.attachmentContents([scan('OLD1').signature])).get(scan('OLD1').signature)?.toString()).toBe('scan of OLD1');
  const result = await capture.record('case', [{ caseNo: 'OLD1', body: '{}', digest: 'new', events: [{ channel: 'center', event: 'application', sequence: '1', at: '2020-01-01 09:00:00.000', phase: 10, urgent: false, digest: 'a3' }] }]);
  expect(result.opened).toBe(2); // the correction, and the acceptance that no longer stands
  const withdrawal = (await view.find({ caseNo: 'OLD1', event: 'acceptance' }, 5)).at(-1)!;
  expect(withdrawal.operation).toBe('D');
  expect((await messages.snapshots([withdrawal])).get(withdrawal.id)?.case ?? {}).toBeDefined();
  expect((await db.run(raw(`select body from case_snapshot where id = ${withdrawal.snapshotId}`))).rows[0]!['body']).not.toBe('');
  await db.run(raw(`update exchange set state = 'accepted' where case_no = 'OLD1'`));
  time.now = new Date('2028-11-24T00:00:00Z');
  expect(await retention.prune('2027-06-01T00:00:00.000Z', 'test', always)).toMatchObject({ cases: 1, attachments: { count: 1 } });
});

it('prunes nothing younger than it may, and by night only when it is due', async () => {
  await made('OLD1');
  time.now = new Date('2026-11-24T00:00:00Z');
  await expect(retention.prune('2026-01-01T00:00:00.000Z', 'test', always)).rejects.toThrow('365 days');
  const night = new RetentionPoller(store, settings, clock, log);
  await night.nightly(always);
  expect(await store.last()).toBeUndefined();
  time.now = new Date('2026-11-24T18:30:00Z');
  await night.nightly(always);
  expect(await store.last()).toMatchObject({ causedBy: 'nightly', outcome: 'complete', before: '2025-11-24T18:30:00.000Z' });
  const { startedAt } = (await store.last())!;
  await night.nightly(always);
  expect((await store.last())!.startedAt).toBe(startedAt);
});
