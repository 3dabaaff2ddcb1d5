import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { runCli } from '../../src/cli/run-cli.command.js';
import { inquirySchema } from '../../src/domain/inquiry-settings.js';
import type { Row } from '../../src/domain/snapshot.js';
import { sql } from '../../src/platform/database/sql.js';
import { openBrowser, type TestBrowser, type Visit } from '../support/browser.js';
import { bureauSettings, principal, startInquiryStand, type InquiryStand } from '../support/inquiry-stand.js';
import { password } from '../support/ops-stand.js';

let stand: InquiryStand;
let browser: TestBrowser;
const face = '/inquiry';
const budget = 50 * 1024;

const charge: Row = { charge_no: '1', fee_item_code: 'GT0101', fee_item_name: '不动产登记费(住宅)', amount: '80.00', exempt: '0', payer: '欧阳小明', payment_code: '43090026110000000017', tax_kinds: '契税' };
const steps: Row[] = [{ step_no: '1', stage: 'CB', step_name: '承办人初审', handler: '王五', started_at: '2026-11-04 09:00:00.000', ended_at: '2026-11-05 09:00:00.000', step_status: 'DONE' }, { step_no: '2', stage: 'SH', step_name: '科室负责人审核', handler: '赵六', started_at: '2026-11-06 09:00:00.000', step_status: 'TODO' }];

async function clock(caseNo: string, light: string, due: string | null, pauses: readonly unknown[] = []): Promise<void> {
  const facts = { itemCode: 'DJ05', acceptedAt: '2026-11-03T02:00:00.000Z', limits: { committed: { length: 10, unit: 'W' }, statutory: { length: 20, unit: 'W' }, source: 'test' }, steps: [], pauses };
  await stand.db.run(sql`insert into clock_state (stream, case_no, body, facts, digest, clock_state, light, due_at, live, computed_at) values ('case', ${caseNo}, 'hunan', ${JSON.stringify(facts)}, 'd', 'x', ${light}, ${due}, 1, ${stand.clock.at})`);
}

beforeAll(async () => {
  [stand, browser] = [
    await startInquiryStand((s) => inquirySchema.parse({ ...bureauSettings(s), limits: { ...s.limits, perAddressPerHour: 100_000 }, completed: { items: { DJ05: 'certificate', DJ08: 'closing' }, days: 30 } })),
    await openBrowser('inquiry'),
  ];
  await stand.record(
    { caseNo: 'YYGT202611000123', children: { steps, charges: [charge], parcels: [{ land_use: '城镇住宅用地' }], specials: [{ special_no: '1', kind: 'PS', kind_name: '专家评审', started_at: '2026-11-09 09:00:00.000', ended_at: '2026-11-11 09:00:00.000', approved_length: '10', approved_unit: 'W', notice_no: 'n' }] } },
    { caseNo: 'YYGT202611000124', row: { status: 'APPLIED', accepted_at: null, query_password: '839142', item_name: '国有建设用地使用权抵押登记', item_code: 'DJ07' }, children: { supplements: [{ supplement_no: '1', notice_no: '益国土补字〔2026〕000124-1号', notified_at: '2026-11-12 15:00:00.000', reason: '身份证明复印件不清晰', material_list: '申请人身份证明(重新提交);经公证的授权委托书' }] } },
    { caseNo: 'YYGT202611000125', row: { status: 'CLOSED', closed_at: '2026-11-18 16:00:00.000', result_code: 'PASS' }, children: { steps, certificates: [{ certificate_no: '1', issued_on: '2026-11-19' }] } },
    ...Array.from({ length: 12 }, (_, i) => ({
      caseNo: `YYGT2026110002${String(i).padStart(2, '0')}`, row: { status: 'CLOSED', closed_at: '2026-11-18 16:00:00.000', result_code: 'PASS', ...(i % 3 === 0 ? { item_code: 'DJ08', item_name: '国有建设用地使用权抵押权注销登记' } : {}) },
      children: { applicants: [i % 4 === 1 ? { ...principal, name: '湘潭某某建材有限公司', kind: 'E' } : { ...principal, name: ['李建国', '王芳', '欧阳丽', '陈志强'][i % 4]!, cert_no: `4309021990010112${String(i).padStart(2, '0')}` }], certificates: i % 3 === 0 ? [] : [{ certificate_no: '1', issued_on: i < 8 ? '2026-11-19' : '2026-11-17' }] },
    })),
  );
  await clock('YYGT202611000123', 'yellow', '2026-11-19T02:00:00.000Z', [{ kind: 'special', sequence: '1', title: '专家评审', from: '2026-11-09T01:00:00.000Z', until: '2026-11-11T01:00:00.000Z', approved: { length: 10, unit: 'W' }, noticeNo: 'n' }]);
  await runCli(['reconcile'], { env: stand.env, clock: stand.clock, user: 'li', out: () => undefined, err: () => undefined });
}, 120_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
});

