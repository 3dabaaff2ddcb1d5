import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { sql } from '../../src/platform/database/sql.js';
import { generateCases } from '../../src/simulator/bureau/generate-cases.js';
import { openBrowser, type TestBrowser } from '../support/browser.js';
import { eventually, startOpsStand, type OpsStand } from '../support/ops-stand.js';

let stand: OpsStand;
let browser: TestBrowser;

const settled = async (): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const c of await stand.view.counts()) counts[c.state] = (counts[c.state] ?? 0) + c.count;
  return counts;
};

beforeAll(async () => {
  stand = await startOpsStand();
  stand.center.faults.import.refusals = [{ code: '130', reason: '承诺办结时间早于受理时间', when: (m) => m.message === 'acceptance' && m.caseNo.endsWith('7') }];
  await stand.bureau.insertCases(generateCases({ catalogue: stand.catalogue, seed: 7, count: 60, from: '2026-09-01', awkward: true, scans: false }));
  browser = await openBrowser('exchanges');
  await eventually(settled, (c) => (c['refused'] ?? 0) > 0 && (c['parked'] ?? 0) > 3 && (c['accepted'] ?? 0) > 100, 'traffic of every kind');
}, 300_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
});

describe('finding', () => {
  test('by what stands in the address bar, page by page, and back', async () => {
    const visit = await browser.visit(stand, 'operator', '/exchanges');
    const { page } = visit;
    const first = page.locator('tbody tr td a').first();
    await first.waitFor();
    const newest = await first.textContent();
    await page.getByRole('button', { name: '下一页' }).click();
    await page.waitForURL(/after=\d+/);
    await page.locator('tbody tr').nth(49).waitFor();
    await page.getByRole('button', { name: '上一页' }).click();
    await page.waitForURL((url) => !url.search.includes('after'));
    await first.getByText(newest!).waitFor();
    await page.getByLabel('办件编号').fill('YYGT202609000012');
    await page.getByLabel('办件编号').press('Enter');
    await page.waitForURL(/case=YYGT202609000012/);
    await eventually(async () => [...new Set(await page.locator('tbody tr td a').allTextContents())], (cases) => cases.length === 1 && cases[0] === 'YYGT202609000012', 'only this case');
    // The address alone says it all, also in a new window.
    const again = await browser.visit(stand, 'viewer', new URL(page.url()).pathname.replace('/ops', '') + new URL(page.url()).search);
    expect(await again.page.getByLabel('办件编号').inputValue()).toBe('YYGT202609000012');
    await again.end();
    await page.getByRole('button', { name: /保存当前条件/ }).click();
    await page.getByLabel('名称').fill('十二号');
    await page.getByRole('dialog').getByRole('button', { name: /保存/ }).click();
    await page.getByRole('button', { name: '清除' }).click();
    await page.waitForURL((url) => url.search === '');
    await page.getByRole('button', { name: '十二号', exact: true }).click();
    await page.waitForURL(/case=YYGT202609000012/);
    await visit.end();
  });

  test('by person, which stands in no address and is in the audit log; columns are chosen; what is found is exported', async () => {
    const visit = await browser.visit(stand, 'operator', '/exchanges');
    const { page } = visit;
    await page.getByRole('button', { name: '更多条件' }).click();
    const { rows } = await stand.ledger.run(sql`select body from case_snapshot where case_no = ${'YYGT202609000001'}`);
    const { children } = JSON.parse(String(rows[0]!['body'])) as { children: { applicants: { name: string }[] } };
    await page.getByLabel('申请人').fill(children.applicants[0]!.name);
    await page.getByRole('button', { name: '查询' }).click();
    await eventually(async () => page.locator('tbody tr td a').allTextContents(), (cases) => cases.includes('YYGT202609000001'), 'the case of this person');
    expect(new URL(page.url()).search).toBe('');
    await visit.looks('search');
    const audited = await stand.ledger.run(sql`select count(*) as n from audit_line where act = ${'personal.search'}`);
    expect(Number(audited.rows[0]!['n'])).toBe(1);
    await page.getByRole('button', { name: /显示列/ }).click();
    await page.getByRole('checkbox', { name: '文件名' }).press('Space');
    await page.getByRole('columnheader', { name: '文件名' }).waitFor();
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByRole('columnheader', { name: '文件名' }).waitFor();
    await visit.goto('/exchanges?state=parked');
    await page.locator('tbody tr').first().waitFor();
    for (const [format, begins] of [['CSV', '\ufeff'], ['XLSX', 'PK']] as const) {
      await page.getByRole('button', { name: /导出/ }).click();
      const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: format, exact: true }).click()]);
      expect((await readFile(await file.path(), 'utf8')).startsWith(begins)).toBe(true);
    }
    await visit.end();
  });
});

