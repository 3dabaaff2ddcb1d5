/*
 * Pages in a real Chromium. How a page's spec file uses it (test/page/<area>.spec.ts):
 *
 *   let stand: OpsStand; let browser: TestBrowser;
 *   beforeAll(async () => { [stand, browser] = [await startOpsStand(), await openBrowser('channels')]; }, 120_000);
 *   afterAll(async () => { await browser.close(); await stand.close(); });
 *   test('...', async () => {
 *     const visit = await browser.visit(stand, 'operator', '/channels');   // signed on as the user of that role, in a context of its own
 *     await visit.page.getByRole('button', { name: '暂停' }).click();       // Playwright's page: it waits by itself
 *     await visit.looks('channels');                                       // screenshots zh/en × light/dark and axe in both themes
 *     await visit.end();                                                   // fails on script errors and on breaches of the content policy
 *   });
 *
 * Screenshots go to .cache/screenshots/<spec>/<name>.<language>.<theme>.png. Pages are in Chinese unless { language: 'en' } is given.
 */
import { jest } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import type { Role } from '../../src/domain/ops-api.js';
import { password, type OpsStand } from './ops-stand.js';

// A browser, a gateway and its servers share a machine that may be busy with much else: what is waited for comes, but not soon.
jest.setTimeout(300_000);
const patienceMs = 90_000;

// The environment of this machine closes the network; without these Chromium knocks at it all the time.
const flags = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--font-render-hinting=none'];
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface VisitOptions {
  readonly language?: 'zh' | 'en';
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** Where addresses begin: another face than the ops page. */
  readonly face?: string;
  readonly touch?: boolean;
}

export interface Visit {
  readonly page: Page;
  /** What went wrong in the page: script errors, breaches of the content policy. */
  readonly faults: readonly string[];
  /** Goes to an address below /ops, or below the face that was asked for. */
  goto(address: string): Promise<void>;
  /** Switches without loading anew, as another window of the same browser would. */
  switchTo(language: 'zh' | 'en', theme: 'light' | 'dark'): Promise<void>;
  /** One picture of what is seen now; gives its path. */
  screenshot(name: string): Promise<string>;
  /** Problems that axe calls serious or critical, each as a line; by these rules only, where some are given. */
  axe(rules?: readonly string[]): Promise<string[]>;
  /** Pictures in both languages and themes, axe in both themes; throws when axe finds something. */
  looks(name: string): Promise<void>;
  /** Closes the page; throws when something went wrong in it. */
  end(): Promise<void>;
}

export interface TestBrowser {
  /** A context of its own at an address below /ops, signed on as the user of that role (or name) unless undefined. */
  visit(stand: Pick<OpsStand, 'url'>, user: Role | (string & {}) | undefined, address: string, options?: VisitOptions): Promise<Visit>;
  close(): Promise<void>;
}

/** Starts Chromium; pictures go below the name of the spec. */
export async function openBrowser(spec: string): Promise<TestBrowser> {
  const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: flags });
  const folder = path.resolve('.cache', 'screenshots', spec);
  mkdirSync(folder, { recursive: true });
  return {
    async visit(stand, user, address, options = {}) {
      // Nobody's clock or language: the page has to say Shanghai's time by itself.
      const context = await browser.newContext({ viewport: { width: options.width ?? 1366, height: options.height ?? 768 }, locale: 'en-US', timezoneId: 'America/New_York', colorScheme: 'light', reducedMotion: 'reduce', hasTouch: options.touch ?? false, baseURL: stand.url });
      // Scripts for the page are text: the tests are compiled without the browser's types, as the gateway is.
      await context.addInitScript({ content: `try { ${[['language', options.language ?? 'zh'], ['theme', options.theme ?? 'light']].map(([key, value]) => `if (localStorage.getItem('gateway-${key}') === null) localStorage.setItem('gateway-${key}', '${value}');`).join('')} } catch { /* an error page of the browser keeps nothing */ }` });
      if (user !== undefined) {
        const answer = await context.request.post('/api/ops/login', { data: { name: user, password }, headers: { 'sec-fetch-site': 'same-origin' } });
        if (!answer.ok()) throw new Error(`login of ${user}: ${answer.status()} ${await answer.text()}`);
      }
      context.setDefaultTimeout(patienceMs);
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error' && !/Failed to load resource|net::ERR/.test(message.text())) faults.push(`console: ${message.text()}`);
        if (message.type() === 'warning' && /\[Vue|Element/.test(message.text())) faults.push(`warning: ${message.text()}`);
      });
      const visit: Visit = {
        page, faults,
        async goto(where) {
          await page.goto(`${options.face ?? '/ops'}${where}`);
          await page.locator('h1').first().waitFor();
        },
        async switchTo(language, theme) {
          // Not waitForFunction: it evaluates text in the page, which the content policy refuses.
          await page.evaluate(`(async () => {
            for (const [key, newValue] of [['gateway-language', '${language}'], ['gateway-theme', '${theme}']]) {
              localStorage.setItem(key, newValue);
              window.dispatchEvent(new StorageEvent('storage', { key, newValue }));
            }
            for (let frame = 0; frame < 2; frame += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
          })()`);
        },
        async screenshot(name) {
          const file = path.join(folder, `${name}.png`);
          await page.screenshot({ path: file, animations: 'disabled', caret: 'initial' });
          return file;
        },
        async axe(rules) {
          await page.evaluate(axeSource);
          const found: AxeResults = await page.evaluate(`axe.run(document, { resultTypes: ['violations']${rules ? `, runOnly: ${JSON.stringify(rules)}` : ''} })`);
          return found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.target.join(' ')}: ${node.failureSummary?.split('\n')[1]?.trim() ?? v.help}`));
        },
        async looks(name) {
          const problems: string[] = [];
          for (const [language, theme] of [['en', 'dark'], ['en', 'light'], ['zh', 'dark'], ['zh', 'light']] as const) {
            await visit.switchTo(language, theme);
            await visit.screenshot(`${name}.${language}.${theme}`);
            // The theme changes colours and nothing else.
            if (language === 'zh') problems.push(...(await visit.axe(theme === 'dark' ? ['color-contrast'] : undefined)).map((line) => `${theme}: ${line}`));
          }
          if (problems.length > 0) throw new Error(`axe on ${name}:\n${[...new Set(problems)].slice(0, 20).join('\n')}`);
        },
        async end() {
          await context.close();
          if (faults.length > 0) throw new Error(`the page had faults:\n${faults.join('\n')}`);
        },
      };
      await visit.goto(address);
      return visit;
    },
    close: () => browser.close(),
  };
}
