import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import type { Row } from '../../src/domain/snapshot.js';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { CardStore } from '../../src/ledger/card.store.js';
import { ClockStore } from '../../src/ledger/clock.store.js';
import { Clock } from '../../src/platform/clock.js';
import { sql } from '../../src/platform/database/sql.js';
import { createLog } from '../../src/platform/log.adapter.js';
import { supervisionOf } from '../../src/supervision/supervision.module.js';
import { SupervisionPoller } from '../../src/supervision/supervision.poller.js';
import { openBrowser, type TestBrowser } from '../support/browser.js';
import { startOpsStand, type OpsStand } from '../support/ops-stand.js';

/** The page counts by the gateway's own clock, so that the cases are laid around the present. */
const now = Date.now();
const day = 86_400_000;
const bureauTime = (ms: number): string => `${new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')}.000`;
class HeldClock extends Clock {
  ms = now;
  now(): Date { return new Date(this.ms); }
}

let stand: OpsStand;
let browser: TestBrowser;
let cards: CardStore;
let folder = '';

/** Calendar days as limits: no holiday of the year in which this runs may move them. */
const handling = (acceptedMs: number, committed: number, statutory: number, more: Row = {}): Row => ({
  item_code: 'XX91', item_name: '国有建设用地使用权及房屋所有权转移登记', section: '地籍', accept_org: '益阳市自然资源局政务窗口', accepted_at: bureauTime(acceptedMs), committed_limit: String(committed), committed_unit: 'N', statutory_limit: String(statutory), statutory_unit: 'N', ...more,
});
const special = (from: number, until: number | undefined, more: Row = {}): Row => ({ special_no: '1', kind_name: '专家评审', started_at: bureauTime(from), ended_at: until === undefined ? null : bureauTime(until), approved_length: '30', approved_unit: 'N', notice_no: '益告〔2026〕7号', ...more });
const places: readonly Row[] = [
  { section: '地产', item_code: 'DC93', item_name: '国有建设用地使用权协议出让审批' }, { section: '交易', item_code: 'JY95', item_name: '土地使用权抵押登记' },
  { section: '地籍', item_code: 'DJ92', item_name: '集体土地所有权变更登记' }, { section: '地籍', item_code: 'DJ91', item_name: '宅基地使用权首次登记', accept_org: '赫山区政务服务中心自然资源窗口' },
];

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'gw-board-'));
  stand = await startOpsStand((s) => ({ ...s, roles: ['api'], supervision: { ...s.supervision, bodies: ['hunan', 'guangdong'] } }));
  browser = await openBrowser('board');
  const db = stand.ledger;
  const clock = new HeldClock();
  const capture = stand.gateway.app.get(CaptureStore, { strict: false });
  await capture.watermark('case');
  cards = new CardStore(db, clock, undefined);
  const poller = new SupervisionPoller({ store: new ClockStore(db, clock, cards, undefined), cards, alarms: new AlarmStore(db, clock), supervision: supervisionOf(stand.settings), calendar: stand.settings.calendar, settings: stand.settings.supervision, clock, log: createLog({ level: 'silent', instance: 'test' }) });
  let digest = 0;
  const seen = (caseNo: string, row: Row, children: Record<string, readonly Row[]> = {}): Promise<unknown> => capture.record('case', [{ caseNo, body: JSON.stringify({ stream: 'case', caseNo, case: row, children }), digest: String(++digest), events: [] }]);
  const look = async (ms: number): Promise<void> => {
    for (const later of [0, 1000, 20_000]) {
      clock.ms = ms + later;
      await capture.noteKnown('case', clock.iso());
      await poller.look(() => Promise.resolve(true));
    }
  };
  const no = (n: number): string => `YYGT2026${String(n).padStart(6, '0')}`;
  await look(now - 330 * day);
  // A year of closed cases, one of them overdue half a year ago.
  for (let i = 0; i < 90; i++) {
    const closedMs = now - (320 - i * 3.5) * day;
    await seen(no(1000 + i), handling(closedMs - (i === 45 ? 14 : 3 + (i % 7)) * day, 12, 20, { ...places[i % 4], closed_at: bureauTime(closedMs), result_code: 'DENY' }));
  }
  for (let i = 0; i < 46; i++) await seen(no(2000 + i), handling(now - (1 + (i % 9)) * day - i * 60_000, 15, 25, places[i % 4]), i % 6 === 0 ? { specials: [special(now - 20 * 3_600_000, undefined)] } : {});
  for (let i = 0; i < 5; i++) await seen(no(3000 + i), handling(now - 13.4 * day - i * 3_600_000, 15, 25, places[(i + 1) % 4]));
  await seen(no(1), handling(now - 16.5 * day, 15, 25, { item_code: 'XX92', item_name: '"><script>alert(1)</script><b>转移登记</b>', section: '地籍<img src=x onerror=alert(2)>', accept_org: `窗口'; drop table card; --` }));
  await seen(no(2), handling(now - 28 * day, 15, 25));
  await seen(no(3), handling(now - 18 * day, 15, 25, places[0]));
  await look(now - 60_000);
  // The written notice of number 3 was entered late: its card is in doubt.
  await seen(no(3), handling(now - 18 * day, 15, 25, places[0]), { specials: [special(now - 16 * day, now - 10 * day)] });
  // Number 4 was closed in time; its result reached the center two days late.
  await seen(no(4), handling(now - 17 * day, 15, 25, { ...places[1], closed_at: bureauTime(now - 3 * day), result_code: 'DENY' }));
  await look(now - 30_000);
  const at = (ms: number): unknown => db.dialect.value('instant', new Date(ms).toISOString());
  const report = async (id: number, event: string, happened: number, moves: readonly (readonly [string, number])[]): Promise<void> => {
    await db.run(sql`insert into exchange (id, channel, stream, case_no, event, sequence, version, operation, state, lane_position, head, urgent, snapshot_id, event_digest, event_at, message_id, file_name, captured_at, state_since, due_at)
      values (${id}, 'center', 'case', ${no(4)}, ${event}, '1', 1, 'I', ${moves.at(-1)![0]}, ${id}, 1, 0, 1, 'd', ${bureauTime(happened)}, ${String(id).padStart(32, '0')}, ${`${id}.xml`}, ${at(happened + 90_000)}, ${at(happened)}, ${at(happened)})`);
    for (const [to, ms] of moves) await db.run(sql`insert into exchange_log (exchange_id, at, actor, to_state, note) values (${id}, ${at(ms)}, 'test', ${to}, 'test')`);
  };
  await report(1, 'acceptance', now - 17 * day, [['staged', now - 17 * day + 120_000], ['picked_up', now - 17 * day + 600_000], ['accepted', now - 17 * day + 660_000]]);
  await db.run(sql`insert into supervision_opinion (channel, inbox_id, file_id, issue, received_at, is_current, their_no, case_no, subject, clock_object, sequence, result, state, judged_at, used, committed, statutory, department, opinion_text)
    values ('supervision', 1, 'f', 1, ${at(now)}, 1, '4309002026110001', ${no(4)}, 'case', 'case', '1', 'yellow', 'issued', ${at(now - 1.4 * day)}, 16, 15, 25, '交易科', '超承诺时限<b>1</b>日')`);
  await db.run(sql`insert into supervision_query (channel, inbox_id, file_id, issue, received_at, is_current, their_no, case_no, query_text, organisation, asked_at, answer_by) values ('supervision', 1, 'g', 1, ${at(now)}, 1, 'DB2026110003', ${no(4)}, '该件超过承诺时限，请说明原因。', '市监察局', ${at(now - day)}, ${at(now + 2 * day)})`);
  const differences = [{ kind: 'only-theirs', object: 'case', sequence: '1', theirs: { id: '1', theirNo: '4309002026110001', result: 'yellow', state: 'issued', used: 16, judgedAt: new Date(now - 1.4 * day).toISOString() }, ours: { used: 14, at: new Date(now).toISOString() },
    reasons: [{ reason: 'closing-not-received', details: { judgedAt: new Date(now - 1.4 * day).toISOString(), capturedAt: new Date(now - 3 * day + 90_000).toISOString(), stagedAt: new Date(now - 1.5 * day).toISOString(), acceptedAt: new Date(now - day).toISOString() } }] }];
  await db.run(sql`insert into supervision_comparison (channel, case_no, body, due, differences, difference_count, compared_at) values ('supervision', ${no(4)}, 'hunan', 0, ${JSON.stringify(differences)}, 1, ${at(now)})`);
  await report(2, 'result', now - 3 * day, [['staged', now - 1.5 * day], ['picked_up', now - 1.2 * day], ['accepted', now - day]]);
}, 180_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the board', () => {
  test('lights, what is due first, places, months; a light, a section and a window narrow it', async () => {
    const visit = await browser.visit(stand, 'viewer', '/board');
    const { page } = visit;
    await page.getByRole('heading', { name: '最先到期' }).waitFor();
    await page.locator('.u-wrap canvas').waitFor();
    expect(await page.getByRole('button', { name: '超时', exact: false }).first().innerText()).toContain('2');
    await page.getByText('目前有 2 件超时').waitFor();
    await visit.looks('board');
    // Nothing of a hostile name became an element.
    expect(await page.locator('main script, main img, main b').count()).toBe(0);
    await page.getByRole('group', { name: '灯' }).getByRole('button').nth(1).click();
    await page.waitForURL(/light=yellow/);
    await page.locator('tbody tr').nth(4).waitFor();
    await page.locator('tbody').first().locator('tr').nth(5).waitFor({ state: 'detached' });
    expect(await page.locator('tbody').first().locator('tr').count()).toBe(5);
    await page.getByRole('button', { name: /交易/ }).click();
    await page.waitForURL(/section=/);
    await page.getByRole('button', { name: '清除筛选' }).click();
    await page.getByRole('button', { name: '下一页' }).click();
    await page.getByRole('button', { name: '上一页' }).isEnabled();
    await page.locator('.u-wrap').scrollIntoViewIfNeeded();
    await visit.screenshot('board-trends');
    await page.getByRole('button', { name: '以表格查看' }).click();
    await page.getByRole('row', { name: /2026|2027/ }).first().waitFor();
    await visit.end();
  });

  test('stands on a wide screen and in English too', async () => {
    const visit = await browser.visit(stand, 'viewer', '/board', { width: 1920, height: 1080, language: 'en' });
    await visit.page.getByRole('heading', { name: 'Due first' }).waitFor();
    await visit.page.locator('.u-wrap canvas').waitFor();
    await visit.screenshot('board-wide');
    await visit.end();
  });
});

