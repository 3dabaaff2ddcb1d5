import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { channelSchema } from '../../src/domain/settings.js';
import { AlarmStore } from '../../src/ledger/alarm.store.js';
import { StatementFileStore } from '../../src/ledger/statement-file.store.js';
import { StatementStore } from '../../src/ledger/statement.store.js';
import { Clock } from '../../src/platform/clock.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw } from '../../src/platform/database/sql.js';
import { openStaging } from '../../src/platform/staging/open-staging.adapter.js';
import type { StagingMachine } from '../../src/platform/staging/staging-machine.js';
import { reckonStatement } from '../../src/reconciliation/reckon-statement.js';
import { StatementFilePoller } from '../../src/reconciliation/statement-file.poller.js';
import { writeStatementRecord, type StatementRecord } from '../../src/reconciliation/write-statement-record.js';
import { nameStatement } from '../../src/reconciliation/write-statement-xml.js';
import { onEveryEngine } from '../support/engines.js';

class HeldClock extends Clock {
  atMs = Date.parse('2026-11-21T02:03:04.000Z');
  now(): Date { return new Date(this.atMs); }
}
const clock = new HeldClock();
const yes = (): Promise<boolean> => Promise.resolve(true);
const xsd = XsdValidator.fromDoc(XmlDocument.fromString(readFileSync('mappings/center/return/statement/statement.xsd', 'utf8')));

const record = (day: string): StatementRecord => ({
  day, judgedAt: clock.iso(), withoutControl: undefined, unlisted: 0, messages: [], obstacles: [],
  statement: reckonStatement(day, [
    { side: 'returned', kind: 'fee', item: 'GT0101', unit: '430900', channel: 'center', phase: 'new', count: 2, fen: 16_000n },
    { side: 'returned', kind: 'fee', item: 'GT0101', unit: '430900', channel: 'center', phase: 'matched', count: 3, fen: 0n },
    { side: 'returned', kind: 'fee', item: 'GT0101', unit: '430900', channel: 'center', phase: 'reopened', count: 2, fen: -8_000n },
    { side: 'returned', kind: 'fee', item: 'GT0101', unit: '430900', channel: 'center', phase: 'closing', count: 1, fen: 8_000n },
    { side: 'returned', kind: 'tax', item: '契税', unit: '14309', channel: 'other', phase: 'new', count: 1, fen: 1n },
  ], [], [{ channel: 'center', day, issue: 1, fees: { count: 2, amountFen: 16_000n, reversedCount: 0, reversedFen: 0n, refundCount: 0, refundFen: 0n }, taxes: { count: 0, amountFen: 0n, refundCount: 0, refundFen: 0n }, files: [] }]),
  openLines: [
    { difference: '7', item: '9', zh: '缴款 S<1>&', en: 'payment', caseNo: 'YY1', channel: 'center', reason: 'amount-short', reasonZh: '实缴小于应收', reasonEn: 'less', nextZh: '', nextEn: '', aspect: 'settlement', expectedFen: 8_000n, returnedFen: 7_000n, rule: undefined, criterion: undefined, firstDay: day, ageDays: 0, refersToDay: undefined, assignedTo: undefined },
    { difference: '8', item: '10', zh: '应收 YY2/1', en: 'charge', caseNo: 'YY2', channel: undefined, reason: 'missing-there', reasonZh: '短款', reasonEn: 'not paid', nextZh: '', nextEn: '', aspect: 'settlement', expectedFen: 8_000n, returnedFen: undefined, rule: undefined, criterion: undefined, firstDay: day, ageDays: 0, refersToDay: undefined, assignedTo: undefined },
  ],
});

