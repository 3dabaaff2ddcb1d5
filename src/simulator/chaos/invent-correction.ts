import type { Row } from '../../domain/snapshot.js';
import { bureauTables } from '../bureau/bureau-tables.js';
import type { CaseRecord, RowChange } from '../bureau/case-record.js';
import type { Random } from '../bureau/make-random.js';

/** Kinds of change that are no stage of a case. */
export type CorrectionKind =
  | 'case' // values of the case row
  | 'child' // values of child rows only
  | 'unsent' // columns that no message carries
  | 'taken-back'; // the last event is undone: a pickup row deleted, or a closed case reopened

const update = (table: RowChange['table'], key: string | null, values: RowChange['values']): RowChange => ({ operation: 'update', table, key, values });
const short = (text: string | null | undefined): string => (text ?? '').replace(/\(更正\d+\)$/, '').slice(0, 30);

/** What a clerk corrects in a case; empty where it has nothing of that kind. `mark` makes the new values differ from all before. */
export function inventCorrection(record: CaseRecord, kind: CorrectionKind, mark: number, random: Random): RowChange[] {
  const root = record.case;
  const corrected = (text: string | null | undefined): string => `${short(text)}(更正${mark})`;
  switch (kind) {
    case 'case': {
      const columns = ['project_name', 'remark', 'applied_place'];
      if (root['accepted_at'] !== null) columns.push('accept_doc_no');
      if (root['closed_at'] !== null) columns.push('result_text');
      if (root['refused_at'] !== null) columns.push('refuse_reason');
      const column = random.pick(columns);
      return [update('case', null, { [column]: corrected(root[column]) })];
    }
    case 'child': {
      const found = childCorrections(record, mark, corrected);
      if (found.length === 0) return [];
      const first = random.pick(found);
      const second = random.pick(found);
      return random.chance(0.3) && second !== first ? [first, second] : [first];
    }
    case 'unsent': {
      const charge = record.children.charges[0];
      if (charge !== undefined && random.chance(0.5)) return [update('charges', charge['charge_no'] ?? null, { payer: corrected(charge['payer']) })];
      return [update('case', null, { section: root['section'] === '地籍' ? '地产' : '地籍' })];
    }
    case 'taken-back':
      return takeBack(record);
  }
}

function childCorrections({ children }: CaseRecord, mark: number, corrected: (text: string | null | undefined) => string): RowChange[] {
  const found: RowChange[] = [];
  for (const row of children.applicants) {
    found.push(update('applicants', row['applicant_no'] ?? null, { phone: `1300${String(mark % 10_000_000).padStart(7, '0')}`, address: corrected(row['address']) }));
  }
  for (const row of children.parcels) found.push(update('parcels', row['parcel_no'] ?? null, { area_m2: `${mark}.50`, location: corrected(row['location']) }));
  for (const row of children.materials) found.push(update('materials', row['material_no'] ?? null, { copies: String(1 + (mark % 9) + Number(row['copies'] ?? 0) % 7) }));
  for (const row of children.steps) if (row['step_status'] === 'DONE') found.push(update('steps', row['step_no'] ?? null, { opinion: corrected(row['opinion']) }));
  for (const row of children.supplements) found.push(update('supplements', row['supplement_no'] ?? null, { reason: corrected(row['reason']) }));
  for (const row of children.specials) found.push(update('specials', row['special_no'] ?? null, { reason: corrected(row['reason']), ...(row['ended_at'] === null ? {} : { result: corrected(row['result']) }) }));
  for (const row of children.certificates) found.push(update('certificates', row['certificate_no'] ?? null, { cert_code: corrected(row['cert_code']) }));
  for (const row of children.pickups) found.push(update('pickups', row['pickup_no'] ?? null, { picked_by: '欧葭渚' }));
  return found;
}

function takeBack({ case: root, children }: CaseRecord): RowChange[] {
  const pickup = children.pickups.at(-1);
  if (pickup !== undefined) return [{ operation: 'delete', table: 'pickups', key: pickup['pickup_no'] ?? null, values: {} }];
  if (root['status'] !== 'CLOSED' || root['result_code'] !== 'PASS') return [];
  return [
    update('case', null, { status: 'HANDLING', closed_at: null, closed_by: null, result_code: null, result_text: null }),
    ...children.certificates.map((row): RowChange => ({ operation: 'delete', table: 'certificates', key: row['certificate_no'] ?? null, values: {} })),
  ];
}

/** The changes that put back the values that `changes` overwrote in `before`, as far as the rows are still there `now`. */
export function undoCorrection(before: CaseRecord, now: CaseRecord, changes: readonly RowChange[]): RowChange[] {
  return changes.flatMap((change) => {
    const row = rowOf(before, change);
    if (change.operation !== 'update' || row === undefined || rowOf(now, change) === undefined) return [];
    return [{ ...change, values: Object.fromEntries(Object.keys(change.values).map((column) => [column, row[column] ?? null])) }];
  });
}

function rowOf(record: CaseRecord, { table, key }: RowChange): Row | undefined {
  const column = bureauTables[table].key;
  return table === 'case' || column === null ? record.case : record.children[table].find((row) => row[column] === key);
}

/** The changes that make `from` what `to` is in the first applicant and the first parcel: a clerk mends an awkward case. */
export function mendFirstRows(from: CaseRecord, to: CaseRecord): RowChange[] {
  return (['applicants', 'parcels'] as const).flatMap((child) => {
    const [was, shall] = [from.children[child][0], to.children[child][0]];
    if (was === undefined || shall === undefined) return [];
    const columns = Object.keys(shall).filter((column) => shall[column] !== was[column]);
    const key = child === 'applicants' ? 'applicant_no' : 'parcel_no';
    return columns.length === 0 ? [] : [update(child, was[key] ?? null, Object.fromEntries(columns.map((column) => [column, shall[column] ?? null])))];
  });
}
