import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import exceljs from 'exceljs';
import { createHash } from 'node:crypto';
import type { ActionPreview, ActionResult, HandOverCheck, HandOverDue, HandOverLine, HandOverMade, OrderDetail, OrderLine, Orders } from '../../src/domain/ops-action-api.js';
import type { OpsError } from '../../src/domain/ops-api.js';
import type { ExchangeDetail, ExchangePage, Failures } from '../../src/domain/ops-exchange-api.js';
import { ExchangeSearchStore } from '../../src/ledger/exchange-search.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import { OpsActionStore } from '../../src/ledger/ops-action.store.js';
import { RetryStore } from '../../src/ledger/retry.store.js';
import { ActionRunner } from '../../src/ops/actions/run-action.adapter.js';
import { sql } from '../../src/platform/database/sql.js';
import { OpsFace, type OpsProcess, type Session } from '../support/ops-face.js';

const face = new OpsFace();
/** A process in which dangerous things wait for a second person. */
let strict: OpsProcess;
const sessions = new Map<string, Session>();

async function ask<T>(who: string, key: string, body?: unknown, url?: string) {
  const session = sessions.get(who) ?? (await face.login(who));
  sessions.set(who, session);
  return face.call<T>(key, session, body, url === undefined ? {} : { url });
}
const preview = async (who: string, wish: object, url?: string): Promise<ActionPreview> => {
  const answer = await ask<ActionPreview>(who, 'POST actions', wish, url);
  expect([answer.status, answer.body]).toEqual([200, expect.objectContaining({ token: expect.any(String) })]);
  return answer.body;
};
const perform = async (who: string, token: string, url?: string): Promise<ActionResult> => (await ask<ActionResult>(who, `POST actions/${token}/perform`, undefined, url)).body;
const act = async (who: string, wish: object): Promise<ActionResult> => perform(who, (await preview(who, wish)).token);
/** What a delivery would take now. */
async function claimed(): Promise<string[]> {
  const store = face.main.app.get(ExchangeStore);
  const rows = await store.claim('center', 'rendered', { limit: 100, token: 'test', claimMs: 1000 });
  await store.release(rows, 'test');
  return rows.map((r) => r.id);
}

beforeAll(async () => {
  await face.open();
  strict = await face.start({ twoPersons: { for: ['bulk', 'cancel', 'skip', 'hand-over', 'user-delete'], bulkAbove: 2 } });
  await face.makeUser('second', 'operator');
}, 120_000);
afterAll(() => face.close(), 60_000);

