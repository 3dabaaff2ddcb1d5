import type { TransformUse } from '../domain/mapping-language.js';
import {
  dateForms,
  dateTimeForms,
  formatDate,
  formatDateTime,
  formatTime,
  parseDate,
  parseDateTime,
  timeForms,
} from '../domain/format-datetime.js';

/**
 * The closed table of named transforms. Each turns one text into another by exact text arithmetic or says what it expected;
 * none cuts anything off. Every source value is trimmed before the first transform.
 */

/** A transform could not be applied. `expected` never repeats the value: it may be personal. */
export interface TransformFault {
  readonly rule: string;
  readonly expected: string;
}

export interface CompiledTransform {
  readonly name: string;
  /** Whether a blank value is given to it; all others leave blank alone. */
  readonly acceptsBlank: boolean;
  readonly apply: (value: string) => string | TransformFault;
}

type Apply = CompiledTransform['apply'];
type Argument = string | number | boolean | undefined;

interface TransformRow {
  readonly says: string;
  /** What the argument may be, for the fault of a wrong one. */
  readonly argument: string;
  /** undefined: the argument is not one of those. */
  readonly make: (argument: Argument) => Apply | undefined;
  readonly acceptsBlank?: boolean;
}

/**
 * Divisions of Yiyang by their six digits. 430971 and 430972 are statistical codes; whether a receiver takes them is said by
 * its XSD, not here.
 */
export const yiyangDivisions: ReadonlySet<string> = new Set([
  '430900', '430902', '430903', '430921', '430922', '430923', '430971', '430972', '430981',
]);

const none = (apply: Apply) => (argument: Argument): Apply | undefined => (argument === undefined ? apply : undefined);
const oneOf = <T extends string>(forms: readonly T[], apply: (form: T) => Apply) => (argument: Argument): Apply | undefined => {
  const form = forms.find((f) => f === argument);
  return form === undefined ? undefined : apply(form);
};
const digits = (from: number, to: number, apply: (n: number) => Apply) => (argument: Argument): Apply | undefined =>
  typeof argument === 'number' && Number.isInteger(argument) && argument >= from && argument <= to ? apply(argument) : undefined;

const noDate: TransformFault = { rule: 'date', expected: 'a date that exists' };
const noDateTime: TransformFault = { rule: 'datetime', expected: 'a date and time that exist' };
const decimalText = /^([+-]?)0*(\d+)(?:\.(\d*))?$/;

/** Exact decimal text with `scale` digits after the point, or a fault where digits would be lost. */
function fixDecimals(value: string, scale: number, unit: string): string | TransformFault {
  const m = decimalText.exec(value);
  if (!m) return { rule: 'decimal', expected: `a plain decimal number${unit}` };
  const fraction = (m[3] ?? '').replace(/0+$/, '');
  if (fraction.length > scale) return { rule: 'decimal', expected: `at most ${scale} digits after the point${unit}` };
  const text = scale === 0 ? m[2]! : `${m[2]!}.${fraction.padEnd(scale, '0')}`;
  return m[1] === '-' && /[1-9]/.test(text) ? `-${text}` : text;
}

function toFen(value: string): string | TransformFault {
  const yuan = fixDecimals(value, 2, ' in yuan');
  if (typeof yuan !== 'string') return yuan;
  const sign = yuan.startsWith('-') ? '-' : '';
  return sign + (yuan.slice(sign.length).replace('.', '').replace(/^0+(?=\d)/, ''));
}

function divisionOf(length: number): Apply {
  return (value) =>
    yiyangDivisions.has(value)
      ? value.padEnd(length, '0')
      : { rule: 'division', expected: 'one of the six-digit divisions of Yiyang (4309..)' };
}

