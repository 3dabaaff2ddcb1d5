import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openBrowser, type TestBrowser } from '../support/browser.js';
import { password, startOpsStand, type OpsStand } from '../support/ops-stand.js';

let stand: OpsStand;
let browser: TestBrowser;

beforeAll(async () => {
  [stand, browser] = [await startOpsStand(), await openBrowser('sign-on')];
}, 120_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
});

describe('signing on', () => {
  test('leads to the page that was asked for, and a new user chooses a password first', async () => {
    await stand.makeUser('newcomer', 'viewer', true);
    const visit = await browser.visit(stand, undefined, '/');
    const { page } = visit;
    await visit.looks('login');
    await page.getByLabel('用户名').fill('newcomer');
    await page.getByLabel('密码').fill(password);
    await page.getByLabel('密码').press('Enter');
    await page.getByRole('heading', { name: '修改密码' }).waitFor();
    await visit.looks('password');
    await page.getByLabel('当前密码').fill(password);
    await page.getByLabel('新密码', { exact: true }).fill('newcomer newcomer');
    await page.getByLabel('再输入一次新密码').fill('newcomer newcomer');
    await page.getByRole('button', { name: '修改密码' }).click();
    await page.getByRole('alert').getByText('新密码不符合要求').waitFor();
    await page.getByLabel('新密码', { exact: true }).fill('three boats by the pier');
    await page.getByLabel('再输入一次新密码').fill('three boats by the pier');
    await page.getByRole('button', { name: '修改密码' }).click();
    await page.getByRole('heading', { name: '今日' }).waitFor();
    expect(page.url()).toBe(`${stand.url}/ops/`);
    await page.getByText('实时', { exact: true }).waitFor();
    await visit.looks('shell');
    await visit.end();
  });
});