describe('keeping back and skipping', () => {
  test('what is held is not sent and holds its lane; released it goes on; the reason stands in the timeline', async () => {
    const [first, behind] = [await face.exchange({ caseNo: 'HOLD-1', state: 'rendered' }), await face.exchange({ caseNo: 'HOLD-1', state: 'rendered', event: 'result', head: false })];
    expect((await ask<OpsError>('operator', 'POST actions', { kind: 'hold', ids: [first] })).status).toBe(400);
    const wish = await preview('operator', { kind: 'hold', ids: [first], reason: 'the center asked to wait' });
    expect(wish.lines[0]!.text).toBe(`held until it is released; 1 behind it in its lane wait too (result ${behind})`);
    expect(await perform('operator', wish.token)).toMatchObject({ state: 'done', done: 1, notDone: 0 });
    expect([await face.stateOf(first), await claimed()]).toEqual(['held', []]);
    const detail = (await ask<ExchangeDetail>('viewer', `GET exchanges/${first}`)).body;
    expect(detail.exchange).toMatchObject({ state: 'held', parkedFrom: 'rendered' });
    expect(detail.timeline.at(-1)).toMatchObject({ actor: 'ops operator', from: 'rendered', to: 'held', note: 'held', detail: 'the center asked to wait' });
    const view = face.main.app.get(ExchangeViewStore);
    expect([await view.lanesBlocked(), await view.countWaitingBehind()]).toEqual([[{ channel: 'center', count: 1 }], [{ channel: 'center', count: 1 }]]);
    expect((await act('operator', { kind: 'retry', ids: [first] })).lines[0]).toMatchObject({ done: false, text: expect.stringMatching(/holds it/) });
    expect((await act('operator', { kind: 'release', ids: [first] })).done).toBe(1);
    expect([await face.stateOf(first), await claimed()]).toEqual(['rendered', [first]]);
    await act('operator', { kind: 'cancel', ids: [first, behind], reason: 'test data' });
  });

  test('what a worker delivers just now is not held; what is rendered just now is', async () => {
    const [delivered, rendered] = [await face.exchange({ state: 'rendered' }), await face.exchange({ state: 'captured' })];
    await face.main.db.run(sql`update exchange set claim_token = 'w', claimed_until = ${new Date(face.clock.at.getTime() + 60_000).toISOString()} where id in (${delivered}, ${rendered})`);
    const result = await act('operator', { kind: 'hold', ids: [delivered, rendered], reason: 'wait' });
    expect(result.lines.map((l) => [l.id, l.done])).toEqual([[delivered, false], [rendered, true]]);
    expect(result.lines[0]!.text).toMatch(/worker has it in hand/);
    await face.main.db.run(sql`update exchange set claim_token = null, claimed_until = null where id = ${delivered}`);
    await act('operator', { kind: 'cancel', ids: [delivered, rendered], reason: 'test data' });
  });

  test('parked by a person it is a failure with a remedy, and retried like any other', async () => {
    const id = await face.exchange({ state: 'rendered' });
    await act('operator', { kind: 'park', ids: [id], reason: 'the plan is missing' });
    const group = (await ask<Failures>('viewer', 'GET failures')).body.groups.find((g) => g.example === id)!;
    expect(group).toMatchObject({ stage: 'delivery', failure: { code: 'parked-by-person', remedy: expect.stringMatching(/reason/) } });
    expect((await ask<ExchangeDetail>('viewer', `GET exchanges/${id}`)).body.failure!.detail).toBe('the plan is missing');
    expect((await act('operator', { kind: 'retry', ids: [id] })).done).toBe(1);
    expect(await face.stateOf(id)).toBe('rendered');
    await act('operator', { kind: 'cancel', ids: [id], reason: 'test data' });
  });

  test('a lane goes on without what is skipped, now and later; retried it goes last', async () => {
    const [stuck, next, last] = [await face.exchange({ caseNo: 'SKIP-1', parkedFrom: 'rendered' }), await face.exchange({ caseNo: 'SKIP-1', state: 'rendered', event: 'result', head: false }), await face.exchange({ caseNo: 'SKIP-1', state: 'rendered', event: 'pickup', head: false })];
    expect(await claimed()).toEqual([]);
    const wish = await preview('operator', { kind: 'skip', ids: [stuck, next], reason: 'the center knows' });
    expect(wish.lines.map((l) => [l.will, l.text])).toEqual([[true, `2 go on before the receiver has it (result ${next}, pickup ${last}); the receiver may refuse them for that; retried later it goes after all others of its case`], [false, expect.stringMatching(/waiting for its turn/)]]);
    expect(wish.waitingBehind).toBe(2);
    await perform('operator', wish.token);
    expect([await face.stateOf(stuck), await claimed()]).toEqual(['parked', [next]]);
    expect((await ask<ExchangeDetail>('viewer', `GET exchanges/${stuck}`)).body.lane.map((l) => [l.id, l.skipped])).toEqual([[next, false], [last, false], [stuck, true]]);
    expect((await face.main.app.get(ExchangeViewStore).lanesBlocked()).map((b) => b.count)).toEqual([]);
    expect((await act('operator', { kind: 'skip', ids: [stuck], reason: 'once more' })).lines[0]!.text).toMatch(/does not wait for it any more/);
    await act('operator', { kind: 'retry', ids: [stuck] });
    const moveOn = (id: string): Promise<unknown> => face.main.app.get(ExchangeStore).move(face.main.db, [{ id, from: 'rendered', to: 'staged', note: 'staged' }, { id, from: 'staged', to: 'accepted', note: 'accepted' }], { actor: 'test' })
      .then(() => face.main.app.get(ExchangeStore).move(face.main.db, [{ id, from: 'staged', to: 'accepted', note: 'accepted' }], { actor: 'test' }));
    for (const id of [next, last, stuck]) {
      expect(await claimed()).toEqual([id]);
      await moveOn(id);
    }
  });

  test('an answer that never comes holds nobody up once it is skipped; the next version of a skipped refusal keeps its place', async () => {
    const [silent, next] = [await face.exchange({ caseNo: 'SKIP-2', state: 'staged' }), await face.exchange({ caseNo: 'SKIP-2', state: 'rendered', event: 'result', head: false })];
    await act('operator', { kind: 'skip', ids: [silent], reason: 'the answer is lost' });
    expect(await claimed()).toEqual([next]);
    await face.main.app.get(ExchangeStore).move(face.main.db, [{ id: silent, from: 'staged', to: 'accepted', note: 'accepted' }], { actor: 'test' });
    const refused = await face.exchange({ caseNo: 'SKIP-3', state: 'refused' });
    await act('operator', { kind: 'skip', ids: [refused], reason: 'later' });
    await face.main.db.run(sql`insert into case_head (stream, case_no, snapshot_id, digest, seen_at) values ('case', 'SKIP-3', ${refused}, 'd', ${face.clock.iso()})`);
    const opened: string[] = [];
    for await (const page of face.main.app.get(RetryStore).perform({ filter: { ids: [refused] }, render: false }, 'test')) opened.push(...page.map((l) => l.newId!));
    await face.catchUp();
    const versions = (await ask<ExchangeDetail>('viewer', `GET exchanges/${opened[0]!}`)).body;
    expect(versions.exchange.skipped).toBe(true);
    expect(versions.versions.map((v) => [v.id, v.version, v.state])).toEqual([[refused, 1, 'superseded'], [opened[0], 2, 'captured']]);
    expect(versions.versions[1]).toMatchObject({ openedBy: 'test', note: 'opened-by-retry' });
    await act('operator', { kind: 'cancel', ids: [next, opened[0]!], reason: 'test data' });
  });
});

