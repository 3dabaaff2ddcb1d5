import type { Row } from '../../domain/snapshot.js';
import { bureauTables } from './bureau-tables.js';
import type { CaseRecord, RowChange } from './case-record.js';

/** The record after the changes, at that bureau time. A change of a row that is not there is a fault of the caller. */
export function applyChanges(record: CaseRecord, changes: readonly RowChange[], at: string): CaseRecord {
  let root: Row = record.case;
  const children = { ...record.children };
  let files = record.files;
  for (const change of changes) {
    if (change.table === 'case') {
      if (change.operation !== 'update') throw new Error('a record is neither inserted nor deleted by a change of its case row');
      root = { ...root, ...change.values };
      continue;
    }
    const shape = bureauTables[change.table];
    const key = shape.key;
    if (key === null || change.key === null) throw new Error(`a row of ${shape.table} needs a key`);
    const rows = children[change.table];
    const found = rows.findIndex((row) => row[key] === change.key);
    if ((found >= 0) === (change.operation === 'insert')) throw new Error(`cannot ${change.operation} row ${change.key} of ${shape.table}`);
    if (change.operation === 'insert') children[change.table] = [...rows, completeRow(change.values, shape.columns)];
    if (change.operation === 'update') children[change.table] = rows.map((row, i) => (i === found ? { ...row, ...change.values } : row));
    if (change.operation === 'delete') {
      children[change.table] = rows.filter((_, i) => i !== found);
      if (change.table === 'materials') files = files.filter((file) => file.materialNo !== change.key);
    }
    if (change.file !== undefined) files = [...files, change.file];
  }
  return { ...record, case: root, children, files, at };
}

/** The row with every column of its table, null where nothing is set, in the order of the DDL. */
export function completeRow(values: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map((column) => [column, values[column] ?? null]));
}
