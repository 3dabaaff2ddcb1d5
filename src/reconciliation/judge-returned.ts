import type { FeeRecord, PaymentStatus, TaxRecord } from '../domain/reconciliation-records.js';
import type { ReturnKind } from '../domain/return-language.js';
import type { ReturnFault, ReturnOutcome } from '../domain/return-outcomes.js';
import { canonicalName, type JudgedFile, type ReturnedContents, type ReturnedHead } from '../domain/returned-file.js';
import { faultLimit, readReturned, type Row } from './read-returned.js';
import type { CompiledReturn } from './compile-return-mapping.js';
import { takeOpinion, takeQuery } from './take-opinion.js';

/** Which fault names the outcome of a file that has several. */
const order = ['file-name', 'value-unreadable', 'repeated-number', 'wrong-count', 'wrong-total'] as const satisfies readonly ReturnOutcome[];
type Found = ReturnFault & { readonly outcome: (typeof order)[number] };

/**
 * Reads a returned file and checks that it agrees with itself: its name, counts, totals, sums of items, numbers. `fileName` is
 * undefined for what came over HTTP. An unknown case or fee item is no fault: it becomes a difference.
 */
export function judgeReturned(bytes: Uint8Array, charset: string, fileName: string | undefined, mappings: readonly CompiledReturn[]): JudgedFile {
  const read = readReturned(bytes, charset, mappings);
  const head = read.mapping && read.content ? headOf(read.mapping, read.content) : undefined;
  if (!read.ok) return { ok: false, outcome: read.outcome, faults: read.faults, head };
  if (!head) return { ok: false, outcome: 'schema', faults: [{ path: '/', expected: 'a head' }] };
  const found: Found[] = [];
  const fault = (outcome: Found['outcome'], row: Row, element: string, expected: string): void => {
    found.push({ outcome, path: [row.path, element].filter((p) => p !== '').join('/') || '/', line: row.line, expected });
  };
  if (fileName !== undefined && fileName !== canonicalName(head)) fault('file-name', read.content, '', `the name ${canonicalName(head)}, which is what the head says`);
  const contents = takers[head.kind](read.content, head, (to) => sourceOf(read.mapping, to), fault);
  if (found.length === 0) return { ok: true, contents };
  const outcome = order.find((o) => found.some((f) => f.outcome === o))!;
  return { ok: false, outcome, head, faults: found.slice(0, faultLimit).map(({ path, line, expected }) => ({ path, line, expected })) };
}

function headOf(mapping: CompiledReturn, content: Row): ReturnedHead | undefined {
  const { fileId, issue, day } = content.values;
  return typeof fileId === 'string' && typeof issue === 'number' && typeof day === 'string' ? { message: mapping.message, kind: mapping.kind, fileId, issue, day } : undefined;
}

/** The element that a total is read from, for its fault. */
function sourceOf(mapping: CompiledReturn, to: string): string {
  return mapping.fields.find((f) => f.to === to)?.from ?? to;
}

type Fault = (outcome: Found['outcome'], row: Row, element: string, expected: string) => void;
type Taker = (content: Row, head: ReturnedHead, source: (to: string) => string, fault: Fault) => ReturnedContents;

const takers: Readonly<Record<ReturnKind, Taker>> = { fees: takeFees, taxes: takeTaxes, control: takeControl, cards: takeSaid, queries: takeSaid };

function takeFees(content: Row, head: ReturnedHead, source: (to: string) => string, fault: Fault): ReturnedContents {
  const rows = content.lists['records'] ?? [];
  const unit = text(content, 'unitCode');
  const fees = rows.map((row): Omit<FeeRecord, 'id' | 'channel'> => {
    const lines = (row.lists['lines'] ?? []).map((l) => ({ feeItemCode: text(l, 'feeItemCode'), feeItemName: maybe(l, 'feeItemName'), amountFen: fen(l, 'amountFen') }));
    const record = {
      serial: text(row, 'serial'), paymentCode: maybe(row, 'paymentCode'), caseNo: maybe(row, 'caseNo'), unitCode: text(row, 'unitCode'), lines, amountFen: fen(row, 'amountFen'), day: head.day,
      paidAt: text(row, 'paidAt'), payer: maybe(row, 'payer'), method: maybe(row, 'method'), status: text(row, 'status') as PaymentStatus, originalSerial: maybe(row, 'originalSerial'),
    };
    if (record.unitCode !== unit) fault('value-unreadable', row, '', 'the unit that the head names');
    if (record.status !== 'paid' && record.originalSerial === undefined) fault('value-unreadable', row, '', 'the number of the payment that it takes back');
    if (lines.reduce((sum, l) => sum + l.amountFen, 0n) !== record.amountFen) fault('wrong-total', row, '', 'an amount that is the sum of the items');
    return record;
  });
  findRepeated(rows, fees.map((f) => `${f.serial} ${f.status}`), fault);
  const of = (status: PaymentStatus): typeof fees => fees.filter((f) => f.status === status);
  for (const [status, count, sum] of [['paid', 'paidCount', 'paidFen'], ['reversed', 'reversedCount', 'reversedFen'], ['refunded', 'refundCount', 'refundFen']] as const) {
    compare(content, count, of(status).length, sum, of(status).reduce((n, f) => n + f.amountFen, 0n), source, fault);
  }
  return { ...head, fees, count: fees.length };
}