describe('searches', () => {
  const found = async (who: string, query: object): Promise<string[]> => (await ask<ExchangePage>(who, 'POST exchanges/search', query)).body.exchanges.map((e) => e.id);

  test('go by item, by applicant and by text, alone and together; names are found and not shown', async () => {
    const a = await face.exchange({ caseNo: 'FIND-A', item: 'TDDJ-01', name: '司马相如', state: 'accepted' });
    const b = await face.exchange({ caseNo: 'FIND-B', item: 'TDDJ-02', name: '司马 迁', state: 'staged' });
    const c = await face.exchange({ caseNo: 'FIND-C', item: 'TDDJ-01', name: '诸葛<&>亮', state: 'accepted' });
    expect((await ask<ExchangePage>('viewer', 'GET exchanges?item=TDDJ-01')).body.exchanges.map((e) => [e.id, e.item])).toEqual([[c, 'TDDJ-01'], [a, 'TDDJ-01']]);
    expect((await ask<ExchangePage>('viewer', 'GET exchanges?item=TDDJ-01,TDDJ-02&state=staged')).body.exchanges.map((e) => e.id)).toEqual([b]);
    expect(await found('operator', { applicant: '司马' })).toEqual([b, a]);
    expect(await found('finance', { applicant: ' 司马·相如' })).toEqual([a]);
    expect(await found('operator', { applicant: '司马', state: 'staged' })).toEqual([b]);
    expect(await found('operator', { applicant: '430102-199001011234', item: 'TDDJ-01' })).toEqual([c, a]);
    expect(await found('operator', { text: '诸葛<&>亮' })).toEqual([c]);
    expect(await found('operator', { text: '司马', item: 'TDDJ-02' })).toEqual([b]);
    expect(await found('operator', { applicant: '%' + '司' })).toEqual([]);
    expect((await ask<OpsError>('operator', 'POST exchanges/search', { applicant: '马' })).status).toBe(400);
    expect(JSON.stringify((await ask<ExchangePage>('operator', 'POST exchanges/search', { applicant: '司马' })).body)).not.toMatch(/相如|迁/);
  });

  test('by person are for who may see persons, and recorded without the name', async () => {
    expect((await ask<OpsError>('viewer', 'POST exchanges/search', { applicant: '司马相如' })).status).toBe(403);
    expect((await ask<OpsError>('viewer', 'GET exchanges?applicant=x')).status).toBe(400);
    const before = (await face.audited('personal.search')).length;
    await found('operator', { applicant: '司马相如' });
    await found('operator', { case: 'FIND-' });
    const lines = (await face.audited('personal.search')).slice(before);
    expect(lines).toEqual([{ actor: 'ops operator', outcome: 'done', detail: '{"applicant":"司＊＊＊","shown":1}' }]);
    expect((await face.audited('POST exchanges/search')).at(-1)).toMatchObject({ actor: 'ops viewer', outcome: 'refused' });
  });

  test('stop when their time is up, say how far they came, and go on from there to the end', async () => {
    const store = face.main.app.get(ExchangeSearchStore);
    const old = await face.exchange({ caseNo: 'OLD-1', event: 'pickup', item: 'RARE' });
    const base = Number(old);
    await face.main.db.run(sql`insert into exchange (id, channel, stream, case_no, event, sequence, version, operation, state, lane_position, head, urgent, snapshot_id, event_digest, event_at, message_id, file_name, captured_at, state_since, due_at, item)
      select ${base} + n, 'center', 'case', concat('MANY-', n), 'acceptance', '1', 1, 'I', 'accepted', ${base} + n, 0, 0, 0, 'd', '', concat('m', n), 'f', ${face.clock.iso()}, ${face.clock.iso()}, ${face.clock.iso()}, 'OFTEN' from generate_series(1, 900) as n`);
    await face.main.db.run(sql`update counter set value = ${base + 900} where name = 'exchange'`);
    await face.catchUp();
    let [pages, looked] = [0, 0];
    const rows: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await store.page({ events: ['pickup'], casePrefix: 'OLD-' }, after, 50, 0);
      // A prefix is gathered: found at once.
      expect(page).toMatchObject({ rows: [{ id: old }] });
      const walked = await store.page({ events: ['pickup'], channels: ['center'] }, after, 5, 0);
      [pages, looked] = [pages + 1, looked + (walked.looked?.exchanges ?? 0)];
      rows.push(...walked.rows.map((r) => r.id));
      after = walked.next;
      if (after === undefined || rows.includes(old)) break;
    }
    expect(rows).toContain(old);
    expect(pages).toBeGreaterThan(3);
    expect(looked).toBeGreaterThan(500);
    expect((await store.page({ items: ['RARE'] }, undefined, 50, 0)).rows.map((r) => r.id)).toEqual([old]);
    expect((await store.page({ items: ['OFTEN'] }, undefined, 50, 0)).rows).toHaveLength(50);
    expect(await store.ids({ items: ['OFTEN'] }, 10_000)).toHaveLength(900);
    const limited = await store.ids({ items: ['OFTEN', 'RARE'] }, 10);
    expect(limited).toEqual(Array.from({ length: 10 }, (_, i) => String(base + 891 + i)));
    await face.main.db.run(sql`delete from exchange where case_no like 'MANY-%'`);
  });
});

