import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { OpsSessionStore } from '../../src/ledger/ops-session.store.js';
import { sql } from '../../src/platform/database/sql.js';
import { openBrowser, type TestBrowser } from '../support/browser.js';
import { password, startOpsStand, type OpsStand } from '../support/ops-stand.js';

let stand: OpsStand;
let browser: TestBrowser;

beforeAll(async () => {
  stand = await startOpsStand();
  browser = await openBrowser('sign-on');
}, 300_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
});

async function fill(page: Page, name: string, word: string): Promise<void> {
  await page.getByLabel('用户名').fill(name);
  await page.getByLabel('密码').fill(word);
  await page.getByLabel('密码').press('Enter');
}

describe('signing on', () => {
  test('leads to the page that was asked for, and a new user chooses a password first', async () => {
    await stand.makeUser('newcomer', 'viewer', true);
    const visit = await browser.visit(stand, undefined, '/exchanges?state=parked');
    const { page } = visit;
    await visit.looks('login');
    await fill(page, 'newcomer', password);
    await page.getByRole('heading', { name: '修改密码' }).waitFor();
    await visit.looks('password');
    const change = async (next: string): Promise<void> => {
      await page.getByLabel('当前密码').fill(password);
      await page.getByLabel('新密码', { exact: true }).fill(next);
      await page.getByLabel('再输入一次新密码').fill(next);
      await page.getByRole('button', { name: '修改密码' }).click();
    };
    await change('newcomer newcomer');
    await page.getByRole('alert').getByText('新密码不符合要求').waitFor();
    await change('three boats by the pier');
    await page.getByRole('heading', { name: '交换', exact: true }).waitFor();
    expect(page.url()).toBe(`${stand.url}/ops/exchanges?state=parked`);
    await page.getByText('实时', { exact: true }).waitFor();
    await visit.end();
  });

  test('a wrong password is locked out after some tries, with how long, and the right one is then locked out, too', async () => {
    await stand.makeUser('forgetful', 'viewer');
    const visit = await browser.visit(stand, undefined, '/');
    const { page } = visit;
    const alert = page.getByRole('alert');
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await fill(page, 'forgetful', `wrong ${attempt}`);
      await alert.getByText('用户名或密码不对').waitFor();
    }
    await fill(page, 'forgetful', 'wrong once more');
    await alert.getByText('用户名或密码不对').or(alert.getByText('账户已暂时锁定')).waitFor();
    await fill(page, 'forgetful', password);
    await alert.getByText('账户已暂时锁定').waitFor();
    await page.getByRole('alert').getByText(/后可再试/).waitFor();
    await visit.looks('locked');
    await visit.end();
  });

  test('a clerk is told where its desk is missing', async () => {
    const visit = await browser.visit(stand, undefined, '/');
    await fill(visit.page, 'clerk', password);
    await visit.page.getByText('话务员使用热线查询台，它在这里尚未启用').waitFor();
    await visit.looks('clerk');
    await visit.end();
  });

  test('a session that ended leads to the login and back', async () => {
    const visit = await browser.visit(stand, 'finance', '/exchanges');
    const { page } = visit;
    const sessions = stand.gateway.app.get(OpsSessionStore, { strict: false });
    for (const session of await sessions.list('finance')) await stand.ledger.transaction((runner) => sessions.end(runner, session.id));
    // Whatever the page asks next leads to the login, also what it was asking by itself; then the button is gone before it is pressed.
    await page.getByRole('button', { name: '查询' }).click({ timeout: 10_000 }).catch(() => undefined);
    await page.getByText('登录已结束，请重新登录。').waitFor();
    await fill(page, 'finance', password);
    await page.getByRole('heading', { name: '交换', exact: true }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/ops/exchanges');
    await visit.end();
  });

  test('a viewer is offered nothing that it may not do, and refused when it asks all the same', async () => {
    const visit = await browser.visit(stand, 'viewer', '/exchanges');
    const { page } = visit;
    await page.getByText('还没有交换').waitFor();
    await page.getByRole('button', { name: '更多条件' }).click();
    expect(await page.getByRole('textbox', { name: '申请人' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: /处理全部|补发时段/ }).count()).toBe(0);
    expect(await page.getByRole('checkbox').count()).toBe(0);
    const status: number = await page.evaluate(`(async () => {
      const me = await (await fetch('/api/ops/me')).json();
      const answer = await fetch('/api/ops/actions', { method: 'POST', headers: { 'content-type': 'application/json', 'x-csrf-token': me.csrf }, body: JSON.stringify({ kind: 'retry', ids: ['1'] }) });
      return answer.status;
    })()`);
    expect(status).toBe(403);
    const { rows } = await stand.ledger.run(sql`select count(*) as n from audit_line where actor = ${'ops viewer'} and outcome = ${'refused'}`);
    expect(Number(rows[0]!['n'])).toBeGreaterThan(0);
    await visit.goto('/audit');
    await page.getByRole('heading', { name: '没有此页' }).waitFor();
    await visit.looks('nothing');
    await visit.end();
  });

  test('the keyboard is enough: past the navigation, through a page, into a menu and out again', async () => {
    const visit = await browser.visit(stand, 'operator', '/');
    const { page } = visit;
    const focused = (): Promise<string> => page.evaluate("document.activeElement.id || document.activeElement.tagName + ' ' + document.activeElement.textContent.trim()");
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('A 跳到正文');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('content');
    await page.getByRole('link', { name: '失败' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('没有失败').waitFor();
    await page.waitForURL(/failures/);
    // A screen reader goes on at the heading of the new page.
    expect(await focused()).toBe('H1 失败');
    await page.getByRole('button', { name: /账户/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: '修改密码' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('menuitem', { name: '修改密码' }).waitFor({ state: 'hidden' });
    await visit.end();
  });

  test('signing out ends the session', async () => {
    const visit = await browser.visit(stand, 'viewer', '/');
    const { page } = visit;
    await page.getByRole('button', { name: /账户/ }).click();
    await page.getByRole('menuitem', { name: '退出登录' }).click();
    await page.getByRole('heading', { name: '登录' }).waitFor();
    expect(await page.evaluate("fetch('/api/ops/me').then((r) => r.status)")).toBe(401);
    await visit.end();
  });
});

describe('the page as it is served', () => {
  test('strict, lasting by content, small at first', async () => {
    const html = await fetch(`${stand.url}/ops/exchanges/5`);
    expect([html.status, html.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    expect(html.headers.get('content-security-policy')).toBe("default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;font-src 'self';connect-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none';object-src 'none'");
    const script = /src="(\/ops\/assets\/[^"]+\.js)"/.exec(await html.text())![1]!;
    const asset = await fetch(`${stand.url}${script}`, { headers: { 'accept-encoding': 'br' } });
    expect([asset.status, asset.headers.get('content-encoding'), asset.headers.get('cache-control'), asset.headers.get('x-content-type-options')]).toEqual([200, 'br', 'public, max-age=31536000, immutable', 'nosniff']);
    expect((await fetch(`${stand.url}${script}`, { headers: { 'if-none-match': asset.headers.get('etag')! } })).status).toBe(304);
    for (const missing of ['/ops/assets/gone-12345678.js', '/ops/.built-from', '/ops/..%2f..%2fpackage.json']) expect((await fetch(`${stand.url}${missing}`)).status).toBe(404);
    expect((await fetch(`${stand.url}/`, { redirect: 'manual' })).headers.get('location')).toBe('/ops/');
    expect((await fetch(`${stand.url}/ops`, { redirect: 'manual' })).headers.get('location')).toBe('/ops/');
  });

  test.each([['the login', undefined, '登录'], ['today', 'operator', '今日']])('%s weighs less than 300 KB with everything', async (_name, user, heading) => {
    const visit = await browser.visit(stand, user, '/');
    const { page } = visit;
    const network = await page.context().newCDPSession(page);
    await network.send('Network.enable');
    await network.send('Network.setCacheDisabled', { cacheDisabled: true });
    let weight = 0;
    network.on('Network.loadingFinished', (event) => (weight += event.encodedDataLength));
    await visit.goto('/');
    await page.getByRole('heading', { name: heading }).waitFor();
    const paint: number = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0");
    const ready: number = await page.evaluate('performance.now()');
    if (user !== undefined) await page.getByText('过去 24 小时的流量').waitFor();
    process.stdout.write(`${_name}: ${Math.round(weight / 1024)} KiB, first paint ${Math.round(paint)} ms, interactive ${Math.round(ready)} ms\n`);
    expect(weight).toBeGreaterThan(20_000);
    expect(weight).toBeLessThan(300_000);
    await visit.end();
  });
});
