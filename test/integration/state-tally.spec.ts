import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { exchangeStates, nextState, settledStates, transitions } from '../../src/domain/exchange-states.js';
import { AcknowledgementStore } from '../../src/ledger/acknowledgement.store.js';
import { CancelStore } from '../../src/ledger/cancel.store.js';
import { CaptureStore } from '../../src/ledger/capture.store.js';
import { ChannelStore } from '../../src/ledger/channel.store.js';
import { ExchangeStore } from '../../src/ledger/exchange.store.js';
import { ExchangeViewStore } from '../../src/ledger/exchange-view.store.js';
import { InboxStore } from '../../src/ledger/inbox.store.js';
import { MessageStore } from '../../src/ledger/message.store.js';
import { StateTallyPoller } from '../../src/ledger/state-tally.poller.js';
import { StateTallyStore } from '../../src/ledger/state-tally.store.js';
import type { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { raw, sql } from '../../src/platform/database/sql.js';
import { SystemClock } from '../../src/platform/system-clock.adapter.js';
import { makeRandom } from '../../src/simulator/bureau/make-random.js';
import { onEveryEngine } from '../support/engines.js';
import { stateCounts } from '../support/state-counts.js';

const clock = new SystemClock();
const rules = new Map([['center', 'accepted' as const], ['provincial', 'staged' as const]]);
const event = (channel: string, name: string, phase: number, digest: string) => ({ channel, event: name, sequence: '1', at: '2026-11-02 09:00:00.000', phase, urgent: false, digest });

onEveryEngine((engine) => {
  let db: DatabaseAdapter;
  let exchanges: ExchangeStore;
  let capture: CaptureStore;
  let view: ExchangeViewStore;
  let tally: StateTallyStore;

  beforeEach(async () => {
    db = await engine.open(await engine.fresh('tally'), true);
    exchanges = new ExchangeStore(db, clock, rules, { firstDelayMs: 1, maxDelayMs: 2, maxAttempts: 3, maxCrashes: 3 });
    capture = new CaptureStore(db, clock, exchanges, rules);
    view = new ExchangeViewStore(db, clock);
    tally = new StateTallyStore(db);
    await new ChannelStore(db, clock, { failuresToOpen: 2, probeEveryMs: 10 }).ensure([...rules.keys()]);
  });
  afterEach(() => db.close());

  const captured = (caseNos: readonly string[], digest = 'one', events: readonly string[] = ['application', 'acceptance']): Promise<unknown> =>
    capture.record('case', caseNos.map((caseNo) => ({ caseNo, body: '{}', digest: `${caseNo}${digest}`, events: [...rules.keys()].flatMap((channel) => events.map((e, i) => event(channel, e, 10 + i, digest))) })));
  const agree = async (): Promise<void> => {
    const { told, counted } = await stateCounts(db);
    expect(told).toEqual(counted);
  };
  const rowsOf = async (): Promise<number> => Number((await db.run(raw('select count(*) as n from exchange_tally'))).rows[0]!['n']);

  it('counts as a count of all exchanges does, whatever moves where, at every moment and while rows are summed up', async () => {
    await captured(Array.from({ length: 60 }, (_, i) => `C${i}`));
    const random = makeRandom(20261126);
    let moving = true;
    const moves = async (): Promise<void> => {
      for (let round = 0; round < 25; round++) {
        const some = (await view.find({}, 500)).filter(() => random.chance(0.2));
        const wanted = some.flatMap((e) => {
          const possible = transitions.filter((t) => t.from === e.state && t.to !== t.from);
          const move = possible.length === 0 ? undefined : random.pick(possible).move;
          return move === undefined ? [] : [{ id: e.id, from: e.state, to: nextState(e.state, move, e.parkedFrom)!, note: move }];
        });
        // Half of them are for naught: another worker moved them meanwhile. Some transactions do not come to their end.
        await db.transaction(async (runner) => {
          await exchanges.move(runner, [...wanted].sort((a, b) => Number(BigInt(a.id) - BigInt(b.id))), { actor: 'test' });
          if (random.chance(0.15)) throw new Error('the cord was pulled');
        }).catch((error: unknown) => {
          if (!(error instanceof Error && error.message === 'the cord was pulled') && !db.dialect.isTransient(error)) throw error;
        });
      }
    };
    const total = 240;
    const looks: number[] = [];
    const look = async (): Promise<void> => {
      while (moving) {
        await tally.fold();
        // As of one moment: nothing is counted twice or left out while it moves.
        looks.push((await view.counts()).reduce((n, c) => n + c.count, 0));
      }
    };
    const looking = look();
    await Promise.all([moves(), moves(), moves()]).finally(() => (moving = false));
    await looking;
    expect(looks.length).toBeGreaterThan(10);
    expect(new Set(looks)).toEqual(new Set([total]));
    await agree();
    const seen = new Set((await view.counts()).map((c) => c.state));
    for (const state of settledStates) expect(seen).toContain(state);
    expect(await tally.mend()).toBe(0);
  });

  it('knows what acknowledgements, corrections, cancelling and a deletion in the bureau end', async () => {
    await captured(['A1', 'A2', 'A3', 'A4', 'A5']);
    const messages = new MessageStore(db, clock, exchanges);
    const inbox = new InboxStore(db, clock);
    const acknowledgements = new AcknowledgementStore(db, clock, exchanges, inbox);
    const token = randomUUID();
    const rows = await exchanges.claim('center', 'captured', { limit: 100, token, claimMs: 60_000 });
    await messages.recordRendered(rows.map((row) => ({ row, content: Buffer.from(row.id), sha256: 'a'.repeat(64), encoding: 'UTF-8', mappingDigest: 'm', attachments: [] })), [], { actor: 'mapping', claimToken: token });
    const stage = async (): Promise<void> => {
      const held = randomUUID();
      const heads = await exchanges.claim('center', 'rendered', { limit: 100, token: held, claimMs: 60_000 });
      await db.transaction((r) => exchanges.move(r, heads.map((e) => ({ id: e.id, from: 'rendered' as const, to: 'staged' as const, note: 'staged' })), { actor: 'delivery', claimToken: held }));
    };
    await stage();
    const staged = await view.find({ states: ['staged'] }, 100);
    expect(staged).toHaveLength(5);
    const [receipt] = await inbox.receive([{ channel: 'center', source: 'http', externalId: 'one', contentType: 'application/json', content: Buffer.from('answers') }]);
    await acknowledgements.record('center', [{
      inboxId: receipt!.id, channel: 'center', receivedAt: clock.iso(),
      acknowledgements: staged.flatMap((e, i) => [{ messageId: e.messageId, level: 'picked-up' as const }, { messageId: e.messageId, level: i === 0 ? ('refused' as const) : ('accepted' as const) }]),
    }]);
    await agree();
    // A correction takes the place of what was refused; a deletion cancels what never left; a person cancels the rest.
    await captured(['A1'], 'two');
    await capture.recordRemoved('case', ['A2'], { event: 'result', channels: [...rules.keys()], at: '2026-11-03 09:00:00.000' });
    await agree();
    const cancel = new CancelStore(db, clock, exchanges);
    await cancel.perform((await view.find({ channel: 'provincial' }, 100)).map((e) => e.id), 'the channel ends', 'ann');
    await agree();
    const told = Object.fromEntries((await view.counts()).map((c) => [`${c.channel} ${c.state}`, c.count]));
    expect(told).toMatchObject({ 'center accepted': 4, 'center superseded': 1 });
    expect(told['provincial cancelled']).toBeGreaterThanOrEqual(9);
  });

  it('puts one row in the place of many, two at once too, and mends what was changed past the gateway, saying so', async () => {
    await captured(Array.from({ length: 110 }, (_, i) => `B${i}`), 'one', ['application']);
    const all = await view.find({}, 1000);
    for (const e of all) await db.transaction((r) => exchanges.move(r, [{ id: e.id, from: 'captured', to: 'cancelled', note: 'cancelled' }], { actor: 'test' }));
    expect(await rowsOf()).toBe(220);
    await Promise.all([tally.fold(), tally.fold()]);
    expect(await rowsOf()).toBe(2);
    await agree();
    await db.run(sql`update exchange set state = 'accepted' where channel = 'center' and id <= ${all[49]!.id}`);
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    let now = Date.parse('2026-11-26T00:00:00Z');
    const poller = new StateTallyPoller(tally, { now: () => new Date(now), iso: () => new Date(now).toISOString(), after: (ms) => new Date(now + ms).toISOString() }, log);
    await poller.look();
    await agree();
    expect(lines.map((l) => (JSON.parse(l) as { wrong: number }).wrong)).toEqual([2]);
    // Then once a day.
    await db.run(raw(`update exchange set state = 'superseded' where state = 'accepted'`));
    now += 3_600_000;
    await poller.look();
    expect(lines).toHaveLength(1);
    now += 86_400_000;
    await poller.look();
    await agree();
    expect(lines).toHaveLength(2);
  });

  it('knows every state: one that is neither counted where it stands nor tallied would be missing', async () => {
    await captured(exchangeStates.map((s) => `S${s}`), 'one', ['application']);
    const open = (await view.find({ channel: 'center' }, 100)).map((e, i) => ({ id: e.id, from: 'captured' as const, to: exchangeStates[i]!, note: 'test' })).filter((m) => m.to !== m.from);
    await db.transaction((r) => exchanges.move(r, open, { actor: 'test' }));
    await agree();
    expect((await view.counts()).filter((c) => c.channel === 'center').map((c) => c.state).sort()).toEqual([...exchangeStates].sort());
  });
});
