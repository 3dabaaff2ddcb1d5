import type { Row } from '../../domain/snapshot.js';
import type { ChildName } from './bureau-tables.js';
import type { AwkwardKind, CaseRecord, Reach } from './case-record.js';
import { inventIdentityNumber, inventOldIdentityNumber, inventOrganisationCode } from './make-identifiers.js';
import type { Random } from './make-random.js';
import { readLocal, writeLocal } from './shift-time.js';

/** How far a case has to come before it can be awkward in that way. */
export const awkwardNeeds: Readonly<Record<AwkwardKind, Reach>> = {
  'rare-characters': 'accepted',
  'lost-character': 'accepted',
  'private-use-character': 'applied',
  'trailing-blanks': 'accepted',
  'control-character': 'closed',
  'line-breaks': 'closed',
  'xml-markup': 'applied',
  'blank-opinion': 'closed',
  'missing-opinion': 'closed',
  'wrong-check-digit': 'applied',
  'old-identity-number': 'accepted',
  'old-organisation-code': 'accepted',
  'unknown-item-code': 'accepted',
  'landline-phone': 'applied',
  'name-too-long': 'applied',
  'step-ends-before-start': 'closed',
  'closed-before-accepted': 'closed',
  'special-without-notice': 'special',
  'overlapping-specials': 'special',
  'statistical-division': 'applied',
  'wrong-unit-code': 'applied',
  'many-applicants': 'picked-up',
  'wrong-file-signature': 'applied',
  'missing-file': 'applied',
};

const rareNames = ['周𬍛', '刘㛃', '䶮禾青', '陈𠅤石', '王㙍泉'];

function setFirst(record: CaseRecord, child: ChildName, change: (row: Row) => Row): CaseRecord {
  const [first, ...rest] = record.children[child];
  if (first === undefined) throw new Error(`no row in ${child} to make awkward`);
  return { ...record, children: { ...record.children, [child]: [{ ...first, ...change(first) }, ...rest] } };
}
const setPrincipal = (record: CaseRecord, values: Row): CaseRecord => setFirst(record, 'applicants', () => values);
const asPerson = (record: CaseRecord, name: string, certNo: string): CaseRecord =>
  setPrincipal(record, { kind: 'P', name, cert_kind: 'SFZ', cert_no: certNo, legal_person: null });
const setCase = (record: CaseRecord, values: Row): CaseRecord => ({ ...record, case: { ...record.case, ...values } });
const movedBy = (local: string | null | undefined, minutes: number): string => writeLocal(readLocal(String(local)) + minutes * 60_000);

const deformations: Readonly<Record<AwkwardKind, (record: CaseRecord, random: Random) => CaseRecord>> = {
  'rare-characters': (record, random) => asPerson(record, random.pick(rareNames), inventIdentityNumber(random)),
  'lost-character': (record, random) => asPerson(record, '刘?', inventIdentityNumber(random)),
  'private-use-character': (record, random) => asPerson(record, '曾\uE81E', inventIdentityNumber(random)),
  'trailing-blanks': (record) =>
    setCase(setFirst(record, 'applicants', (row) => ({ name: `${row['name'] ?? ''}  `, address: `${row['address'] ?? ''}\u3000` })), {
      project_name: `${record.case['project_name'] ?? ''}   `,
    }),
  'control-character': (record) => setFirst(record, 'steps', () => ({ opinion: '材料齐全\u000B,同意\u0001办理。' })),
  'line-breaks': (record) => setFirst(record, 'steps', () => ({ opinion: '一、材料齐全;\r\n二、权属合法;\n\t同意办理。' })),
  'xml-markup': (record) => setCase(record, { project_name: '益阳资水<禾田>&"青石"]]>地块\'甲\'登记 &amp; 备案' }),
  'blank-opinion': (record) => setFirst(record, 'steps', () => ({ opinion: '   ' })),
  'missing-opinion': (record) => setFirst(record, 'steps', () => ({ opinion: null })),
  'wrong-check-digit': (record, random) => {
    const right = inventIdentityNumber(random);
    return asPerson(record, '郭桐野', right.slice(0, 17) + (right.endsWith('1') ? '2' : '1'));
  },
  'old-identity-number': (record, random) => asPerson(record, '欧葭渚', inventOldIdentityNumber(random)),
  'old-organisation-code': (record, random) =>
    setPrincipal(record, { kind: 'E', name: '益阳县竹木器社', cert_kind: 'OLDORG', cert_no: inventOrganisationCode(random), legal_person: '夏杉坪' }),
  'unknown-item-code': (record) => setCase(record, { item_code: 'ZZ99', item_name: '未列入目录的事项' }),
  'landline-phone': (record) => setPrincipal(record, { phone: '0737-0000123-802' }),
  'name-too-long': (record, random) =>
    setPrincipal(record, { kind: 'E', name: `益阳${'资水洞庭桃江赫山'.repeat(15)}联合社`, cert_kind: 'OTHER', cert_no: `L${random.digits(8)}`, legal_person: '汤栎洲' }),
  'step-ends-before-start': (record) => setFirst(record, 'steps', (row) => ({ ended_at: movedBy(row['started_at'], -95) })),
  'closed-before-accepted': (record) => setCase(record, { closed_at: movedBy(record.case['accepted_at'], -1_440) }),
  'special-without-notice': (record) => setFirst(record, 'specials', () => ({ notice_no: null })),
  'overlapping-specials': (record) => {
    const [first] = record.children.specials;
    if (first === undefined) throw new Error('no special procedure to overlap');
    const second: Row = { ...first, special_no: '2', kind: 'GS', kind_name: '公示', notice_no: `${first['notice_no'] ?? ''}-2`, started_at: movedBy(first['started_at'], 60), ended_at: null };
    return { ...record, children: { ...record.children, specials: [first, second] } };
  },
  'statistical-division': (record) => setCase(record, { division_code: '430972' }),
  'wrong-unit-code': (record) => setFirst(record, 'parcels', (row) => ({ unit_code: `${row['unit_code'] ?? ''}0000` })),
  // The number of applicants is chosen when the application is composed; nothing is deformed.
  'many-applicants': (record) => record,
  'wrong-file-signature': (record) => setFirst(record, 'materials', () => ({ file_md5: '0123456789abcdef0123456789abcdef' })),
  'missing-file': (record) => ({ ...record, files: record.files.filter((file) => file.materialNo !== '1') }),
};

/** The case made awkward in a named way, which the record then carries. */
export function makeAwkward(record: CaseRecord, kind: AwkwardKind, random: Random): CaseRecord {
  return { ...deformations[kind](record, random), awkward: kind };
}