describe('what receivers wrote', () => {
  test('names nobody in lists, groups and exports', async () => {
    const id = await face.exchange({ state: 'refused', code: 'refused-by-receiver', caseNo: 'NAMED-1', name: '慕容复', detail: 'E7 申请人慕容复证件有误' });
    await face.main.db.run(sql`insert into inbox (channel, source, external_id, content_type, content, sha256, size, received_at, state, due_at) values ('center', 'http', 'n1', 'x', ${Buffer.from('x')}, 'x', 1, ${face.clock.iso()}, 'read', ${face.clock.iso()})`);
    await face.main.db.run(sql`insert into acknowledgement (inbox_id, ordinal, channel, message_id, exchange_id, level, code, reason, received_at, class) select max(id), 0, 'center', 'x', ${id}, 'refused', 'E7', '申请人慕容复证件有误', ${face.clock.iso()}, 'applied' from inbox`);
    const shown = [(await ask('viewer', 'GET exchanges?case=NAMED-')).bytes, (await ask('viewer', 'GET failures')).bytes, (await ask('viewer', 'POST exchanges/export', { format: 'csv', query: { case: 'NAMED-' } })).bytes, (await ask('viewer', `GET exchanges/${id}`)).bytes].map((b) => b.toString('utf8'));
    for (const text of shown) {
      expect(text).toContain('证件有误');
      expect(text).not.toContain('慕容复');
    }
    await act('operator', { kind: 'cancel', ids: [id], reason: 'test data' });
  });
});

