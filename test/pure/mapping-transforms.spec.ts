import { isCalendarDate, parseDateTime } from '../../src/domain/format-datetime.js';
import type { TransformUse } from '../../src/domain/mapping-language.js';
import { compileTransform } from '../../src/mapping/transforms.js';

function apply(use: TransformUse, value: string): unknown {
  const t = compileTransform(use);
  if (typeof t === 'string') throw new Error(t);
  return t.apply(value);
}

test.each<[TransformUse, string, string]>([
  ['trim', '  a ', 'a'],
  ['upper', '11010519491231002x', '11010519491231002X'],
  ['compact', '430 903\u3000001', '430903001'],
  ['singleLine', '一\r\n二   三', '一 二 三'],
  ['halfWidth', '（Ａ１）', '(A1)'],
  [{ date: 'YYYYMMDD' }, '2026-11-23', '20261123'],
  [{ date: 'YYYY-MM-DD' }, '2026-11-23 10:00:00.123', '2026-11-23'],
  [{ date: 'YYYYMMDD' }, '9999-01-01', '99990101'],
  [{ time: 'hhmmss' }, '2026-11-23 10:01:02.999', '100102'],
  [{ time: 'hh:mm:ss' }, '20261123T100102', '10:01:02'],
  [{ datetime: 'YYYYMMDDhhmmss' }, '2026-11-23 10:01:02.999', '20261123100102'],
  [{ datetime: 'YYYYMMDDThhmmss' }, '2026-11-23 10:01:02.999', '20261123T100102'],
  [{ datetime: 'YYYYMMDDhh:mm:ss' }, '2026-11-23 10:01:02', '2026112310:01:02'],
  [{ datetime: 'YYYY-MM-DD hh:mm:ss' }, '2026112310:01:02', '2026-11-23 10:01:02'],
  [{ datetime: 'YYYY-MM-DD hh:mm:ss' }, '20261123T100102', '2026-11-23 10:01:02'],
  [{ datetime: 'YYYY-MM-DD hh:mm:ss' }, '20261123100102', '2026-11-23 10:01:02'],
  ['yuan', '12', '12.00'],
  ['yuan', '12.5', '12.50'],
  ['yuan', '12.5000', '12.50'],
  ['yuan', '90071992547409931234.07', '90071992547409931234.07'],
  ['yuan', '-0.00', '0.00'],
  ['yuan', '-00012.3', '-12.30'],
  ['fen', '12.5', '1250'],
  ['fen', '0.05', '5'],
  ['fen', '-0.05', '-5'],
  ['fen', '0', '0'],
  [{ decimal: 4 }, '1.5', '1.5000'],
  [{ decimal: 0 }, '15.000', '15'],
  ['integer', '007', '7'],
  [{ division: 12 }, '430903', '430903000000'],
  [{ division: 10 }, '430900', '4309000000'],
  [{ division: 6 }, '430981', '430981'],
  [{ pad: 3 }, '7', '007'],
  ['boolean', '1', '1'],
  [{ boolean: 'Y/N' }, '0', 'N'],
  ['noExpiry', '', '9999-01-01'],
  ['noExpiry', '2030-01-01', '2030-01-01'],
])('%j of %j is %j', (use, value, expected) => expect(apply(use, value)).toBe(expected));

test.each<[TransformUse, string, string]>([
  [{ date: 'YYYYMMDD' }, '2026-02-29', 'date'],
  [{ date: 'YYYYMMDD' }, '23.11.2026', 'date'],
  [{ datetime: 'YYYYMMDDhhmmss' }, '2026-11-23', 'datetime'],
  [{ datetime: 'YYYYMMDDhhmmss' }, '2026-11-23 24:00:00', 'datetime'],
  [{ datetime: 'YYYYMMDDhhmmss' }, '2026-13-01 10:00:00', 'datetime'],
  ['yuan', '12.345', 'decimal'],
  ['yuan', '1e3', 'decimal'],
  ['yuan', '1,200.00', 'decimal'],
  ['yuan', '.5', 'decimal'],
  ['fen', '0.001', 'decimal'],
  ['integer', '1.5', 'decimal'],
  [{ division: 12 }, '430102', 'division'],
  [{ division: 12 }, '430903000000', 'division'],
  [{ pad: 3 }, '1234', 'length'],
  [{ boolean: 'Y/N' }, 'Y', 'boolean'],
])('%j of %j is a finding %s', (use, value, rule) => expect(apply(use, value)).toMatchObject({ rule }));

test.each<[TransformUse, RegExp]>([
  ['truncate', /one of the transforms trim, .*'truncate' is none/],
  ['constructor', /one of the transforms/],
  ['date', /date with the argument YYYYMMDD \| YYYY-MM-DD/],
  [{ date: 'DDMMYYYY' }, /date with the argument/],
  [{ trim: 3 }, /trim with the argument none/],
  [{ division: 9 }, /6 \| 10 \| 12/],
  [{ pad: '3' }, /digits 1 to 40/],
  [{ boolean: 'Y' }, /yes\/no/],
])('%j is a fault', (use, fault) => expect(compileTransform(use)).toMatch(fault));

test.each([
  ['2024-02-29 00:00:00', true],
  ['2100-02-29 00:00:00', false],
  ['2000-02-29 23:59:59.9999999', true],
  ['0000-01-01 00:00:00', false],
  ['2026-04-31 00:00:00', false],
  ['20261123 100000', false],
])('%s exists: %s', (text, exists) => expect(parseDateTime(text) !== undefined).toBe(exists));

test('the calendar agrees with the proleptic Gregorian calendar of the machine', () => {
  for (let year = 1896; year <= 2104; year += 1) {
    for (let month = 1; month <= 12; month += 1) {
      const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
      expect([isCalendarDate(year, month, last), isCalendarDate(year, month, last + 1)]).toEqual([true, false]);
    }
  }
});
