import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addDays, dayOf } from '../../src/domain/reckon-days.js';
import { Clock } from '../../src/platform/clock.js';
import { sql } from '../../src/platform/database/sql.js';
import { ClearancePoller } from '../../src/reconciliation/clearance.poller.js';
import { openBrowser, type TestBrowser } from '../support/browser.js';
import { startOpsStand, type OpsStand } from '../support/ops-stand.js';
import { factsOf, type Facts } from '../support/reconciliation-stand.js';

class SetClock extends Clock {
  constructor(public at: string) { super(); }
  now(): Date { return new Date(this.at); }
}
const today = dayOf(new Date().toISOString());
const [yesterday, before] = [addDays(today, -1), addDays(today, -8)];
const on = (day: string): string => new Date(`${day}T10:00:00+08:00`).toISOString();
const hostile = '<img src=x onerror=alert(1)>\u202e善人';

let stand: OpsStand;
let browser: TestBrowser;
let facts: Facts;
const clock = new SetClock(on(before));

beforeAll(async () => {
  // Nothing is matched by itself: the test says when.
  [stand, browser] = [await startOpsStand((s) => ({ ...s, reconciliation: { ...s.reconciliation, pollEveryMs: 3_600_000 } })), await openBrowser('reconciliation')];
  facts = factsOf(stand.ledger, clock);
  await facts.charge('YYGT202611000101', [{ code: '43090000000000000101', yuan: '80.00' }]);
  await facts.pay('JK0000001', { yuan: 80, code: '43090000000000000999', day: before });
  await facts.match();
  await stand.ledger.run(sql`insert into statement_day (day, closed_at, closed_by, figures, sha256) values (${addDays(today, -2)}, ${clock.at}, 'admin test', '{}', '')`);
  clock.at = on(yesterday);
  await facts.charge('YYGT202611000102', [{ code: '43090000000000000102', yuan: '80.00', taxes: '契税' }]);
  await facts.charge('YYGT202611000103', [{ code: '43090000000000000103', yuan: '550.00', item: 'GT0102' }]);
  await facts.charge('YYGT202611000104', [{ code: '43090000000000000104', yuan: '80.00', payer: hostile }]);
  await facts.charge('YYGT202611000105', [{ code: '43090000000000000105', yuan: '80.00' }]);
  await facts.charge('YYGT202611000106', [{ code: '43090000000000000106', yuan: '126000.00', item: 'GT0201' }]);
  await facts.pay('JK0000002', { yuan: 80, code: '43090000000000000102' });
  await facts.slip('343026110000000001', 'YYGT202611000102');
  await facts.pay('JK0000003', { yuan: 500, code: '43090000000000000103', item: 'GT0102' });
  await facts.pay('JK0000004', { yuan: 80, code: '43090000000000000104', payer: '代缴样例' });
  await facts.pay('JK0000005', { yuan: 80, code: '43090000000000000105' });
  await facts.pay('JK0000006', { yuan: 80, code: '43090000000000000105', caseNo: 'YYGT202611000105' });
  await facts.pay('JK0000007', { yuan: 126_000, caseNo: 'X202611', item: 'GT0201' });
  await facts.match();
}, 120_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
});