onEveryEngine((engine) => {
  let folder: string;
  let db: DatabaseAdapter;
  let staging: StagingMachine;
  let files: StatementFileStore;
  let poller: StatementFilePoller;
  let statements: StatementStore;
  const close = async (day: string, channels = ['center']): Promise<void> => {
    await db.transaction(async (runner) => {
      await statements.close(runner, day, { actor: 'li', figures: writeStatementRecord(record(day)) });
      await files.owe(runner, day, channels.map((channel) => ({ channel, fileName: nameStatement(day) })));
    });
  };
  const lying = (): string[] => (existsSync(path.join(folder, 'statement')) ? readdirSync(path.join(folder, 'statement')).filter((n) => !n.startsWith('.')).sort() : []);

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-statement-file-'));
    db = await engine.open(await engine.fresh('statement_file'), true);
    const channel = channelSchema.parse({ channel: 'center', title: 'c', stream: 'case', encoding: 'UTF-8', messages: {}, staging: { adapter: 'directory', directory: { path: folder }, fsync: false }, acknowledgement: { files: false } });
    staging = openStaging(channel.staging);
    files = new StatementFileStore(db, clock);
    statements = new StatementStore(db, clock);
    poller = new StatementFilePoller({ files, statements, channels: [channel], alarms: new AlarmStore(db, clock), retry: { firstDelayMs: 1_000, maxDelayMs: 2_000, maxAttempts: 5, maxCrashes: 3 }, clock, log: pino({ level: 'silent' }), staging: () => staging });
  }, 60_000);
  afterAll(async () => {
    await staging?.close();
    await db?.close();
    chmodSync(folder, 0o755);
    rmSync(folder, { recursive: true, force: true });
  });

  it('puts the statement of a closed day where the center finds it, once, as statement.xsd says, with its own records only', async () => {
    await close('2026-11-20');
    expect(await poller.poll(yes)).toBe(1);
    expect(await poller.poll(yes)).toBe(0);
    expect(lying()).toEqual(['statement-20261120.xml']);
    const text = readFileSync(path.join(folder, 'statement', 'statement-20261120.xml'), 'utf8');
    const document = XmlDocument.fromString(text);
    expect(() => xsd.validate(document)).not.toThrow();
    document.dispose();
    expect(text).toContain('<TD>center</TD>');
    expect(text).toContain('<RJSJ>20261121T100304</RJSJ>');
    expect(text).toContain('<JL>缴款 S&lt;1&gt;&amp;</JL>');
    expect(text).toContain('<CK><BS>2</BS><JE>-80.00</JE></CK>');
    expect(text).not.toMatch(/契税|YY2/);
    expect((await files.ofDay('2026-11-20'))[0]).toMatchObject({ writtenAt: clock.iso(), attempts: 0 });
  }, 60_000);

  it('finds what an earlier life of the ledger put there', async () => {
    await db.run(raw('update statement_file set written_at = null'));
    expect(await poller.poll(yes)).toBe(1);
    expect(lying()).toHaveLength(1);
  }, 60_000);

  it('keeps what it owes while the machine is away, tells, and puts it later; an altered statement never goes', async () => {
    await close('2026-11-21', ['center', 'gone']);
    rmSync(path.join(folder, 'statement'), { recursive: true });
    writeFileSync(path.join(folder, 'statement'), 'a file where the directory should be');
    for (let i = 0; i < 5; i++) {
      expect(await poller.poll(yes)).toBe(0);
      clock.atMs += 10_000;
    }
    await poller.look();
    const alarms = async (): Promise<string[]> => (await db.run(raw(`select alarm_text from alarm where kind = 'statement-not-delivered' and absent_since is null`))).rows.map((r) => String(r['alarm_text']));
    expect(await alarms()).toEqual([expect.stringMatching(/^2 statements are not on the staging machine: center 2026-11-21, gone 2026-11-21/)]);
    rmSync(path.join(folder, 'statement'));
    await db.run(raw(`update statement_day set figures = replace(figures, '16000', '17000') where day = '2026-11-21'`));
    expect(await poller.poll(yes)).toBe(0);
    clock.atMs += 10_000;
    await db.run(raw(`update statement_day set figures = replace(figures, '17000', '16000') where day = '2026-11-21'`));
    expect(await poller.poll(yes)).toBe(1);
    expect(lying()).toEqual(['statement-20261121.xml']);
  }, 60_000);
});
