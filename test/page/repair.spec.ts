import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { alarmWords } from '../../src/domain/alarm-words.js';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { generateCases } from '../../src/simulator/bureau/generate-cases.js';
import { sql } from '../../src/platform/database/sql.js';
import { openBrowser, type TestBrowser } from '../support/browser.js';
import { eventually, startOpsStand, type OpsStand } from '../support/ops-stand.js';

let stand: OpsStand;
let browser: TestBrowser;
/** A reason as a receiver may write it: what a browser would run, and signs that turn the direction of text. */
const hostileReason = '<img src=x onerror="window.hit=1">\u202e关受<script>window.hit=1</script>';

const counts = async (): Promise<Record<string, number>> => {
  const found: Record<string, number> = {};
  for (const c of await stand.view.counts()) found[c.state] = (found[c.state] ?? 0) + c.count;
  return found;
};
const still = async (): Promise<number> => stand.view.countMoving();

beforeAll(async () => {
  stand = await startOpsStand((settings) => ({ ...settings, ops: { ...settings.ops, twoPersons: { ...settings.ops.twoPersons, for: ['cancel'] } } }));
  stand.center.faults.import.refusals = [
    { code: '130', reason: '承诺办结时间早于受理时间', when: (m) => m.message === 'acceptance' },
    { code: '<b>', reason: hostileReason, when: (m) => m.message === 'application' && m.caseNo.endsWith('5') },
  ];
  const cases = generateCases({ catalogue: stand.catalogue, seed: 11, count: 24, from: '2026-09-01', scans: false });
  const named = cases.map((c) => (c.caseNo.endsWith('6') ? { ...c, case: { ...c.case, project_name: '<script>window.hit=1</script>"><svg onload=window.hit=1>\u202e\u200b件' }, children: { ...c.children, applicants: c.children.applicants.map((a) => ({ ...a, name: '</bdi><img src=x onerror=window.hit=1>' })) } } : c));
  await stand.bureau.insertCases(named);
  browser = await openBrowser('repair');
  await eventually(counts, (c) => (c['refused'] ?? 0) > 8 && (c['accepted'] ?? 0) > 5, 'refused messages');
  await eventually(still, (n) => n === 0, 'quiet');
}, 300_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
});