function booleanOf(argument: Argument): Apply | undefined {
  const m = argument === undefined ? ['', '1', '0'] : typeof argument === 'string' ? /^([^/]+)\/([^/]+)$/.exec(argument) : null;
  if (!m) return undefined;
  const [, yes, no] = m as unknown as [string, string, string];
  return (value) => (value === '1' ? yes : value === '0' ? no : { rule: 'boolean', expected: '1 or 0' });
}

export const transformTable: Readonly<Record<string, TransformRow>> = {
  trim: { says: 'no space at both ends (done to every value)', argument: 'none', make: none((v) => v.trim()) },
  upper: { says: 'capital letters', argument: 'none', make: none((v) => v.toUpperCase()) },
  lower: { says: 'small letters', argument: 'none', make: none((v) => v.toLowerCase()) },
  compact: { says: 'without any white space', argument: 'none', make: none((v) => v.replace(/\s+/g, '')) },
  singleLine: { says: 'line breaks and runs of space become one space', argument: 'none', make: none((v) => v.replace(/\s+/g, ' ')) },
  halfWidth: {
    says: 'full-width letters, digits and signs become ASCII',
    argument: 'none',
    make: none((v) => v.replace(/[\uFF01-\uFF5E]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/\u3000/g, ' ')),
  },
  date: {
    says: 'a date, or the date of a datetime',
    argument: dateForms.join(' | '),
    make: oneOf(dateForms, (form) => (v) => {
      const d = parseDate(v);
      return d ? formatDate(d, form) : noDate;
    }),
  },
  time: {
    says: 'the time of a datetime',
    argument: timeForms.join(' | '),
    make: oneOf(timeForms, (form) => (v) => {
      const d = parseDateTime(v);
      return d ? formatTime(d, form) : noDateTime;
    }),
  },
  datetime: {
    says: 'a datetime; parts of a second are left off',
    argument: dateTimeForms.join(' | '),
    make: oneOf(dateTimeForms, (form) => (v) => {
      const d = parseDateTime(v);
      return d ? formatDateTime(d, form) : noDateTime;
    }),
  },
  yuan: { says: 'yuan with exactly two decimals', argument: 'none', make: none((v) => fixDecimals(v, 2, ' in yuan')) },
  fen: { says: 'yuan to whole fen', argument: 'none', make: none(toFen) },
  decimal: { says: 'exactly that many decimals', argument: 'digits 0 to 8', make: digits(0, 8, (n) => (v) => fixDecimals(v, n, '')) },
  integer: { says: 'a whole number without leading zeros', argument: 'none', make: none((v) => fixDecimals(v, 0, '')) },
  division: {
    says: 'a six-digit division of Yiyang, lengthened with zeros',
    argument: '6 | 10 | 12',
    make: (a) => (a === 6 || a === 10 || a === 12 ? divisionOf(a) : undefined),
  },
  pad: {
    says: 'zeros on the left up to that many characters',
    argument: 'digits 1 to 40',
    make: digits(1, 40, (n) => (v) => (v.length <= n ? v.padStart(n, '0') : { rule: 'length', expected: `at most ${n} characters` })),
  },
  boolean: { says: '1 and 0 become the two codes', argument: '"yes/no", for instance "Y/N"; none means 1/0', make: booleanOf },
  noExpiry: { says: 'blank becomes 9999-01-01', argument: 'none', make: none((v) => (v === '' ? '9999-01-01' : v)), acceptsBlank: true },
};

/** One transform of a mapping, ready to apply; a text says what was expected where the mapping is wrong. */
export function compileTransform(use: TransformUse): CompiledTransform | string {
  const [name, argument] = typeof use === 'string' ? [use, undefined] : Object.entries(use)[0]!;
  const row = Object.hasOwn(transformTable, name) ? transformTable[name] : undefined;
  if (!row) return `one of the transforms ${Object.keys(transformTable).join(', ')} ('${name}' is none)`;
  const apply = row.make(argument);
  if (!apply) return `${name} with the argument ${row.argument}`;
  return { name, acceptsBlank: row.acceptsBlank ?? false, apply };
}