describe('one case', () => {
  test('its arithmetic line by line, as of another moment, by the other rules', async () => {
    const visit = await browser.visit(stand, 'viewer', '/board');
    const { page } = visit;
    await page.getByLabel('按办件编号查找').fill('YYGT2026000003');
    await page.getByLabel('按办件编号查找').press('Enter');
    await page.getByRole('link', { name: 'YYGT2026000003' }).click();
    await page.getByRole('heading', { name: '办件 YYGT2026000003' }).waitFor();
    await page.getByText('停表：特别程序 1', { exact: true }).waitFor();
    await page.getByText(/承诺时限 15 个自然日：已用/).waitFor();
    await visit.looks('case');
    await page.getByRole('button', { name: '特别程序 1' }).click();
    await page.getByText(/承诺时限 30 个自然日/).waitFor();
    await page.getByLabel('重算到此刻').fill(bureauTime(now - 17 * day).slice(0, 10));
    await page.getByRole('button', { name: '重算' }).click();
    await page.waitForURL(/at=/);
    await page.getByRole('button', { name: '现在' }).click();
    await visit.goto('/board/cases/NONE');
    await page.getByRole('alert').getByText('没有找到').waitFor();
    await visit.end();
  });

  test('whose time it was, and what the exchange caused', async () => {
    const visit = await browser.visit(stand, 'viewer', '/board/cases/YYGT2026000004');
    const { page } = visit;
    await page.getByText('交换所致', { exact: true }).waitFor();
    await page.getByText(/只能看到黄牌/).waitFor();
    await visit.looks('case-caused');
    await page.getByText(/对方判定时.*尚未收到办结/).scrollIntoViewIfNeeded();
    await visit.looks('case-theirs');
    await visit.end();
  });
});