describe('exports', () => {
  test('are files that no program takes for formulas, with names only to who may see them and says why; each is recorded', async () => {
    await face.exchange({ caseNo: '=HYPERLINK("http://x")', item: '007', name: '司徒空', code: 'message-invalid', detail: '+cmd 430102199001011234' });
    const wish = { format: 'csv', query: { item: '007' } };
    const csv = await ask<string>('viewer', 'POST exchanges/export', wish);
    expect([csv.status, csv.headers.get('content-type'), csv.headers.get('x-truncated')]).toEqual([200, 'text/csv; charset=utf-8', '0']);
    expect([...csv.bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const line = csv.bytes.toString('utf8').split('\r\n')[1]!;
    expect(line).toContain(`"'=HYPERLINK(""http://x"")"`);
    expect(line).toContain('"007\t"');
    expect(line).toMatch(/"'\+cmd 430＊+34"/);
    expect(line).not.toContain('司徒空');
    expect((await ask<OpsError>('viewer', 'POST exchanges/export', { ...wish, reason: 'I want to know' })).status).toBe(403);
    expect((await ask<string>('operator', 'POST exchanges/export', { ...wish, reason: 'the center asks who' })).bytes.toString('utf8')).toContain('司徒空');
    const book = new exceljs.Workbook();
    await book.xlsx.load((await ask('viewer', 'POST exchanges/export', { ...wish, format: 'xlsx', language: 'en' })).bytes as unknown as exceljs.Buffer);
    const sheet = book.getWorksheet('exchanges')!;
    expect((sheet.getRow(1).values as string[]).slice(1, 5)).toEqual(['exchange', 'channel', 'case', 'item']);
    expect([sheet.getRow(2).getCell(3).value, sheet.getRow(2).getCell(4).value, sheet.rowCount]).toEqual(['=HYPERLINK("http://x")', '007', 2]);
    expect((await face.audited('personal.export')).map((l) => [l.actor, l.outcome])).toEqual([['ops operator', 'done']]);
    expect((await face.audited('exchange.export')).map((l) => [l.actor, l.outcome])).toEqual([['ops viewer', 'done'], ['ops viewer', 'done'], ['ops viewer', 'refused'], ['ops viewer', 'done']]);
  });
});

describe('failures', () => {
  test('close by themselves, and are the same when they come back', async () => {
    const groupOf = async (field: string) => {
      const { groups, closed } = (await ask<Failures>('viewer', 'GET failures')).body;
      return { open: groups.find((g) => g.field === field), closed: closed.find((g) => g.field === field) };
    };
    const day = 86_400_000;
    const [old, fresh] = [await face.exchange({ finding: 'BACK/AGAIN', at: new Date(face.clock.at.getTime() - 3 * day).toISOString() }), await face.exchange({ finding: 'BACK/AGAIN' })];
    const { open } = await groupOf('BACK/AGAIN');
    expect(open).toMatchObject({ count: 2, last24h: 1, before24h: 0, example: fresh, reopened: 0, most: 2 });
    expect(open!.trend).toEqual([...Array.from({ length: 11 }, () => 0), 1, 0, 1]);
    face.clock.forward(60_000);
    await act('operator', { kind: 'cancel', ids: [old, fresh], reason: 'test data' });
    const gone = await groupOf('BACK/AGAIN');
    expect(gone.open).toBeUndefined();
    expect(gone.closed).toMatchObject({ key: open!.key, count: 0, most: 2, closedAt: face.clock.iso(), firstAt: open!.firstAt });
    expect((await ask<OpsError>('operator', 'POST actions', { kind: 'retry', group: open!.key })).status).toBe(404);
    face.clock.forward(60_000);
    await face.exchange({ finding: 'BACK/AGAIN' });
    expect((await groupOf('BACK/AGAIN')).open).toMatchObject({ key: open!.key, count: 1, reopened: 1, reopenedAt: face.clock.iso(), seenFirstAt: open!.seenFirstAt, most: 2 });
    expect((await groupOf('BACK/AGAIN')).open!.reopened).toBe(1);
    expect((await act('operator', { kind: 'cancel', group: open!.key, reason: 'test data' })).done).toBe(1);
  });
});

describe('actions on many', () => {
  test('go on behind the click part by part, can be watched, and are gone on with where a process died', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.push(await face.exchange({ caseNo: `MANY-${i}`, event: 'pickup', code: 'attempts-exhausted' }));
    const wish = await preview('operator', { kind: 'retry', query: { code: 'attempts-exhausted', event: 'pickup' } });
    expect(wish).toMatchObject({ total: 3, will: 3, more: false, lanes: 3 });
    const actions = face.main.app.get(OpsActionStore);
    // A process that did one, kept nothing of it and died.
    expect(await actions.take((await actions.find(wish.token))!, { actor: 'ops operator', origin: 'page', address: '' })).toBe(true);
    for await (const page of face.main.app.get(RetryStore).perform({ filter: { ids: [ids[0]!] }, render: false }, 'ops operator')) expect(page).toHaveLength(1);
    expect((await ask<ActionResult>('operator', `GET actions/${wish.token}`)).body).toMatchObject({ state: 'performing', total: 3, done: 0 });
    face.clock.forward(121_000);
    expect((await ask<ActionResult>('operator', `GET actions/${wish.token}`)).body.state).toBe('stopped');
    await Promise.all([face.main, strict].map((p) => p.app.get(ActionRunner).look()));
    for (let state = ''; state !== 'done'; ) ({ state } = (await ask<ActionResult>('operator', `GET actions/${wish.token}`)).body);
    const result = (await ask<ActionResult>('operator', `GET actions/${wish.token}`)).body;
    expect([result.done, result.notDone, result.lines.map((l) => l.done)]).toEqual([3, 0, [true, true, true]]);
    for (const id of ids) expect([await face.stateOf(id), (await ask<ExchangeDetail>('viewer', `GET exchanges/${id}`)).body.timeline.length]).toEqual(['captured', 1]);
    expect(await perform('operator', wish.token)).toMatchObject({ state: 'done', done: 3 });
    await act('operator', { kind: 'cancel', ids, reason: 'test data' });
  });

  test('replay a window by capture and by manifest; what was accepted is not sent again', async () => {
    const at = '2026-10-01T02:00:00.000Z';
    const [lost, accepted, parked] = [await face.exchange({ state: 'staged', at }), await face.exchange({ state: 'accepted', at }), await face.exchange({ parkedFrom: 'rendered', at })];
    await face.main.db.run(sql`insert into manifest (channel, seq, file_name, content, sha256, state, prepared_at, staged_at) values ('center', 77, 'M77.xml', ${Buffer.from('x')}, 'x', 'staged', ${at}, ${at})`);
    await face.main.db.run(sql`update exchange set manifest_seq = 77 where id in (${lost}, ${accepted})`);
    const window = { channel: 'center', by: 'staged', from: '2026-10-01T00:00:00Z', to: '2026-10-02T00:00:00Z' };
    expect((await ask<OpsError>('operator', 'POST actions', { kind: 'retry', window })).status).toBe(400);
    expect((await preview('operator', { kind: 'replay', window })).lines.map((l) => [l.id, l.will])).toEqual([[lost, true], [accepted, false]]);
    const captured = await preview('operator', { kind: 'replay', ids: [lost, accepted, parked] });
    expect(captured).toMatchObject({ will: 2, accepted: 1 });
    expect(await perform('operator', captured.token)).toMatchObject({ done: 2, notDone: 1 });
    expect(await Promise.all([lost, accepted, parked].map((id) => face.stateOf(id)))).toEqual(['rendered', 'accepted', 'rendered']);
    await act('operator', { kind: 'cancel', ids: [lost, parked], reason: 'test data' });
  });
});

describe('a second person', () => {
  test('confirms what the first one ordered; the same person, a viewer and a late click do not', async () => {
    const ids = [await face.exchange(), await face.exchange()];
    const wish = await preview('operator', { kind: 'cancel', ids, reason: 'test data' }, strict.url);
    expect(wish.second).toEqual({ why: 'kind' });
    const [ordered, again] = await Promise.all([1, 2].map(() => perform('operator', wish.token, strict.url)));
    expect(ordered).toMatchObject({ state: 'ordered', done: 0 });
    expect(again!.orderId).toBe(ordered!.orderId);
    expect(await Promise.all(ids.map((id) => face.stateOf(id)))).toEqual(['parked', 'parked']);
    const order = `orders/${ordered!.orderId!}`;
    const waiting = (await ask<Orders>('second', 'GET orders')).body.waiting;
    expect(waiting).toEqual([expect.objectContaining({ kind: 'action', by: 'operator', reason: 'test data', mayConfirm: true, mine: false, facts: expect.objectContaining({ action: 'cancel', exchanges: 2, token: wish.token }) })]);
    expect((await ask<OrderDetail>('second', `GET ${order}`)).body.preview!.lines.map((l) => l.id)).toEqual(ids);
    expect((await ask<OpsError>('operator', `POST ${order}/confirm`)).body).toMatchObject({ code: 'forbidden', text: expect.stringMatching(/somebody else/) });
    expect((await ask<OpsError>('viewer', `POST ${order}/confirm`)).status).toBe(403);
    const confirmed = await Promise.all([1, 2].map(() => ask<{ order: OrderLine; action: ActionResult } & OpsError>('second', `POST ${order}/confirm`, undefined, strict.url)));
    expect(confirmed.map((c) => c.status).sort()).toEqual([200, 409]);
    expect(confirmed.find((c) => c.status === 200)!.body).toMatchObject({ order: { state: 'confirmed', decidedBy: 'second' }, action: { state: 'done', done: 2 } });
    expect((await ask<ExchangeDetail>('viewer', `GET exchanges/${ids[0]!}`)).body.timeline.at(-1)).toMatchObject({ actor: 'ops operator with second', to: 'cancelled' });
    expect((await ask<ActionResult>('operator', `GET actions/${wish.token}`)).body).toMatchObject({ state: 'done', done: 2 });
    expect((await face.audited('order.confirm')).map((l) => [l.actor, l.outcome])).toEqual([['ops operator', 'refused'], ['ops second', 'done']]);
  });

  test('declines, the first one withdraws, and what nobody decides on expires: nothing is done', async () => {
    const ids = [await face.exchange(), await face.exchange(), await face.exchange()];
    const order = async (): Promise<{ id: string; token: string }> => {
      const { token, second } = await preview('operator', { kind: 'retry', ids }, strict.url);
      expect(second).toEqual({ why: 'bulk' });
      return { id: (await perform('operator', token, strict.url)).orderId!, token };
    };
    const [declined, withdrawn, expired] = [await order(), await order(), await order()];
    expect((await ask<OrderLine>('second', `POST orders/${declined.id}/decline`, { reason: 'not these' })).body).toMatchObject({ state: 'declined', note: 'not these' });
    expect((await ask<OrderLine>('operator', `POST orders/${withdrawn.id}/decline`, { reason: 'my mistake' })).body.state).toBe('withdrawn');
    face.clock.forward(86_400_001);
    sessions.clear();
    expect((await ask<Orders>('operator', 'GET orders')).body.decided.map((o) => o.state).filter((s) => s !== 'confirmed').sort()).toEqual(['declined', 'expired', 'withdrawn']);
    expect((await ask<ActionResult>('operator', `GET actions/${expired.token}`)).body.state).toBe('expired');
    expect((await ask<OpsError>('second', `POST orders/${expired.id}/confirm`)).body.text).toMatch(/expired/);
    await Promise.all([face.main, strict].map((p) => p.app.get(ActionRunner).look()));
    expect(await face.audited('order.expire')).toHaveLength(1);
    expect(await perform('operator', declined.token, strict.url)).toMatchObject({ state: 'declined', done: 0 });
    expect(await Promise.all(ids.map((id) => face.stateOf(id)))).toEqual(['parked', 'parked', 'parked']);
    // Two are not bulk here.
    const small = await preview('operator', { kind: 'retry', ids: ids.slice(0, 2) }, strict.url);
    expect(small.second).toBeUndefined();
    expect((await perform('operator', small.token, strict.url)).done).toBe(2);
    await act('operator', { kind: 'cancel', ids, reason: 'test data' });
  });

  test('deletes a user with the first one: another administrator, once; until then the user is there and works', async () => {
    for (const [name, role] of [['leaver', 'operator'], ['boss', 'administrator'], ['chief', 'administrator']] as const) await face.makeUser(name, role);
    await ask('leaver', 'GET me');
    const remove = (who: string, name: string, reason = 'left the bureau') => ask<{ ordered?: { orderId: string; until: string } } & OpsError>(who, `POST users/${name}/delete`, { reason }, strict.url);
    // What cannot be done is not ordered either.
    expect([(await remove('administrator', 'administrator')).status, (await remove('administrator', 'nobody')).status, (await remove('operator', 'leaver')).status, (await remove('administrator', 'leaver', '')).status]).toEqual([400, 404, 403, 400]);
    const [ordered, again] = [(await remove('administrator', 'leaver')).body.ordered!, (await remove('administrator', 'leaver')).body.ordered!];
    expect(again.orderId).toBe(ordered.orderId);
    expect((await ask('leaver', 'GET me')).status).toBe(200);
    const order = `orders/${ordered.orderId}`;
    expect((await ask<Orders>('boss', 'GET orders')).body.waiting).toEqual([expect.objectContaining({ kind: 'user-delete', by: 'administrator', reason: 'left the bureau', mayConfirm: true, mine: false, facts: { name: 'leaver', role: 'operator' } })]);
    expect((await ask<Orders>('second', 'GET orders')).body.waiting).toEqual([expect.objectContaining({ mayConfirm: false })]);
    expect((await ask<OrderDetail>('boss', `GET ${order}`)).body.preview).toBeUndefined();
    expect((await ask<OpsError>('administrator', `POST ${order}/confirm`, undefined, strict.url)).body).toMatchObject({ code: 'forbidden', text: expect.stringMatching(/somebody else/) });
    expect((await ask<OpsError>('second', `POST ${order}/confirm`, undefined, strict.url)).body).toMatchObject({ code: 'forbidden', text: expect.stringMatching(/administrator/) });
    const confirmed = await Promise.all([1, 2].map(() => ask<{ order: OrderLine }>('boss', `POST ${order}/confirm`, undefined, strict.url)));
    expect(confirmed.map((c) => c.status).sort()).toEqual([200, 409]);
    expect(confirmed.find((c) => c.status === 200)!.body.order).toMatchObject({ state: 'confirmed', decidedBy: 'boss' });
    expect((await ask('leaver', 'GET me')).status).toBe(401);
    expect((await ask<{ name: string }[]>('administrator', 'GET users')).body.map((u) => u.name)).not.toContain('leaver');
    expect((await face.audited('user.delete')).map((l) => [l.actor, l.outcome])).toEqual([['ops administrator with boss', 'done']]);
    // Declined, nobody is deleted; who is to be deleted does not confirm it, and one who is gone by then is told.
    const chief = (await remove('administrator', 'chief')).body.ordered!;
    expect((await ask<OpsError>('chief', `POST orders/${chief.orderId}/confirm`, undefined, strict.url)).status).toBe(403);
    expect((await ask<OrderLine>('boss', `POST orders/${chief.orderId}/decline`, { reason: 'is on leave' })).body.state).toBe('declined');
    expect((await ask('chief', 'GET me')).status).toBe(200);
    const twice = (await remove('administrator', 'chief')).body.ordered!;
    expect(twice.orderId).not.toBe(chief.orderId);
    // A process that asks for no second person deletes at once; the order that waits comes too late.
    expect((await ask<{ ordered?: unknown }>('administrator', 'POST users/chief/delete', { reason: 'left' })).body.ordered).toBeUndefined();
    expect((await ask<OpsError>('boss', `POST orders/${twice.orderId}/confirm`, undefined, strict.url)).body).toMatchObject({ code: 'not-found', text: expect.stringMatching(/no user of this name any more/) });
  });
});

/** Names and contents of a ZIP archive whose files are stored as they are. */
function unzip(bytes: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; bytes.readUInt32LE(at) === 0x04034b50; ) {
    const [size, name] = [bytes.readUInt32LE(at + 18), bytes.readUInt16LE(at + 26)];
    files.set(bytes.subarray(at + 30, at + 30 + name).toString('utf8'), bytes.subarray(at + 30 + name, at + 30 + name + size));
    at += 30 + name + size;
  }
  return files;
}

