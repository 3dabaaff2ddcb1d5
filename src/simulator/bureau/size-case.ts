import type { Row } from '../../domain/snapshot.js';
import type { CaseRecord } from './case-record.js';
import { composeApplication, materialRow } from './compose-application.js';
import { caseNoOf } from './generate-cases.js';
import { makeRandom, seedOf } from './make-random.js';
import type { Catalogue } from './read-catalogue.js';

export interface SizeOptions {
  readonly catalogue: Catalogue;
  readonly seed: number;
  /** Running number of the case in its month. */
  readonly sequence: number;
  readonly appliedAt: string;
  /** About how large the application message of channel `center` shall be, in bytes of UTF-8; from 3000 on. */
  readonly targetBytes: number;
}

/** Start and end tag of a field, on the average of the center's element names. */
const fieldOverheadBytes = 13;
/** Declaration, HEAD and the elements that hold the lists. */
const envelopeBytes = 330;
const addenda = ['原件核对无误', '与档案留存件一致', '已加盖骑缝章', '共有人均已签字', '由代理人提交', '涂改处已盖校对章'];

function rowBytes(row: Row, columns: readonly string[]): number {
  return columns.reduce((sum, column) => {
    const value = row[column];
    if (value === null || value === undefined) return sum;
    // A time of 23 characters is written as YYYYMMDDThhmmss.
    return sum + (/^\d{4}-\d\d-\d\d \d\d:/.test(value) ? 15 : Buffer.byteLength(value)) + fieldOverheadBytes;
  }, 0);
}

const caseFields = ['item_code', 'item_name', 'case_kind', 'project_name', 'apply_source', 'applied_at', 'applied_place', 'division_code', 'remark', 'case_no'];

/** About how many bytes the center's application message of the case has. */
export function estimateApplicationBytes(record: CaseRecord): number {
  const { applicants, parcels, materials } = record.children;
  const children = [...applicants, ...parcels, ...materials];
  return children.reduce((sum, row) => sum + fieldOverheadBytes + rowBytes(row, Object.keys(row)), envelopeBytes + rowBytes(record.case, caseFields));
}

/** A case as applied for, two applicants, with as many paper materials as make its application message that large. */
export function sizedCase(options: SizeOptions): CaseRecord {
  const random = makeRandom(seedOf(options.seed, options.sequence));
  const record = composeApplication(options.catalogue, {
    caseNo: caseNoOf(options.appliedAt, options.sequence), itemCode: 'DJ07', appliedAt: options.appliedAt,
    applicants: 2, materials: 4, scans: 0, handledOffline: false,
  }, random);
  const materials = [...record.children.materials];
  let missing = options.targetBytes - estimateApplicationBytes(record);
  while (missing > 420) {
    const no = materials.length + 1;
    const notes = Array.from({ length: 8 }, () => random.pick(addenda)).join(',');
    const name = `补充说明材料之${no}(${notes})`;
    const row = materialRow(no, name, options.appliedAt, null, false, 1, record.caseNo);
    materials.push(row);
    missing -= fieldOverheadBytes + rowBytes(row, Object.keys(row));
  }
  // What is left goes to the remark, three bytes for each character.
  const filler = Math.max(0, Math.floor((missing - fieldOverheadBytes) / 3));
  const remark = filler === 0 ? record.case['remark'] ?? null : '窗口已核验全部材料,'.repeat(Math.ceil(filler / 10)).slice(0, filler);
  return { ...record, case: { ...record.case, remark }, children: { ...record.children, materials } };
}
