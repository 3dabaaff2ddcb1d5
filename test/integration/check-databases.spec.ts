import { checkBureau, checkLedger } from '../../src/cli/check-databases.adapter.js';
import type { CheckLine } from '../../src/cli/check-line.js';
import type { CliContext } from '../../src/cli/cli-context.js';
import { startLedger } from '../../src/ledger/open-ledger.adapter.js';
import type { Settings } from '../../src/domain/settings.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { configure } from '../../src/simulator/open-stack.adapter.js';
import { onEveryEngine, sampleTables } from '../support/engines.js';

/** What `gateway check` asks each engine's catalogue, on that engine. */

const context: CliContext = { env: {}, clock: new SystemClock(), user: 'tester', out: () => undefined, err: () => undefined };
const { settings: base } = configure({
  BUREAU_URL: 'postgres://u:p@unused:1/bureau', BUREAU_ENGINE: 'postgres', LEDGER_URL: 'postgres://u:p@unused:1/ledger', QUEUE_BACKEND: 'postgres', QUEUE_URL: 'postgres://u:p@unused:1/ledger', CENTER_SFTP_HOST: 'unused', CENTER_SFTP_PASSWORD: 'unused',
  CENTER_SFTP_HOST_KEY: `SHA256:${'A'.repeat(43)}`, CENTER_ACK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`, PROVINCIAL_SFTP_HOST: 'another', PROVINCIAL_SFTP_PASSWORD: 'unused', PROVINCIAL_SFTP_HOST_KEY: `SHA256:${'A'.repeat(43)}`,
});
const said = (lines: readonly CheckLine[], status: CheckLine['status']): string => lines.filter((l) => l.status === status).map((l) => `${l.area}: ${l.text} ${l.remedy ?? ''}`).join('\n');

onEveryEngine((engine) => {
  let bureau: DatabaseAdapter;
  let settings: Settings;
  beforeAll(async () => {
    const url = await engine.fresh('bureau');
    bureau = await sampleTables(engine, url);
    const reached = { engine: engine.engine, encrypt: engine.engine === 'mssql', trustServerCertificate: true };
    settings = { ...base, bureau: { ...base.bureau, ...reached, url }, ledger: { ...base.ledger, ...reached, allowVolatile: true, url: await engine.fresh('ledger') } };
  });
  afterAll(() => bureau.close());

  test('is content with the sample bureau; misses an index', async () => {
    const good = await checkBureau(context, settings);
    expect([said(good, 'FAIL'), said(good, 'warn')]).toEqual(['', '']);
    expect(said(good, 'ok')).toContain('land_case.row_version leads an index');
    await bureau.run(raw(`drop index ix_land_case_row_version${engine.engine === 'mssql' ? ' on land_case' : ''}`));
    expect(said(await checkBureau(context, settings), 'warn')).toContain('no index of land_case leads with row_version');
  });

  test('a ledger without tables is told, and one that is up to date is praised', async () => {
    expect(said(await checkLedger(context, settings), 'warn')).toContain('its tables are not up to date');
    await (await engine.open(settings.ledger.url, true)).close();
    const lines = await checkLedger(context, settings);
    expect(said(lines, 'FAIL')).toBe('');
    // The tests' own PostgreSQL does not write through.
    expect(lines.filter((l) => l.status === 'warn' && !l.text.endsWith('(ledger.allowVolatile)'))).toEqual([]);
    expect(said(lines, 'ok')).toContain('its tables are up to date');
  });

  test('a database that is unfit to be the ledger is a fault with its remedy, and no gateway starts on it', async () => {
    const url = await engine.fresh('unfit');
    const own = { ...settings, ledger: { ...settings.ledger, allowVolatile: false, url } };
    const options = engine.engine === 'postgres' ? ['set synchronous_commit = off'] : ['set read_committed_snapshot off with rollback immediate', 'set delayed_durability = forced'];
    const ledger = await engine.open(url, true);
    for (const option of options) await ledger.run(raw(`alter database ${new URL(url).pathname.slice(1)} ${option}`));
    await ledger.close();
    const faults = said(await checkLedger(context, own), 'FAIL');
    for (const fault of engine.engine === 'postgres' ? ['fsync is off', 'SET synchronous_commit = on'] : ['SET READ_COMMITTED_SNAPSHOT ON', 'SET DELAYED_DURABILITY = DISABLED']) expect(faults).toContain(fault);
    await expect(startLedger(own)).rejects.toThrow('after a crash it has forgotten what it answered for; run once: ALTER DATABASE');
  });
});