describe('delivery by hand', () => {
  test('a package is made, fetched, and closed by the hashes of the receiver; wrong ones close nothing', async () => {
    const ids = [await face.exchange({ state: 'rendered', caseNo: '手工-1' }), await face.exchange({ state: 'rendered' })];
    expect((await ask<HandOverDue>('operator', 'GET hand-overs/due?channel=center')).body).toMatchObject({ due: 2, second: false });
    expect((await ask<OpsError>('operator', 'GET hand-overs/due?channel=nowhere')).status).toBe(404);
    const made = (await ask<HandOverMade>('operator', 'POST hand-overs', { channel: 'center', reason: 'the line is down' })).body.package!;
    expect(made).toMatchObject({ state: 'open', createdBy: 'ops operator', manifests: [expect.any(String), expect.any(String)] });
    expect((await ask<OpsError>('operator', 'POST hand-overs', { channel: 'center', reason: 'once more' })).status).toBe(409);
    const fetched = await ask('operator', `POST hand-overs/${made.id}/files`, { reason: 'for the courier' });
    expect([fetched.status, fetched.headers.get('content-type')]).toEqual([200, 'application/zip']);
    const files = unzip(fetched.bytes);
    const names = [...files.keys()];
    expect(names.every((n) => n.startsWith(`${made.id}/`))).toBe(true);
    expect(names.slice(-2)).toEqual([`${made.id}/SHA256SUMS`, `${made.id}/README.txt`]);
    expect(names[0]).toContain('手工-1');
    const sums = [...files].filter(([n]) => !/SHA256SUMS|README/.test(n)).map(([n, b]) => `${createHash('sha256').update(b).digest('hex')}  ${n}`);
    const hashes = (list: string[]): object => ({ hashes: Buffer.from(list.join('\r\n'), 'utf16le').toString('base64') });
    const wrong = (await ask<HandOverCheck>('operator', `POST hand-overs/${made.id}/confirm`, hashes(['', ...sums.slice(1)].map((l) => l.replace(/^./, '0'))))).body;
    expect(wrong.confirmed).toBe(false);
    expect((await ask<HandOverLine[]>('operator', 'GET hand-overs')).body[0]).toMatchObject({ id: made.id, state: 'open', writtenAt: face.clock.iso() });
    // Where two persons are wanted, the hashes are checked at once and the closing waits.
    const bytes = { hashes: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(sums.join('\r\n'), 'utf16le')]).toString('base64') };
    const ordered = (await ask<HandOverCheck>('operator', `POST hand-overs/${made.id}/confirm`, bytes, strict.url)).body;
    expect(ordered).toMatchObject({ confirmed: false, matching: 4, ordered: { orderId: expect.any(String) } });
    expect(await face.stateOf(ids[0]!)).toBe('rendered');
    expect((await ask<{ order: OrderLine }>('second', `POST orders/${ordered.ordered!.orderId}/confirm`, undefined, strict.url)).body.order.state).toBe('confirmed');
    expect(await Promise.all(ids.map((id) => face.stateOf(id)))).toEqual(['staged', 'staged']);
    expect((await ask<OpsError>('operator', `POST hand-overs/${made.id}/confirm`, bytes)).status).toBe(409);
    expect((await ask<OpsError>('operator', `POST hand-overs/${made.id}/files`, { reason: 'too late' })).status).toBe(409);
    expect((await face.audited('hand-over.confirm')).map((l) => [l.actor, l.outcome])).toEqual([['ops operator', 'refused'], ['ops operator with second', 'ordered'], ['ops operator with second', 'done']]);
  });

  test('a package is taken back, and ordered by two where that is wanted', async () => {
    face.clock.forward(1000);
    const id = await face.exchange({ state: 'rendered', caseNo: 'BACK-1' });
    const asked = (await ask<HandOverMade>('operator', 'POST hand-overs', { channel: 'center', cases: ['BACK-1'], reason: 'the line is down' }, strict.url)).body;
    expect(asked.package).toBeUndefined();
    await ask('second', `POST orders/${asked.ordered!.orderId}/confirm`, undefined, strict.url);
    const made = (await ask<HandOverLine[]>('operator', 'GET hand-overs')).body[0]!;
    expect(made).toMatchObject({ state: 'open', createdBy: 'ops operator with second' });
    expect((await ask<HandOverLine>('operator', `POST hand-overs/${made.id}/take-back`)).body.state).toBe('taken-back');
    expect((await ask<OpsError>('operator', `POST hand-overs/${made.id}/take-back`)).status).toBe(409);
    expect((await ask<OpsError>('operator', `POST hand-overs/${encodeURIComponent("' or 1=1")}/take-back`)).status).toBe(404);
    expect(await face.stateOf(id)).toBe('rendered');
  });
});