const text = (page: Page): Promise<string> => page.evaluate('document.documentElement.outerHTML + location.href + JSON.stringify(Object.entries(localStorage)) + JSON.stringify(Object.entries(sessionStorage)) + document.cookie') as Promise<string>;
/** Bytes that came over the line, and from where. */
function weigh(visit: Visit): { bytes: number; addresses: string[]; done: () => Promise<void> } {
  const seen = { bytes: 0, addresses: [] as string[], pending: [] as Promise<void>[], done: async () => void (await Promise.all(seen.pending)) };
  visit.page.on('requestfinished', (request) => {
    seen.addresses.push(new URL(request.url()).pathname);
    seen.pending.push(request.sizes().then((s) => { seen.bytes += s.responseBodySize + s.responseHeadersSize; }));
  });
  return seen;
}

describe('on the web', () => {
  test('a case is asked for by keys alone; nothing of it stays in the address or the browser', async () => {
    const visit = await browser.visit(stand, undefined, '/', { face });
    const { page } = visit;
    await visit.looks('web-form');
    await page.getByLabel('办件编号').focus();
    await page.keyboard.type('yygt202611000123');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('01123x');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '正在办理' }).waitFor();
    for (const shown of ['临近承诺时限', '2026年11月19日', '科室负责人审核', '欧＊＊＊', '80.00元', '43090026110000000017']) expect(await page.getByText(shown).first().isVisible()).toBe(true);
    await visit.looks('web-answer');
    expect(await page.evaluate('document.activeElement.id')).toBe('answer-title');
    await page.getByRole('button', { name: '查询另一办件' }).click();
    await page.getByLabel('办件编号').waitFor();
    expect(await text(page)).not.toMatch(/YYGT202611000123|01123X|欧＊/i);
    expect(page.url()).toBe(`${stand.url}/inquiry/`);
    await visit.end();
  });

  test('what does not fit says so in one way; what is missing is asked for at its place', async () => {
    const visit = await browser.visit(stand, undefined, '/', { face, width: 390, height: 844, touch: true });
    const { page } = visit;
    await visit.looks('phone-form');
    await page.getByRole('button', { name: '查询' }).click();
    await page.getByRole('alert').getByText('请输入办件编号').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('case');
    await page.getByLabel('办件编号').fill('YYGT202611000124');
    await page.getByRole('radio', { name: '查询密码' }).check();
    await page.getByRole('textbox', { name: '查询密码' }).fill('000000');
    await page.getByRole('button', { name: '查询' }).click();
    await page.getByRole('alert').getByText('没有查到相符的办件').waitFor();
    await visit.looks('phone-refused');
    await page.getByRole('textbox', { name: '查询密码' }).fill('839142');
    await page.getByRole('button', { name: '查询' }).click();
    await page.getByRole('heading', { name: '需要补交材料' }).waitFor();
    await page.getByRole('listitem').getByText('经公证的授权委托书').waitFor();
    await visit.looks('phone-answer');
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await visit.end();
  });

  test('too many tries are told with how long to wait', async () => {
    const visit = await browser.visit(stand, undefined, '/', { face });
    const { page } = visit;
    await page.getByLabel('办件编号').fill('YYGT202611000999');
    for (let i = 0; i < 6; i++) {
      await page.getByRole('textbox', { name: '证件号码后6位' }).fill(`00000${i}`);
      const answered = page.waitForResponse((r) => r.url().endsWith('/api/inquiry'));
      await page.getByRole('button', { name: '查询' }).click();
      await answered;
    }
    await page.getByRole('alert').getByText('请在60秒后再试').waitFor();
    await visit.end();
  });
});

