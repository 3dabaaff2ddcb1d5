import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
}, 180_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
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
    await visit.looks('exchanges-parked');
    await page.locator('tbody tr').first().click();
    await page.getByText('内容对照').or(page.getByText('来源快照')).first().waitFor();
    await visit.looks('exchange-parked');
    await visit.goto('/exchanges?state=refused');
    await page.locator('tbody tr').first().click();
    await page.getByText('来源快照').first().waitFor();
    await visit.looks('exchange-refused');
    await page.getByRole('button', { name: '重试' }).click();
    await page.getByText('将处理 1 条').waitFor();
    await visit.looks('action-preview');
    expect(await page.getByRole('dialog').count()).toBe(1);
    await visit.end();
  });

  test('failures', async () => {
    const visit = await browser.visit(stand, 'operator', '/failures');
    await visit.page.locator('section.card').first().waitFor();
    await visit.looks('failures');
    await visit.end();
  });
});
