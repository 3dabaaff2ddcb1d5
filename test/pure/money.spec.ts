import fc from 'fast-check';
import { readYuan, writeYuan } from '../../src/domain/money.js';

describe('money', () => {
  it.each([['80', 8000n], ['80.5', 8050n], ['0.01', 1n], ['-1234.56', -123456n], ['999999999999999.99', 99999999999999999n], [' 1.00 ', 100n]])('reads %s', (text, fen) => {
    expect(readYuan(text)).toBe(fen);
  });
  it.each(['', '1.234', '1,000', '1e3', '.5', '5.', '--1', '１２', 'null', '0x10'])('refuses %j', (text) => {
    expect(() => readYuan(text)).toThrow(/expected an amount in yuan/);
  });
  it('reads back what it writes', () => {
    fc.assert(fc.property(fc.bigInt({ min: -99_999_999_999_999_999n, max: 99_999_999_999_999_999n }), (fen) => readYuan(writeYuan(fen)) === fen));
  });
});