describe('in the hall', () => {
  const sizes = [['hall-wide', 1366, 768], ['hall-tall', 1080, 1920]] as const;
  test.each(sizes)('%s: by touch alone, and empty again after a while', async (name, width, height) => {
    const visit = await browser.visit(stand, undefined, '/', { face, width, height, touch: true });
    const { page } = visit;
    await page.clock.install();
    await visit.goto('/kiosk');
    const history = (await page.evaluate('history.length')) as number;
    await visit.screenshot(`${name}-start.zh`);
    expect(await visit.axe()).toEqual([]);
    await page.getByRole('button', { name: 'Switch to English' }).tap();
    await visit.screenshot(`${name}-start.en`);
    await page.getByRole('button', { name: '切换为中文' }).tap();
    await page.getByRole('button', { name: '触摸这里开始查询' }).tap();
    const type = async (signs: string): Promise<void> => { for (const sign of signs) await page.getByRole('button', { name: sign, exact: true }).tap(); };
    await type('YYGT2026110001259');
    await page.getByRole('button', { name: '退格' }).tap();
    expect(await page.getByLabel('办件编号').inputValue()).toBe('YYGT202611000125');
    await visit.screenshot(`${name}-case.zh`);
    expect(await visit.axe()).toEqual([]);
    // Every key is large enough for a finger, and inside of the screen.
    for (const key of await page.locator('.key').all()) {
      const box = (await key.boundingBox())!;
      expect([box.width >= 48 && box.height >= 48, box.y + box.height <= height]).toEqual([true, true]);
    }
    await page.getByRole('button', { name: '下一步' }).tap();
    await page.getByRole('button', { name: '查询密码' }).tap();
    await type('839142');
    await visit.screenshot(`${name}-proof.zh`);
    await page.getByRole('button', { name: '查询', exact: true }).tap();
    await page.getByRole('heading', { name: '已办结，准予办理' }).waitFor();
    await page.getByText('请携带身份证件到市政务中心一楼国土窗口').first().waitFor();
    await visit.screenshot(`${name}-answer.zh`);
    expect(await visit.axe()).toEqual([]);
    await page.getByRole('button', { name: 'Switch to English' }).tap();
    await page.getByRole('heading', { name: 'Completed: granted' }).waitFor();
    await visit.screenshot(`${name}-answer.en`);
    await page.clock.fastForward(50_000);
    await page.getByRole('alertdialog').getByText('Are you still there?').waitFor();
    await visit.screenshot(`${name}-still.en`);
    await page.getByRole('button', { name: 'Go on' }).tap();
    await page.getByRole('alertdialog').waitFor({ state: 'hidden' });
    await page.clock.fastForward(61_000);
    await page.getByRole('button', { name: '触摸这里开始查询' }).waitFor();
    expect(await text(page)).not.toMatch(/YYGT20|839142|欧＊|准予/);
    expect(await page.evaluate('[location.pathname, history.length, localStorage.length - 2, sessionStorage.length]')).toEqual(['/inquiry/kiosk', history, 0, 0]);
    await visit.end();
  });

  test('whoever leaves is not answered on the screen of the next person', async () => {
    const visit = await browser.visit(stand, undefined, '/kiosk', { face, touch: true });
    const { page } = visit;
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => { answer = resolve; });
    await page.route('**/api/inquiry', async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole('button', { name: '触摸这里开始查询' }).tap();
    await page.getByLabel('办件编号').fill('YYGT202611000125');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: '查询密码' }).tap();
    await page.getByRole('textbox', { name: '查询密码' }).fill('839142');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: '触摸这里开始查询' }).waitFor();
    const answered = page.waitForResponse((r) => r.url().endsWith('/api/inquiry'));
    answer();
    await (await answered).finished();
    await page.getByRole('button', { name: '触摸这里开始查询' }).waitFor();
    expect(await text(page)).not.toMatch(/准予|欧＊/);
    await visit.end();
  });
});

