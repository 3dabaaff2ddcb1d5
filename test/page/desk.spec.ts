import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from '../../src/platform/database/sql.js';
import { journeyCase } from '../../src/simulator/bureau/stage-journeys.js';
import { openBrowser, type TestBrowser } from '../support/browser.js';
import { eventually, startOpsStand, type OpsStand } from '../support/ops-stand.js';

let stand: OpsStand;
let browser: TestBrowser;

beforeAll(async () => {
  // The pages are built first: a gateway reads them at its start.
  browser = await openBrowser('desk');
  stand = await startOpsStand();
  const { applied } = journeyCase({ catalogue: stand.catalogue, caseNo: 'YYGT202611000123' });
  await stand.bureau.insertCases([applied]);
  await eventually(() => stand.view.find({ caseNo: 'YYGT202611000123' }, 20), (found) => found.length > 0 && found.every((e) => e.state === 'accepted'), 'the case at the receivers');
}, 120_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
}, 60_000);

const audited = async (action: string): Promise<number> => Number((await stand.ledger.run(sql`select count(*) as n from audit_line where act = ${action}`)).rows[0]!['n']);

describe('channels', () => {
  test('are paused with a reason, resumed, polled and tried, and every step is shown', async () => {
    const visit = await browser.visit(stand, 'operator', '/channels');
    const { page } = visit;
    await page.getByRole('link', { name: '市政务中心' }).waitFor();
    await page.getByText('业务库办件流').first().waitFor();
    await visit.looks('channels');
    await page.getByRole('link', { name: '市政务中心' }).click();
    await page.getByRole('heading', { name: '中间机能力' }).waitFor();
    await page.getByRole('button', { name: '立即查看' }).click();
    await page.getByText('收取回执与返回文件').waitFor();
    await page.getByText('完成').first().waitFor({ timeout: 20_000 });
    await visit.looks('channel');
    await page.getByRole('button', { name: '暂停' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: '暂停' }).click();
    await dialog.getByText('请填写原因').waitFor();
    await dialog.getByLabel('原因').fill('中心更换机器');
    await page.mouse.move(2, 2);
    expect(await visit.axe()).toEqual([]);
    await dialog.getByRole('button', { name: '暂停' }).click();
    await page.getByText('已暂停: 中心更换机器').waitFor();
    expect(await audited('channel.pause')).toBe(1);
    await page.getByRole('button', { name: '恢复' }).click();
    await dialog.getByRole('button', { name: '恢复' }).click();
    await page.getByText('畅通').waitFor();
    await page.getByRole('button', { name: '测试连接' }).click();
    await page.getByText('连接正常').waitFor();
    await page.getByText('与登记一致').waitFor();
    await page.mouse.move(2, 2);
    await visit.looks('channel-test');
    await visit.end();
  });

  test('a viewer sees them and can do nothing; in English too', async () => {
    const visit = await browser.visit(stand, 'viewer', '/channels/of/center', { language: 'en', width: 1920, height: 1080 });
    const { page } = visit;
    await page.getByRole('heading', { name: 'What the machine can' }).waitFor();
    for (const name of ['Pause', 'Look now', 'Test connection']) expect(await page.getByRole('button', { name }).count()).toBe(0);
    await visit.screenshot('channel-wide');
    await visit.goto('/channels/mappings');
    await page.getByLabel('Find a field or element').fill('phone');
    await page.getByText('land_applicant.phone').first().waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Exported fields as CSV' }).click()]);
    expect(file.suggestedFilename()).toMatch(/^export-whitelist-\d{4}-\d\d-\d\d\.csv$/);
    await visit.looks('mappings');
    await visit.end();
  });

  test('a local day is decided by an administrator and stands in the calendar', async () => {
    const visit = await browser.visit(stand, 'administrator', '/channels/calendar');
    const { page } = visit;
    await page.getByRole('button', { name: '登记本地日' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('从', { exact: true }).fill('2026-12-07');
    await dialog.getByLabel('到', { exact: true }).fill('2026-12-08');
    await dialog.getByRole('textbox', { name: '原因' }).fill('停电检修');
    expect(await visit.axe()).toEqual([]);
    await dialog.getByRole('button', { name: '登记本地日' }).click();
    await page.getByRole('cell', { name: '停电检修' }).first().waitFor();
    expect(await page.locator('td.local-off').count()).toBe(2);
    await visit.looks('calendar');
    await visit.end();
  });
});

describe('a dry run', () => {
  test('shows a case with its findings at their place, what was sent, and many cases by cause', async () => {
    const { applied } = journeyCase({ catalogue: stand.catalogue, caseNo: 'YYGT202611000124' });
    const children = { ...applied.children, applicants: applied.children.applicants.map((a) => ({ ...a, phone: `0737-${'1'.repeat(40)}`, name: '<script>alert(1)</script>' })) };
    await stand.bureau.insertCases([{ ...applied, case: { ...applied.case }, children }]);
    await eventually(() => stand.view.find({ caseNo: 'YYGT202611000124' }, 20), (found) => found.some((e) => e.state === 'parked'), 'the parked case');
    const visit = await browser.visit(stand, 'operator', '/dry-run');
    const { page } = visit;
    expect(await visit.axe()).toEqual([]);
    await page.getByLabel('办件编号').fill('YYGT202611000124');
    await page.getByRole('button', { name: '试运行', exact: true }).click();
    await page.getByRole('heading', { name: '问题' }).waitFor();
    await page.getByText('land_applicant.phone').first().waitFor();
    await visit.looks('dry-run');
    await page.getByLabel('办件编号').fill('YYGT202611000123');
    await page.getByRole('button', { name: '试运行', exact: true }).click();
    await page.getByText('与最近送出的一致').waitFor();
    await page.getByRole('button', { name: '查看未隐藏内容' }).click();
    await page.getByRole('dialog').getByLabel('原因').fill('核对申请人');
    await page.getByRole('dialog').getByRole('button', { name: '确定' }).click();
    await page.getByText('姓名、证件和电话已隐藏').waitFor({ state: 'detached' });
    expect(await audited('personal.view')).toBe(1);
    await page.getByText('粘贴的快照').click();
    await page.getByLabel('快照 JSON').fill('[1');
    await page.getByRole('button', { name: '试运行', exact: true }).click();
    await page.getByText('不是 JSON 对象').waitFor();
    await page.getByRole('link', { name: '一段时间' }).click();
    await page.getByRole('button', { name: '开始' }).click();
    await page.getByText('完成', { exact: true }).waitFor();
    await page.getByText('land_applicant.phone').first().waitFor();
    await page.mouse.move(2, 2);
    await visit.looks('dry-run-many');
    await visit.end();
    const viewer = await browser.visit(stand, 'viewer', '/dry-run');
    await viewer.page.getByRole('heading', { name: '没有此页' }).waitFor();
    await viewer.end();
  });
});

describe('the inbox', () => {
  test('shows what came in, lets an answer be linked or set aside, and hides what is personal', async () => {
    const hostile = Buffer.from('<?xml version="1.0"?><回执><script>alert(1)</script> 张三丰 13807310001 \u202Etxt.exe</回执>');
    await stand.ledger.run(sql`insert into inbox (channel, source, external_id, content_type, content, sha256, size, received_at, remote, state, class, detail, due_at, kind) values ('center', 'file', '<img src=x onerror=alert(1)>.xml', 'text/xml', ${hostile}, ${'ab'.repeat(32)}, ${hostile.length}, now(), 'staging machine', 'read', 'unreadable', 'line 1: the root element is not known', now(), 'acknowledgement')`);
    await stand.ledger.run(sql`insert into acknowledgement (inbox_id, ordinal, channel, message_id, level, code, reason, received_at, class) select max(id), 0, 'center', ${'c'.repeat(32)}, 'refused', '130', '承诺办结时间早于受理时间', now(), 'unknown' from inbox`);
    await stand.ledger.run(sql`insert into acknowledgement (inbox_id, ordinal, channel, message_id, level, received_at, class) select max(id), 1, 'center', ${'d'.repeat(32)}, 'accepted', now(), 'unknown' from inbox`);
    await stand.ledger.run(sql`insert into rejection (id, at, channel, remote, reason, size, sha256, further) values ('00000000-0000-4000-8000-000000000001', now(), 'center', '10.0.0.7', 'signature', 412, ${'cd'.repeat(32)}, 16)`);
    const [accepted] = await stand.view.find({ caseNo: 'YYGT202611000123', channel: 'center' }, 1);
    const visit = await browser.visit(stand, 'operator', '/inbox');
    const { page } = visit;
    await page.getByText('无法读取').first().waitFor();
    await visit.looks('inbox');
    await page.getByText('只看待处理').click();
    expect(page.url()).toContain('open=yes');
    await page.getByRole('link', { name: '<img src=x' }).click();
    await page.getByText('‹U+202E›').waitFor();
    expect(await page.getByText('张三丰').count()).toBe(0);
    await visit.looks('inbox-entry');
    await page.getByRole('button', { name: '查看未隐藏内容' }).click();
    await page.getByRole('dialog').getByLabel('原因').fill('请中心核对');
    await page.getByRole('dialog').getByRole('button', { name: '确定' }).click();
    await page.getByText('张三丰').waitFor();
    await visit.goto('/inbox/answers');
    await page.getByText('承诺办结时间早于受理时间').waitFor();
    await visit.looks('inbox-answers');
    await page.getByRole('row', { name: /承诺办结时间/ }).getByRole('button', { name: '指定交换' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('交换号').fill(accepted!.id);
    await dialog.getByLabel('原因').fill('同一办件，报文号写错');
    await page.mouse.move(2, 2);
    expect(await visit.axe()).toEqual([]);
    await dialog.getByRole('button', { name: '确定' }).click();
    await page.getByText('已指定，判定为：矛盾').waitFor();
    expect((await stand.view.find({ ids: [accepted!.id] }, 1))[0]!.state).toBe('accepted');
    await page.getByRole('row', { name: /未知/ }).getByRole('button', { name: '搁置' }).click();
    await dialog.getByLabel('原因').fill('中心的测试报文');
    await dialog.getByRole('button', { name: '确定' }).click();
    await page.getByRole('row', { name: /未知/ }).waitFor({ state: 'detached' });
    expect([await audited('acknowledgement.link'), await audited('acknowledgement.aside')]).toEqual([1, 1]);
    await visit.goto('/inbox/rejected');
    await page.getByText('10.0.0.7').waitFor();
    await visit.looks('inbox-rejected');
    await visit.end();
    const viewer = await browser.visit(stand, 'viewer', '/inbox/answers', { language: 'en' });
    await viewer.page.getByText('contradictory').first().waitFor();
    expect(await viewer.page.getByRole('button', { name: 'Link to an exchange' }).count()).toBe(0);
    await viewer.end();
  });
});

describe('people', () => {
  test('users are made with a password that is shown once, changed, locked and deleted; the last administrator cannot go', async () => {
    const visit = await browser.visit(stand, 'administrator', '/users');
    const { page } = visit;
    await page.getByRole('button', { name: '新建用户' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('用户名').fill('Li Na');
    await dialog.getByRole('button', { name: '新建用户' }).click();
    await dialog.getByText('填写的内容有误').waitFor();
    await dialog.getByLabel('用户名').fill('li.na');
    await dialog.locator('label').filter({ hasText: /^财务/ }).click();
    await page.mouse.move(2, 2);
    expect(await visit.axe()).toEqual([]);
    await dialog.getByRole('button', { name: '新建用户' }).click();
    await page.getByText('请把这个密码交给 li.na').waitFor();
    await page.mouse.move(2, 2);
    await visit.looks('user-password');
    await page.getByRole('button', { name: '已记下，关闭' }).click();
    await page.getByRole('cell', { name: 'li.na', exact: true }).waitFor();
    await visit.looks('users');
    const choose = async (what: string): Promise<void> => {
      await page.getByRole('button', { name: '操作 li.na' }).click();
      await page.getByRole('menuitem', { name: what }).click();
    };
    await choose('停用');
    await dialog.getByRole('button', { name: '停用' }).click();
    await page.getByRole('row', { name: /li\.na/ }).getByText('已停用').waitFor();
    await choose('改变角色');
    await dialog.locator('label').filter({ hasText: /^查看员/ }).click(); // waits until the dialog stands still, as a forced click does not
    await dialog.getByRole('button', { name: '改变角色' }).click();
    await page.getByRole('row', { name: /li\.na/ }).getByText('查看员').waitFor();
    await choose('删除');
    await dialog.getByLabel('原因').fill('已调离');
    await dialog.getByRole('button', { name: '删除' }).click();
    await page.getByRole('cell', { name: 'li.na', exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: '操作 administrator' }).click();
    expect(await page.getByRole('menuitem', { name: '删除' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await visit.goto('/sessions');
    await page.getByText('本次').first().waitFor();
    await visit.looks('sessions');
    await visit.end();
  });

  test('the log is filtered in the address bar, told to be whole, and exported', async () => {
    const visit = await browser.visit(stand, 'administrator', '/audit', { width: 1920, height: 1080 });
    const { page } = visit;
    await page.getByText('未被改动').waitFor({ timeout: 20_000 });
    await visit.looks('audit');
    await page.getByRole('button', { name: '建立用户' }).first().click();
    expect(page.url()).toContain('action=user.create');
    await page.getByRole('cell', { name: 'administrator', exact: true }).waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '导出 CSV' }).click()]);
    expect(file.suggestedFilename()).toBe('audit.csv');
    await visit.end();
    const viewer = await browser.visit(stand, 'viewer', '/audit');
    await viewer.page.getByRole('heading', { name: '没有此页' }).waitFor();
    await viewer.end();
  });
});