describe('cards', () => {
  test('an appeal needs a reason, is asked once, and stands in the history; a proof is a file whose hash fits', async () => {
    const visit = await browser.visit(stand, 'operator', '/cards?level=yellow');
    const { page } = visit;
    await page.getByText('存疑').nth(1).waitFor();
    await visit.looks('cards');
    await page.locator('tr', { hasText: 'YYGT2026000003' }).filter({ hasText: '存疑' }).filter({ hasText: 'hunan' }).getByRole('link').first().click();
    await page.getByText('按现在已知的情况不会发出此牌').waitFor();
    await visit.looks('card');
    await page.getByRole('button', { name: '申诉' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: '申诉' }).click();
    await dialog.getByText('请填写原因（至少 3 个字）').waitFor();
    await dialog.getByRole('textbox').fill('告知书当日送达，联系电话 13807310001 <b>x</b>');
    await page.mouse.move(5, 300);
    await visit.looks('appeal');
    await dialog.getByRole('button', { name: '申诉' }).click();
    await page.getByText('告知书当日送达，联系电话 138').waitFor();
    expect(await page.locator('main').innerText()).not.toContain('13807310001');
    await page.getByRole('button', { name: '撤销' }).click();
    await dialog.getByRole('textbox').fill('特别程序有书面告知，补录属实');
    await dialog.getByRole('button', { name: '撤销' }).click();
    await page.getByText('已撤销').first().waitFor();
    expect(await page.getByRole('button', { name: '申诉' }).count()).toBe(0);
    await visit.screenshot('card-revoked');
    const id = page.url().split('/').at(-1)!;
    const save = page.waitForEvent('download');
    await page.getByRole('button', { name: /导出证明/ }).click();
    await page.getByRole('menuitem', { name: '数据（JSON）' }).click();
    const file = await save;
    expect(file.suggestedFilename()).toBe(`card-${id}.json`);
    const content = await readFile((await file.path())!);
    await page.getByText(`已导出；JSON 的 SHA-256 ${createHash('sha256').update(content).digest('hex').slice(0, 16)}`).waitFor();
    const printable = page.waitForEvent('download');
    await page.getByRole('button', { name: /导出证明/ }).click();
    await page.getByRole('menuitem', { name: '可打印的网页（HTML）' }).click();
    // The page to print stands by itself: opened from a disk it asks for nothing.
    const alone = await page.context().newPage();
    const asked: string[] = [];
    alone.on('request', (r) => { if (!r.url().startsWith('file:')) asked.push(r.url()); });
    await copyFile(await (await printable).path(), path.join(folder, 'proof.html'));
    await alone.goto(`file://${path.join(folder, 'proof.html')}`);
    await alone.getByRole('heading', { name: /时限监察证明/ }).waitFor();
    await alone.screenshot({ path: path.join('.cache', 'screenshots', 'board', 'proof.png'), fullPage: true });
    expect([asked, await alone.locator('script').count()]).toEqual([[], 0]);
    const stored = (await cards.find({ ids: [id] }, 1))[0]!;
    expect([stored.state, stored.stands]).toEqual(['revoked', false]);
    await visit.end();
  });

  test('a query of the supervising side is answered where the case is read', async () => {
    const visit = await browser.visit(stand, 'operator', '/cards');
    const { page } = visit;
    await page.getByText('该件超过承诺时限，请说明原因。').scrollIntoViewIfNeeded();
    await visit.screenshot('cards-theirs');
    await page.getByRole('button', { name: '答复' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: '答复' }).click();
    await dialog.getByText('请填写答复').waitFor();
    await dialog.getByRole('textbox').fill('办结在时限之内，回执迟到，附证明。');
    await dialog.getByRole('button', { name: '答复' }).click();
    await page.getByText('答复已交付发送').waitFor();
    await visit.goto('/board/cases/YYGT2026000004');
    await page.getByText('办结在时限之内，回执迟到，附证明。').waitFor();
    await visit.end();
  });

  test('who only looks gets no button that would be refused', async () => {
    const visit = await browser.visit(stand, 'viewer', '/cards');
    await visit.page.locator('tbody tr').first().getByRole('link').first().click();
    await visit.page.getByRole('heading', { name: '发牌当时的计算' }).waitFor();
    expect(await visit.page.getByRole('button', { name: /申诉|确认|撤销|导出证明/ }).count()).toBe(0);
    await visit.end();
  });
});