describe('repairing on the page', () => {
  test('a failed exchange is found, understood, retried once however often it is clicked, and accepted', async () => {
    const visit = await browser.visit(stand, 'operator', '/failures');
    const { page } = visit;
    const card = page.locator('section', { hasText: '承诺办结时间早于受理时间' });
    await card.getByText('请按退回原因在业务系统中更正', { exact: false }).waitFor();
    await card.getByRole('link', { name: '示例' }).click();
    await page.getByRole('heading', { name: /受理 · YYGT/ }).waitFor();
    await page.getByText('接收方退回了报文').waitFor();
    await page.getByText('窗口人员在业务系统中更正').waitFor();
    const id = page.url().split('/').at(-1)!;
    // The center mends its mistake; the operator sends it again.
    stand.center.faults.import.refusals = [];
    await page.getByRole('button', { name: '重试', exact: true }).click();
    await page.getByText('将处理 1 条，共 1 条').waitFor();
    await visit.looks('retry-preview');
    await page.getByRole('button', { name: '执行（1 条）' }).dblclick();
    await page.getByText('已处理 1 条').waitFor();
    await visit.looks('retry-result');
    const link = page.getByRole('dialog').getByRole('link', { name: /新交换/ });
    const address = await link.getAttribute('href');
    await page.getByRole('dialog').getByRole('button', { name: '关闭' }).last().click();
    await visit.goto(address!.replace(/^\/ops/, ''));
    // The page follows by itself.
    await page.locator('h1').getByText('已接收').waitFor();
    const { rows } = await stand.ledger.run(sql`select n.id from exchange o join exchange n on n.channel = o.channel and n.case_no = o.case_no and n.event = o.event and n.sequence = o.sequence where o.id = ${id}`);
    expect(rows).toHaveLength(2);
    await page.getByText('经过').waitFor();
    await page.getByText('operator').nth(1).waitFor();
    await visit.looks('accepted');
    await visit.end();
  });

  test('a whole group is retried after a preview, and closes by itself', async () => {
    const visit = await browser.visit(stand, 'operator', '/failures');
    const { page } = visit;
    const card = page.locator('section.card', { hasText: '承诺办结时间早于受理时间' });
    const n = Number(await card.locator('.n').textContent());
    expect(n).toBeGreaterThan(1);
    await card.getByRole('button', { name: '重试' }).click();
    await page.getByText(`将处理 ${n} 条，共 ${n} 条`).waitFor();
    await page.getByRole('button', { name: `执行（${n} 条）` }).click();
    await page.getByText(`已处理 ${n} 条`).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: '关闭' }).last().click();
    await card.waitFor({ state: 'detached' });
    await eventually(async () => (await stand.view.find({ states: ['refused'] }, 100)).filter((e) => e.event === 'acceptance').length, (left) => left === 0, 'all accepted');
    await visit.end();
  });

  test('what a bureau or a receiver writes is shown and never run', async () => {
    const visit = await browser.visit(stand, 'operator', '/failures');
    const { page } = visit;
    await page.getByText('<img src=x onerror', { exact: false }).first().waitFor();
    await page.locator('section.card', { hasText: 'onerror' }).getByRole('link', { name: '示例' }).click();
    await page.getByText('‹U+202E›', { exact: false }).first().waitFor();
    // One whose names are hostile, unmasked.
    const [named] = await stand.view.find({ channel: 'center', caseNo: 'YYGT202609000006' }, 1);
    // A message of two million signs in one element, without a break: as another system may have put it into the ledger.
    const huge = `<?xml version="1.0" encoding="UTF-8"?><SHOULI><HEAD><MSGID>1</MSGID></HEAD><BODY><XMMC>${'甲'.repeat(2_000_000)}</XMMC><A a="&quot;&gt;&lt;script&gt;window.hit=1&lt;/script&gt;">&lt;script&gt;window.hit=1&lt;/script&gt;</A></BODY></SHOULI>`;
    await stand.ledger.run(sql`update message set content = ${Buffer.from(huge)} where exchange_id = ${named!.id}`);
    await visit.goto(`/exchanges/${named!.id}`);
    await page.getByRole('button', { name: '显示个人信息' }).click();
    await page.getByLabel('原因', { exact: true }).fill('核对申请人姓名');
    await page.getByRole('button', { name: '确定' }).click();
    await page.getByText('正在显示个人信息', { exact: false }).waitFor();
    await page.getByText('</bdi><img src=x', { exact: false }).first().waitFor();
    await page.getByText('<script>window.hit=1</script>', { exact: false }).first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    await visit.looks('hostile');
    expect(await page.evaluate('window.hit')).toBeUndefined();
    const { rows } = await stand.ledger.run(sql`select count(*) as n from audit_line where act = ${'personal.view'} and actor = ${'ops operator'}`);
    expect(Number(rows[0]!['n'])).toBe(1);
    await visit.end();
  });

  test('what takes a second person is ordered by one and done by another', async () => {
    const [one, two] = [await browser.visit(stand, 'operator', '/failures'), await browser.visit(stand, 'administrator', '/orders')];
    const card = one.page.locator('section.card', { hasText: 'onerror' });
    const n = Number(await card.locator('.n').textContent());
    await card.getByRole('button', { name: /更多操作/ }).click();
    await one.page.getByRole('menuitem', { name: '取消' }).click();
    await one.page.getByRole('dialog').getByLabel('原因', { exact: true }).fill('接收方误退，已电话核实');
    await one.page.getByRole('dialog').getByRole('button', { name: '预览' }).click();
    await one.page.getByText('此类操作须由另一人确认后才执行。').waitFor();
    await one.looks('order-preview');
    await one.page.getByRole('button', { name: `提交确认（${n} 条）` }).dblclick();
    await one.page.getByText('已提交，等待另一人确认').waitFor();
    await one.page.getByRole('link', { name: '查看待确认' }).click();
    await one.page.getByText('您提交的，须由别人确认').waitFor();
    expect(await one.page.getByRole('button', { name: /确认执行/ }).count()).toBe(0);
    expect((await stand.view.find({ states: ['refused'] }, 100)).length).toBe(n);
    await two.page.getByRole('button', { name: /确认执行/ }).click();
    await two.page.getByText(`将处理 ${n} 条`, { exact: false }).waitFor();
    await two.looks('order-confirm');
    await two.page.getByRole('dialog').getByRole('button', { name: '确认执行' }).click();
    await two.page.getByText(`已处理 ${n} 条`).waitFor();
    await two.looks('orders');
    // What waits behind is refused now, because the center lacks the application: the preview said that it goes on without it.
    await eventually(async () => (await stand.view.find({ states: ['cancelled'] }, 100)).filter((e) => e.event === 'application').length, (cancelled) => cancelled === n, 'cancelled');
    await one.end();
    await two.end();
  });

  test('an alarm is said in the language of the page, with its names and counts', async () => {
    const alarms = new AlarmStore(stand.ledger, new SystemClock());
    await alarms.raise('pick-up-silent:center', 'pick-up-silent', alarmWords['pick-up-silent']({ channel: 'center', count: 3, forMs: 16_200_000, withinMs: 7_200_000 }), undefined, { channel: 'center' });
    await alarms.raise('query-open', 'query-open', alarmWords['query-open']({ count: 1, shown: [{ no: 'DB1', caseNo: 'YYGT202611000123' }] }));
    await alarms.raise('old', 'disk-low', { en: 'written by an older version', zh: '' });
    // They have lasted long enough to be told; the last one is as a version without Chinese words left it.
    await stand.ledger.run(sql`update alarm set raised_at = since, text_zh = case when text_zh = '' then null else text_zh end`);
    const visit = await browser.visit(stand, 'viewer', '/');
    const list = visit.page.getByRole('list', { name: '警报' });
    await list.getByText('通道 center：3 份报文未被取走，最久的已等 4 小时 30 分工作时间，预期 2 小时内').waitFor();
    await list.getByText('1 件督办未答复：DB1（办件 YYGT202611000123）').waitFor();
    await list.getByText('written by an older version').waitFor();
    expect(await list.getByRole('listitem').filter({ hasNotText: 'older version' }).allTextContents()).not.toEqual(expect.arrayContaining([expect.stringMatching(/not picked up|not answered/)]));
    await visit.looks('alarms');
    await visit.switchTo('en', 'light');
    await visit.page.getByRole('list', { name: 'Alarms' }).getByText('Channel center: 3 messages not picked up, the oldest for 4 h 30 min of working time, expected within 2 h').waitFor();
    await visit.end();
  });

  test('a connection that is lost is seen, and comes back by itself', async () => {
    const visit = await browser.visit(stand, 'operator', '/');
    const { page } = visit;
    await page.getByText('实时', { exact: true }).waitFor();
    await stand.stopGateway();
    await page.getByText('未连接', { exact: true }).waitFor();
    await visit.looks('not-live');
    await page.goto('/ops/').catch(() => undefined);
    await stand.startGateway();
    await visit.goto('/');
    await page.getByText('实时', { exact: true }).waitFor();
    await stand.stopGateway();
    await page.getByText('未连接', { exact: true }).waitFor();
    await stand.startGateway();
    await page.getByText('实时', { exact: true }).waitFor();
    await visit.end();
  });
});