describe('at the telephone', () => {
  test('signed on, found by name, checked and read out, all by keys; each view is in the audit log', async () => {
    const visit = await browser.visit(stand, undefined, '/desk', { face });
    const { page } = visit;
    await visit.looks('desk-sign-on');
    await page.keyboard.type('operator');
    await page.keyboard.press('Tab');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await page.getByLabel('姓名、单位名称或办件编号的开头').waitFor();
    await page.keyboard.type('欧阳');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('找到').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('/');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('YYGT202611000123');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('找到1件').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '请读给来电人' }).waitFor();
    await page.getByText('欧阳小明').waitFor();
    await page.getByText('目前环节：科室负责人审核。').first().waitFor();
    await page.keyboard.type('111111');
    await page.keyboard.press('Enter');
    await page.getByText('不相符，请勿告知办件信息').waitFor();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('01123X');
    await page.keyboard.press('Enter');
    await page.getByText('相符', { exact: true }).waitFor();
    await visit.looks('desk-case');
    expect(await text(page)).not.toMatch(/430902|839142|13807310001/);
    await page.keyboard.press('Escape');
    await page.getByText('从左侧选择一个办件').waitFor();
    const lines = (await stand.db.run(sql`select act, subject, outcome, detail, actor from audit_line where act like 'inquiry%' order by seq`)).rows.map((r) => `${String(r['actor'])} ${String(r['act'])} ${String(r['subject'])} ${String(r['outcome'])}`);
    expect(lines).toEqual([
      'ops operator inquiry.search  done', 'ops operator inquiry.search  done', 'ops operator inquiry.view YYGT202611000123 done', 'ops operator inquiry.verify YYGT202611000123 failed', 'ops operator inquiry.verify YYGT202611000123 failed', 'ops operator inquiry.verify YYGT202611000123 done',
    ]);
    await page.getByRole('button', { name: '退出' }).click();
    await page.getByRole('heading', { name: '话务查询' }).waitFor();
    await visit.end();
  });

  test('a clerk who signs on to the ops page is led here, and again by each of its addresses', async () => {
    const visit = await browser.visit(stand, undefined, '/login');
    const { page } = visit;
    await page.getByLabel('用户名').fill('clerk');
    await page.getByLabel('密码').fill(password);
    await page.keyboard.press('Enter');
    await page.getByLabel('姓名、单位名称或办件编号的开头').waitFor();
    expect(new URL(page.url()).pathname).toBe('/inquiry/desk');
    await page.goto('/ops/exchanges');
    await page.getByLabel('姓名、单位名称或办件编号的开头').waitFor();
    await visit.end();
  });

  test('who may not, may not', async () => {
    const visit = await browser.visit(stand, 'viewer', '/desk', { face });
    await visit.page.getByRole('alert').getByText('您的角色不能使用话务查询').waitFor();
    const refused = await visit.page.evaluate(`fetch('/api/ops/me').then((r) => r.json()).then((me) => fetch('/api/inquiry/desk/case', { method: 'POST', body: '{"case":"YYGT202611000123"}', headers: { 'content-type': 'application/json', 'x-csrf-token': me.csrf } })).then((r) => r.status)`);
    expect(refused).toBe(403);
    await visit.end();
  });
});

test('completed cases by day and item', async () => {
  const visit = await browser.visit(stand, undefined, '/completed', { face });
  const { page } = visit;
  await page.getByRole('heading', { name: '2026年11月19日' }).waitFor();
  await visit.looks('completed');
  expect(await text(page)).not.toMatch(/YYGT20261|李建国|王芳|430902|小明/);
  await page.getByRole('button', { name: '前一天' }).click();
  await page.getByRole('heading', { name: '2026年11月18日' }).waitFor();
  await page.getByLabel('事项').selectOption('DJ05');
  await page.getByRole('heading', { name: '2026年11月19日' }).waitFor();
  expect(page.url()).toBe(`${stand.url}/inquiry/completed?item=DJ05`);
  await page.goBack();
  await page.getByRole('heading', { name: '2026年11月18日' }).waitFor();
  await visit.end();
  const phone = await browser.visit(stand, undefined, '/completed', { face, width: 390, height: 844 });
  await phone.page.getByRole('heading', { name: '2026年11月19日' }).waitFor();
  await phone.looks('phone-completed');
  expect(await phone.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  await phone.end();
});

test.each(['/', '/kiosk', '/desk', '/completed'])('%s comes in fewer than 50 KB and without anything of the ops page', async (address) => {
  const visit = await browser.visit(stand, undefined, '/', { face });
  const { page } = visit;
  const client = await page.context().newCDPSession(page);
  await client.send('Network.clearBrowserCache');
  const seen = weigh(visit);
  await page.goto(`/inquiry${address}`, { waitUntil: 'networkidle' });
  await page.locator('h1').first().waitFor();
  await seen.done();
  expect(seen.addresses.filter((a) => a.startsWith('/ops'))).toEqual([]);
  expect(seen.bytes).toBeGreaterThan(5_000);
  expect(seen.bytes).toBeLessThan(budget);
  await visit.end();
});
