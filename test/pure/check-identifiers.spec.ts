import {
  checkCertificateNumber,
  checkCreditCode,
  checkIdentityNumber,
  checkOrganisationCode,
  checkPaymentCode,
  checkUnitCode,
  looksDamaged,
} from '../../src/domain/check-identifiers.js';

// Numbers are the examples printed in the standards, of public bodies, or made up; none belongs to a person.
describe('identity number (GB 11643)', () => {
  test.each([
    ['11010519491231002X', undefined],
    ['440524188001010014', undefined], // the standard's other example, born 1880
    ['110105491231002', undefined], // 15 digits
    ['110105194912310021', 'check-digit'],
    ['11010519491231002x', 'layout'],
    ['11010519490231002X', 'birth-date'],
    ['11010519000229002X', 'birth-date'], // 1900 was no leap year
    ['110105491331002', 'birth-date'],
    ['1101051949123100', 'layout'],
    ['01010519491231002X', 'layout'],
    ['11010517491231002X', 'layout'],
    ['１１０１０５１９４９１２３１００２Ｘ', 'layout'],
    ['', 'layout'],
  ])('%s → %s', (text, rule) => expect(checkIdentityNumber(text)?.rule).toBe(rule));

  test('every single wrong digit is seen', () => {
    const good = '11010519491231002X';
    for (let i = 14; i < 17; i += 1) {
      for (const digit of '0123456789') {
        if (digit !== good[i]) expect(checkIdentityNumber(good.slice(0, i) + digit + good.slice(i + 1))).toMatchObject({ rule: 'check-digit' });
      }
    }
  });

  test('a fault never repeats the number', () => {
    expect(checkIdentityNumber('110105194912310021')?.expected).not.toMatch(/\d{6}/);
  });
});

describe('unified social credit code (GB 32100)', () => {
  test.each([
    ['914403001922038216', undefined],
    ['91110000802100433B', undefined],
    ['91440101664041243T', undefined],
    ['91440101664041243U', 'check-digit'],
    ['91440101664041423T', 'check-digit'], // two digits swapped
    ['91440101664O41243T', 'layout'], // letter O
    ['9144010166404124T', 'layout'],
    ['91440101664041243t', 'layout'],
  ])('%s → %s', (text, rule) => expect(checkCreditCode(text)?.rule).toBe(rule));
});

describe('organisation code (GB 11714)', () => {
  test.each([
    ['664041243', undefined], // positions 9 to 17 of the third code above
    ['66404124-3', undefined],
    ['802100433', undefined],
    ['192203821', undefined],
    ['802100434', 'check-digit'],
    ['80210043', 'layout'],
    ['80210043--3', 'layout'],
  ])('%s → %s', (text, rule) => expect(checkOrganisationCode(text)?.rule).toBe(rule));
});

describe('real-estate unit code (GB/T 37346)', () => {
  test.each([
    ['430903001001GB00001W00000000', undefined],
    ['430903001001JC00012F00010001', undefined],
    ['430903001001GB00001W0000000', 'layout'],
    ['430903001001GB00001X00000000', 'layout'],
    ['430903001001AB00001W00000000', 'layout'],
    ['430903001001gb00001w00000000', 'layout'],
  ])('%s → %s', (text, rule) => expect(checkUnitCode(text)?.rule).toBe(rule));
});

test.each([
  ['43090026112300000001', undefined, undefined],
  ['4309002611230000000', undefined, 'layout'],
  ['4309002611230000000A', undefined, 'layout'],
  ['430900261123000000010000000001', 30, undefined],
])('payment code %s of %s digits → %s', (text, digits, rule) => expect(checkPaymentCode(text, digits)?.rule).toBe(rule));

test.each([
  ['SFZ', '11010519491231002X', undefined],
  ['SFZ', '91110000802100433B', 'layout'],
  ['111', '110105194912310021', 'check-digit'],
  ['USCC', '91110000802100433B', undefined],
  [' USCC ', '91110000802100433C', 'check-digit'],
  ['OLDORG', '80210043-3', undefined],
  ['HZ', 'E00000000', undefined], // a passport number has no public check
  [null, 'anything', undefined],
])('certificate of kind %s: %s → %s', (kind, text, rule) => expect(checkCertificateNumber(kind, text)?.rule).toBe(rule));

test.each([
  ['益阳某某有限公司', false],
  ['䶮某', false],
  ['𠅤某', false],
  ['?某', true],
  ['某\uFFFD', true],
  ['某\uE81E', true],
  ['某\u{F1234}', true],
])('%j looks damaged: %s', (name, damaged) => expect(looksDamaged(name)).toBe(damaged));