describe('reconciliation', () => {
  test('the day: what keeps it open is named, it is closed when it ties out, and stays closed', async () => {
    const visit = await browser.visit(stand, 'finance', '/reconciliation');
    const { page } = visit;
    await page.getByRole('heading', { name: `日终对账单 ${yesterday}` }).waitFor();
    await page.getByText('center：未收到当日对账控制文件').first().waitFor();
    await visit.looks('statement-open');
    await facts.control(yesterday, 1, { count: 1, fen: 8_000n });
    await visit.goto(`/reconciliation/days/${yesterday}`);
    await page.getByText(/center 缴款:我方 6\//).first().waitFor();
    await page.getByRole('button', { name: '日结', exact: true }).click();
    await page.getByRole('dialog').getByText('还不能日结').waitFor();
    await visit.screenshot('statement-blocked');
    await page.getByRole('button', { name: '知道了' }).click();
    await facts.control(yesterday, 2);
    await visit.goto(`/reconciliation/days/${yesterday}`);
    await page.getByText('账平，可以日结').waitFor();
    await page.getByRole('button', { name: '日结', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('日结后不能重新打开').waitFor();
    await visit.screenshot('statement-close');
    await dialog.getByRole('button', { name: '日结', exact: true }).dblclick();
    await page.getByText(/由 ops finance 日结/).waitFor();
    expect(await page.getByRole('button', { name: '日结', exact: true }).count()).toBe(0);
    await visit.looks('statement-closed');
    await page.getByRole('button', { name: /XLSX \/ CSV/ }).click();
    await page.getByRole('menuitem', { name: 'XML' }).waitFor();
    await visit.screenshot('statement-export');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'XML' }).click({ timeout: 5_000 })]);
    expect(download.suggestedFilename()).toBe(`statement-${yesterday}.xml`);
    await page.emulateMedia({ media: 'print' });
    await visit.screenshot('statement-print');
    await visit.end();
    const { rows } = await stand.ledger.run(sql`select count(*) as n from statement_day where day = ${yesterday}`);
    expect(Number(rows[0]!['n'])).toBe(1);
  }, 90_000);

  test('a viewer looks, in English, and is offered nothing to change', async () => {
    const visit = await browser.visit(stand, 'viewer', `/reconciliation/days/${yesterday}`, { language: 'en', width: 1920, height: 1080 });
    const { page } = visit;
    await page.getByText(`Closed`, { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Close the day' }).count()).toBe(0);
    await visit.screenshot('statement-wide');
    await page.getByRole('link', { name: /^Differences/ }).first().click();
    await page.getByRole('link', { name: 'payment JK0000004' }).click();
    await page.getByText('Your role may only look.').waitFor();
    expect(await page.getByRole('button', { name: 'Show names' }).count()).toBe(0);
    await page.goto(`${stand.url}/ops/reconciliation/differences/99999999`);
    await page.getByRole('alert').getByText('Not found').waitFor();
    await visit.end();
  }, 60_000);

  test('a difference: found by its reason, both sides, names on request, linked, taken back', async () => {
    const visit = await browser.visit(stand, 'finance', '/reconciliation/differences');
    const { page } = visit;
    await page.getByRole('link', { name: '缴款 JK0000003' }).waitFor();
    await visit.looks('differences');
    await page.getByRole('button', { name: /缴款人与应收不一致/ }).click();
    await page.getByRole('link', { name: '缴款 JK0000003' }).waitFor({ state: 'detached' });
    expect(page.url()).toContain('reason=wrong-payer');
    await page.getByRole('link', { name: '缴款 JK0000004' }).click();
    const payer = page.getByRole('row', { name: /^缴款人/ });
    await payer.waitFor();
    expect(await payer.innerText()).toContain('＊');
    await visit.looks('difference');
    await page.getByRole('button', { name: '显示姓名' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('缴款人来电核对');
    await page.getByRole('dialog').getByRole('button', { name: '显示姓名' }).click();
    await payer.getByText('代缴样例').waitFor();
    // What stands in a name is text, and what turns the direction of text is shown by its number.
    expect(await payer.innerText()).toContain('<img src=x onerror=alert(1)>‹U+202E›善人');
    await page.getByRole('button', { name: '关联…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('checkbox', { name: /应收 YYGT202611000104\/1/ }).check();
    await dialog.getByText('金额相等').waitFor();
    await dialog.getByRole('textbox', { name: '原因' }).fill('亲属代缴，已核对');
    await visit.screenshot('link');
    await dialog.getByRole('button', { name: '关联' }).click();
    await page.getByText('人工关联').waitFor();
    await visit.screenshot('difference-linked');
    await page.getByRole('button', { name: '撤回…' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('对错了');
    await page.getByRole('dialog').getByRole('button', { name: '撤回' }).click();
    await page.locator('.history li.over').first().waitFor();
    await visit.end();
    const audited = await stand.ledger.run(sql`select act, outcome from audit_line where act in ('personal.view', 'difference-link', 'difference-reopen') order by seq`);
    expect(audited.rows.map((r) => `${String(r['act'])} ${String(r['outcome'])}`)).toEqual(['personal.view done', 'difference-link done', 'difference-reopen done']);
  }, 90_000);

  test('above the limit a second person decides, in English', async () => {
    const first = await browser.visit(stand, 'finance', '/reconciliation/differences?case=X202611', { language: 'en' });
    await first.page.getByRole('link', { name: 'payment JK0000007' }).click();
    await first.page.getByRole('button', { name: 'Link…' }).click();
    const dialog = first.page.getByRole('dialog');
    await dialog.getByPlaceholder('Find by serial, payment code or case').fill('YYGT202611000106/1');
    await dialog.getByRole('button', { name: 'Find' }).click();
    await dialog.getByRole('checkbox', { name: /charge 1 of YYGT202611000106/ }).check();
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('typed under the contract number');
    await dialog.getByRole('button', { name: 'Link' }).click();
    await first.page.getByText('A decision about this record waits for a second person.').waitFor();
    await first.page.getByRole('link', { name: 'Second person', exact: true }).first().click();
    await first.page.getByText('yours; somebody else confirms it').waitFor();
    expect(await first.page.getByRole('button', { name: 'Confirm' }).count()).toBe(0);
    await first.end();
    const second = await browser.visit(stand, 'administrator', '/reconciliation/decisions');
    await second.page.getByRole('button', { name: '同意', exact: true }).waitFor();
    await second.looks('decisions');
    await second.page.getByRole('button', { name: '同意', exact: true }).click();
    await second.page.getByRole('dialog').getByRole('button', { name: '同意', exact: true }).click();
    await second.page.getByText('没有等待复核的处理').waitFor();
    await second.looks('decisions-none');
    await second.end();
  }, 90_000);

  test('a case: whether it is clear, what is missing, and what speaks against it', async () => {
    const poller = stand.gateway.app.get(ClearancePoller, { strict: false });
    await poller.poll(() => Promise.resolve(true));
    const visit = await browser.visit(stand, 'viewer', '/reconciliation/cases');
    const { page } = visit;
    await page.getByText('输入办件编号查询').waitFor();
    await visit.screenshot('clearance-empty');
    await page.getByLabel('办件编号').fill('YYGT202611000103');
    await page.getByRole('button', { name: '查询' }).click();
    await page.getByText('未结清，不得发证').waitFor();
    await visit.looks('clearance-missing');
    await page.getByRole('link', { name: '查看差异' }).first().click();
    await page.getByRole('heading', { name: '应收 YYGT202611000103/1', level: 1 }).waitFor();
    await visit.goto('/reconciliation/cases/YYGT202611000102');
    await page.getByText('已结清，可以发证').waitFor();
    // The day is closed, and then the payment is refunded.
    clock.at = on(today);
    await facts.pay('TF0000002', { yuan: 80, code: '43090000000000000102', status: 'refunded', originalSerial: 'JK0000002' });
    await facts.match();
    await poller.poll(() => Promise.resolve(true));
    await visit.goto('/reconciliation/cases/YYGT202611000102');
    await page.getByText('结清后被否定，不得发证').waitFor();
    await visit.looks('clearance-contradicted');
    await visit.goto('/reconciliation/cases/nobody');
    await page.getByRole('alert').getByText('没有找到').waitFor();
    await visit.end();
  }, 90_000);
});