describe('a line that is down', () => {
  test('is bridged by a package that is carried by hand, and taken back', async () => {
    await stand.gateway.app.get(ChannelStore, { strict: false }).pause('provincial', '线路检修', 'test');
    await stand.bureau.insertCases(generateCases({ catalogue: stand.catalogue, seed: 9, count: 12, from: '2026-10-08', scans: false, firstSequence: 500 }));
    await eventually(async () => (await stand.view.find({ channel: 'provincial', states: ['rendered'] }, 50)).length, (n) => n > 2, 'something due');
    const visit = await browser.visit(stand, 'operator', '/hand-overs');
    const { page } = visit;
    await page.getByText('没有数据包').waitFor();
    await page.getByRole('button', { name: '制作数据包' }).click();
    await page.getByRole('combobox', { name: '通道' }).press('Enter');
    await page.getByRole('option', { name: '省内网' }).click();
    await page.getByText(/到期 [1-9]\d* 条/).waitFor();
    await page.getByLabel('原因').fill('线路检修，送光盘');
    await visit.looks('hand-over-form');
    await page.getByRole('dialog').getByRole('button', { name: '制作数据包' }).click();
    await page.getByText('在途').waitFor();
    await visit.looks('hand-over');
    await page.getByRole('button', { name: '下载数据包' }).click();
    await page.getByLabel('原因').fill('刻录光盘');
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '确定' }).click()]);
    expect((await readFile(await file.path())).subarray(0, 2).toString()).toBe('PK');
    await page.getByRole('button', { name: '收回' }).click();
    await page.getByRole('button', { name: '确定' }).click();
    await page.locator('tbody').getByText('已收回').waitFor();
    await visit.end();
  });
});

describe('what an administrator sees', () => {
  test('today', async () => {
    const visit = await browser.visit(stand, 'operator', '/');

    await visit.page.getByText('过去 24 小时的流量').waitFor();
    await visit.looks('today');
    await visit.end();
  });

  test('exchanges and one of them', async () => {
    const visit = await browser.visit(stand, 'operator', '/exchanges');
    const { page } = visit;
    await page.locator('tbody tr').first().waitFor();
    await visit.looks('exchanges');
    await visit.goto('/exchanges?state=parked');
    await page.locator('tbody tr').first().waitFor();
    await page.locator('tbody tr').first().click();
    await page.getByText('内容对照').or(page.getByText('来源快照')).first().waitFor();
    await visit.looks('exchange-parked');
    await visit.goto('/exchanges?state=refused');
    await page.locator('tbody tr').first().click();
    await page.getByText('来源快照').first().waitFor();
    await visit.looks('exchange-refused');
    await visit.end();
  });

  test('all of it on a tall and wide screen', async () => {
    const visit = await browser.visit(stand, 'operator', '/', { width: 1920, height: 1500 });
    const { page } = visit;
    await page.getByText('过去 24 小时的流量').waitFor();
    await visit.looks('wide-today');
    await visit.goto('/exchanges?state=accepted&event=result');
    await page.locator('tbody tr').first().click();
    await page.getByText('该办件的报文顺序').waitFor();
    await visit.looks('wide-exchange');
    await visit.end();
  });

  test('failures', async () => {
    const visit = await browser.visit(stand, 'operator', '/failures');
    await visit.page.locator('section.card').first().waitFor();
    await visit.looks('failures');
    await visit.end();
  });
});