function takeTaxes(content: Row, head: ReturnedHead, source: (to: string) => string, fault: Fault): ReturnedContents {
  const taxes: Omit<TaxRecord, 'id' | 'channel'>[] = [];
  const rows: Row[] = [];
  for (const contract of content.lists['contracts'] ?? []) {
    let paid = 0n;
    for (const row of contract.lists['slips'] ?? []) {
      const record = {
        ticketNo: text(row, 'ticketNo'), authorityCode: text(content, 'authorityCode'), taxpayerNo: text(row, 'taxpayerNo'), taxpayerName: maybe(row, 'taxpayerName'), caseNo: maybe(contract, 'caseNo'), contractNo: maybe(contract, 'contractNo'),
        taxKind: text(row, 'taxKind'), party: text(row, 'party') as TaxRecord['party'], taxableFen: fen(row, 'taxableFen'), dueFen: fen(row, 'dueFen'), paidFen: fen(row, 'paidFen'), day: head.day, paidAt: text(row, 'paidAt'),
        status: text(row, 'status') as PaymentStatus, originalTicketNo: maybe(row, 'originalTicketNo'),
      };
      if (record.status !== 'paid' && record.originalTicketNo === undefined) fault('value-unreadable', row, '', 'the number of the slip that it takes back');
      if (record.status === 'paid') paid += record.paidFen;
      taxes.push(record);
      rows.push(row);
    }
    if (fen(contract, 'totalFen') !== paid) fault('wrong-total', contract, '', 'a total that is the sum of the paid slips');
  }
  findRepeated(rows, taxes.map((t) => `${t.ticketNo} ${t.status}`), fault);
  const paid = taxes.filter((t) => t.status === 'paid');
  const back = taxes.filter((t) => t.status !== 'paid');
  const sum = (list: typeof taxes): bigint => list.reduce((n, t) => n + t.paidFen, 0n);
  compare(content, 'paidCount', paid.length, 'paidFen', sum(paid), source, fault);
  compare(content, 'refundCount', back.length, 'refundFen', sum(back), source, fault);
  return { ...head, taxes, count: taxes.length };
}

function takeControl(content: Row, head: ReturnedHead, source: (to: string) => string, fault: Fault): ReturnedContents {
  const rows = content.lists['files'] ?? [];
  const files = rows.map((row) => ({ fileName: text(row, 'fileName'), sha256: text(row, 'sha256'), size: count(row, 'size'), count: count(row, 'count') }));
  const control = {
    day: head.day, issue: head.issue, files,
    fees: {
      count: count(content, 'feeCount'), amountFen: fen(content, 'feeFen'), reversedCount: count(content, 'feeReversedCount'), reversedFen: fen(content, 'feeReversedFen'),
      refundCount: count(content, 'feeRefundCount'), refundFen: fen(content, 'feeRefundFen'),
    },
    taxes: { count: count(content, 'taxCount'), amountFen: fen(content, 'taxFen'), refundCount: count(content, 'taxRefundCount'), refundFen: fen(content, 'taxRefundFen') },
  };
  findRepeated(rows, files.map((f) => f.fileName), fault);
  const { fees, taxes } = control;
  const said = fees.count + fees.reversedCount + fees.refundCount + taxes.count + taxes.refundCount;
  if (files.reduce((n, f) => n + f.count, 0) !== said) fault('wrong-count', content, source('feeCount'), 'counts that add up to those of the files listed');
  return { ...head, control, count: files.length };
}

/** Cards or queries of the supervising side: each number once, and as many as the head says. */
function takeSaid(content: Row, head: ReturnedHead, source: (to: string) => string, fault: Fault): ReturnedContents {
  const rows = content.lists[head.kind] ?? [];
  findRepeated(rows, rows.map((r) => text(r, 'theirNo')), fault);
  if (count(content, 'total') !== rows.length) fault('wrong-count', content, source('total'), `${rows.length}, as many as there are records`);
  return { ...head, count: rows.length, ...(head.kind === 'cards' ? { opinions: rows.map(takeOpinion) } : { queries: rows.map(takeQuery) }) };
}

function findRepeated(rows: readonly Row[], keys: readonly string[], fault: Fault): void {
  const seen = new Set<string>();
  for (const [i, key] of keys.entries()) {
    if (seen.has(key)) fault('repeated-number', rows[i]!, '', 'a number that did not stand in the file before');
    seen.add(key);
  }
}

function compare(content: Row, countName: string, n: number, sumName: string, sum: bigint, source: (to: string) => string, fault: Fault): void {
  if (count(content, countName) !== n) fault('wrong-count', content, source(countName), `${n}, as many as there are records`);
  if (fen(content, sumName) !== sum) fault('wrong-total', content, source(sumName), 'the sum of the records');
}

const text = (row: Row, name: string): string => String(row.values[name]);
const maybe = (row: Row, name: string): string | undefined => (row.values[name] === undefined ? undefined : String(row.values[name]));
const count = (row: Row, name: string): number => Number(row.values[name]);
const fen = (row: Row, name: string): bigint => BigInt(row.values[name] ?? 0n);
