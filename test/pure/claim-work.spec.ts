import { splitClaim } from '../../src/ledger/claim-work.js';
import type { ExchangeRow } from '../../src/ledger/exchange-row.js';

const rows = (...crashes: number[]): ExchangeRow[] => crashes.map((c, i) => ({ id: String(i), crashes: c }) as ExchangeRow);
const ids = (list: readonly ExchangeRow[]): string => list.map((r) => r.id).join('');

describe('splitClaim', () => {
  it.each([
    ['nothing known of any', 3, [1, 1, 2], { work: '012', giveBack: '', park: '', alone: false }],
    ['suspects wait for the others', 3, [3, 1, 3, 2], { work: '13', giveBack: '02', park: '', alone: true }],
    ['suspects only: the first alone', 3, [3, 3, 3], { work: '0', giveBack: '12', park: '', alone: true }],
    ['one claimed alone', 3, [3], { work: '0', giveBack: '', park: '', alone: true }],
    ['above the limit', 3, [4, 1, 5], { work: '1', giveBack: '', park: '02', alone: false }],
    ['above the limit beside suspects', 3, [3, 4, 3], { work: '0', giveBack: '2', park: '1', alone: true }],
    ['a limit of two: alone after one death', 2, [1, 2, 3], { work: '0', giveBack: '1', park: '2', alone: true }],
    ['a high limit', 1_000, [3, 900, 2], { work: '2', giveBack: '01', park: '', alone: true }],
    ['nothing', 3, [], { work: '', giveBack: '', park: '', alone: false }],
  ])('%s', (_, maxCrashes, crashes, expected) => {
    const { work, giveBack, park, alone } = splitClaim(rows(...crashes), maxCrashes);
    expect({ work: ids(work), giveBack: ids(giveBack), park: ids(park), alone }).toEqual(expected);
  });
});
