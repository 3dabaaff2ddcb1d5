import { parseDate } from './format-datetime.js';

/** A code list as a mapping uses it: what the bureau writes → what the receiver wants, each with the days it is valid. */
export interface CodeList {
  readonly name: string;
  /** The file as it stands; part of the mapping's digest. */
  readonly text: string;
  readonly entries: ReadonlyMap<string, readonly CodeEntry[]>;
}

export interface CodeEntry {
  readonly target: string;
  readonly label: string;
  /** First and last day, `YYYY-MM-DD`, both inclusive. */
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

export interface CodeListFault {
  readonly line: number;
  readonly key: string;
  readonly expected: string;
}

const header = ['source', 'target', 'label', 'valid_from', 'valid_to'];
const openFrom = '0000-00-00';
const openTo = '9999-99-99';

/** Rows of a CSV text (RFC 4180: quotes, doubled quotes, line breaks in quotes) with the line each begins on. */
function readCsv(text: string): { cells: string[]; line: number }[] {
  const rows: { cells: string[]; line: number }[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let rowLine = 1;
  const endRow = (): void => {
    cells.push(cell);
    if (cells.length > 1 || cells[0] !== '') rows.push({ cells, line: rowLine });
    cells = [];
    cell = '';
  };
  for (let i = text.startsWith('\uFEFF') ? 1 : 0; i < text.length; i += 1) {
    const c = text[i]!;
    if (c === '\n') line += 1;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === ',') {
      cells.push(cell);
      cell = '';
    } else if (c === '\n') {
      endRow();
      rowLine = line;
    } else if (c !== '\r') cell += c;
  }
  endRow();
  return rows;
}

/** Reads a code list; every fault names its line. Two rows of one source code may not be valid on the same day. */
export function readCodeList(name: string, text: string): { list: CodeList; faults: CodeListFault[] } {
  const faults: CodeListFault[] = [];
  const entries = new Map<string, CodeEntry[]>();
  const [first, ...rows] = readCsv(text);
  if (!first || first.cells.map((c) => c.trim()).join() !== header.join()) {
    faults.push({ line: 1, key: 'header', expected: `the header ${header.join(',')}` });
    return { list: { name, text, entries }, faults };
  }
  for (const { cells, line } of rows) {
    const [source, target, label, validFrom, validTo] = cells.map((c) => c.trim());
    const fault = (key: string, expected: string): unknown => faults.push({ line, key, expected });
    if (cells.length !== header.length || !source) {
      fault('source', `${header.length} columns and a source code`);
      continue;
    }
    if (!target) fault('target', `a target code for ${source}`);
    for (const [key, day] of [['valid_from', validFrom], ['valid_to', validTo]] as const) {
      if (day && !(/^\d{4}-\d\d-\d\d$/.test(day) && parseDate(day))) fault(key, 'a day YYYY-MM-DD, or nothing');
    }
    const entry: CodeEntry = { target: target ?? '', label: label ?? '', from: validFrom || openFrom, to: validTo || openTo, line };
    if (entry.from > entry.to) fault('valid_to', 'a day not before valid_from');
    const known = entries.get(source) ?? [];
    const other = known.find((e) => e.from <= entry.to && entry.from <= e.to);
    if (other) fault('source', `days that do not overlap with those of ${source} in line ${other.line}`);
    entries.set(source, [...known, entry]);
  }
  return { list: { name, text, entries }, faults };
}

/** The receiver's code on a day `YYYY-MM-DD`; undefined where the list has none: that is a finding, never a default. */
export function lookUpCode(list: CodeList, source: string, day: string): string | undefined {
  return list.entries.get(source)?.find((e) => e.from <= day && day <= e.to)?.target;
}
