import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { deriveEvents } from '../../src/capture/derive-events.js';
import { checkCreditCode, checkIdentityNumber, checkOrganisationCode } from '../../src/domain/check-identifiers.js';
import type { Row } from '../../src/domain/snapshot.js';
import { streamSchema } from '../../src/domain/stream.js';
import { renderMessage } from '../../src/mapping/render-message.js';
import { advanceCase } from '../../src/simulator/bureau/advance-case.js';
import { applyChanges } from '../../src/simulator/bureau/apply-changes.js';
import { bureauTables, childNames } from '../../src/simulator/bureau/bureau-tables.js';
import { awkwardKinds, reaches, stages, toSnapshot, type AwkwardKind, type CaseRecord } from '../../src/simulator/bureau/case-record.js';
import { bureauFolder, loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import { composeCharges } from '../../src/simulator/bureau/compose-charges.js';
import { generateCases } from '../../src/simulator/bureau/generate-cases.js';
import { identityCheckDigit, usccCheckDigit } from '../../src/simulator/bureau/make-identifiers.js';
import { makeRandom } from '../../src/simulator/bureau/make-random.js';
import { limitAt, readCatalogue } from '../../src/simulator/bureau/read-catalogue.js';
import { toOfficeHours, readLocal, writeLocal } from '../../src/simulator/bureau/shift-time.js';
import { sizedCase } from '../../src/simulator/bureau/size-case.js';
import { journeyCase, refusedJourneyCase, type Journey } from '../../src/simulator/bureau/stage-journeys.js';
import { channels, mappings } from '../golden/sample-messages.js';

const catalogue = loadCatalogue();
const stream = streamSchema.parse(parse(readFileSync(`${bureauFolder}../streams/case.yaml`, 'utf8')));
const cases = generateCases({ catalogue, seed: 7, count: 400, from: '2026-03-02', awkward: true });
const ordinary = cases.filter((record) => record.awkward === null);

const first = (record: CaseRecord, child: (typeof childNames)[number]): Row => record.children[child][0]!;

describe('catalogue', () => {
  test('has the 49 items of three sections, and every item has limits from the start', () => {
    expect(catalogue.items).toHaveLength(49);
    expect(new Set(catalogue.items.map((item) => item.itemCode)).size).toBe(49);
    expect(new Set(catalogue.items.map((item) => item.section))).toEqual(new Set(['地产', '交易', '地籍']));
    for (const item of catalogue.items) {
      expect(limitAt(catalogue, item.itemCode, '2011-01-01').effectiveFrom).toBe('2011-01-01');
      expect(item.basicCode).toMatch(/^\d{10}$/);
      expect(item.implementCode).toBe(`430900000000${item.basicCode}00`);
    }
  });

  test.each([
    ['DJ07', '2012-08-08', '15', '15'],
    ['DJ07', '2012-08-09', '10', '15'],
    ['DJ08', '2012-08-08', '5', '5'],
    ['DJ08', '2012-08-09', '1', '5'],
  ])('%s on %s: committed %s, statutory %s working days', (item, date, committed, statutory) => {
    expect(limitAt(catalogue, item, date)).toMatchObject({ committedLimit: committed, committedUnit: 'W', statutoryLimit: statutory, statutoryUnit: 'W' });
  });

  test('a fault names file and line', () => {
    const items = readFileSync(`${bureauFolder}items.csv`, 'utf8');
    const header = 'item_code,effective_from,committed_limit,committed_unit,statutory_limit,statutory_unit,letter_no\n';
    expect(() => readCatalogue(items, `${header}DJ07,2011-01-01,1,W,1,W,x\nNN01,2011-01-01,1,W,1,W,x\n`)).toThrow('item-limits.csv:3: no such item');
    expect(() => readCatalogue(items, `${header}DJ07,2011-01-01,1\n`)).toThrow('item-limits.csv:2: expected 7 cells');
    expect(() => readCatalogue('a,b\n', header)).toThrow('items.csv:1: expected the columns');
    expect(() => limitAt(catalogue, 'DJ07', '2010-12-31')).toThrow('no limits of item DJ07 on 2010-12-31');
  });
});

describe('identifiers', () => {
  test('known numbers have their check digits', () => {
    expect(identityCheckDigit('11010519491231002')).toBe('X');
    expect(usccCheckDigit('91110000802100433')).toBe('B');
    expect(usccCheckDigit('91440101664041243')).toBe('T');
  });

  test('every ordinary applicant has a right number, born so long ago that it is nobody', () => {
    for (const applicant of ordinary.flatMap((record) => record.children.applicants)) {
      const number = applicant['cert_no']!;
      if (applicant['cert_kind'] === 'SFZ') {
        expect(checkIdentityNumber(number)).toBeUndefined();
        expect(number.slice(6, 9)).toBe('190');
      } else expect(checkCreditCode(number)).toBeUndefined();
    }
    for (const record of ordinary) if (record.case['accept_org_uscc'] !== null) expect(checkCreditCode(record.case['accept_org_uscc']!)).toBeUndefined();
  });
});

describe('generated cases', () => {
  test('the same seed gives the same cases, another seed others', () => {
    const options = { catalogue, seed: 7, from: '2026-03-02', awkward: true };
    expect(generateCases({ ...options, count: 40 })).toEqual(cases.slice(0, 40));
    expect(generateCases({ ...options, count: 40, seed: 8 })).not.toEqual(cases.slice(0, 40));
  });

  test('rows have exactly the columns of the stream, and every value is text or null', () => {
    for (const record of cases) {
      expect(Object.keys(record.case)).toEqual(Object.keys(stream.columns));
      expect(Object.keys(record.children)).toEqual(expect.arrayContaining(Object.keys(stream.children)));
    }
    for (const child of childNames) expect([...bureauTables[child].columns]).toEqual(Object.keys(stream.children[child]!.columns));
    const { children } = journeyCase({ catalogue }).stages.at(-1)!.record;
    for (const child of childNames) expect(Object.keys(children[child][0]!)).toEqual([...bureauTables[child].columns]);
    for (const record of cases) for (const child of childNames) for (const row of record.children[child]) expect(Object.keys(row)).toHaveLength(bureauTables[child].columns.length);
  });

  test('case numbers are unique and go on from the first one asked for', () => {
    expect(new Set(cases.map((record) => record.caseNo)).size).toBe(cases.length);
    expect(generateCases({ catalogue, seed: 1, count: 2, from: '2026-11-02', firstSequence: 123 }).map((record) => record.caseNo)).toEqual(['YYGT202611000123', 'YYGT202611000124']);
  });

  test('all phases of life occur', () => {
    expect(new Set(ordinary.map((record) => record.case['status']))).toEqual(new Set(['APPLIED', 'ACCEPTED', 'REFUSED', 'HANDLING', 'CLOSED', 'WITHDRAWN', 'VOID']));
    expect(ordinary.some((record) => record.case['handled_offline'] === '1')).toBe(true);
    expect(ordinary.some((record) => record.children.applicants.length >= 6)).toBe(true);
    for (const child of childNames) expect(ordinary.some((record) => record.children[child].length > 0)).toBe(true);
    expect(ordinary.some((record) => record.children.specials.some((row) => row['ended_at'] === null))).toBe(true);
    expect(ordinary.some((record) => record.children.specials.some((row) => row['ended_at'] !== null))).toBe(true);
    expect(ordinary.some((record) => record.children.certificates.length > 3)).toBe(true);
  });

  test.each(reaches)('cases asked for as %s are that far', (reach) => {
    const wanted: Record<string, (record: CaseRecord) => boolean> = {
      applied: (r) => r.case['status'] === 'APPLIED' && r.children.supplements.length === 0,
      supplement: (r) => r.children.supplements.length > 0,
      accepted: (r) => r.case['status'] === 'ACCEPTED',
      handling: (r) => r.children.steps.length > 0,
      special: (r) => r.children.specials.length > 0,
      closed: (r) => r.case['status'] === 'CLOSED' && r.case['result_code'] !== null,
      'picked-up': (r) => r.children.pickups.length === 1 && r.children.certificates.length > 0,
      refused: (r) => r.case['status'] === 'REFUSED' && r.case['accepted_at'] === null,
      withdrawn: (r) => r.case['withdrawn_at'] !== null,
      void: (r) => r.case['result_code'] === 'VOID',
    };
    for (const record of generateCases({ catalogue, seed: 11, count: 12, from: '2026-06-01', reach })) expect(wanted[reach]!(record)).toBe(true);
  });

  test('times run forward, in office hours, and limits are those of the day of acceptance', () => {
    for (const record of ordinary) {
      const { case: root, children } = record;
      const open = toOfficeHours(readLocal(record.at), makeRandom(1));
      expect(writeLocal(open)).toBe(record.at);
      const order = [root['applied_at'], root['accepted_at'], ...children.steps.flatMap((row) => [row['started_at'], row['ended_at']]), root['closed_at'], children.pickups[0]?.['picked_at']];
      const times = order.filter((time): time is string => typeof time === 'string');
      expect([...times].sort()).toEqual(times);
      if (root['accepted_at'] === null) continue;
      const limit = limitAt(catalogue, root['item_code']!, root['accepted_at']!.slice(0, 10));
      expect(root).toMatchObject({ committed_limit: limit.committedLimit, committed_unit: limit.committedUnit, statutory_limit: limit.statutoryLimit, statutory_unit: limit.statutoryUnit });
    }
  });

  test('scanned files are PDFs whose MD5 is the recorded signature', () => {
    const scanned = ordinary.filter((record) => record.files.length > 0);
    expect(scanned.length).toBeGreaterThan(100);
    for (const record of scanned) {
      for (const file of record.files) {
        const row = record.children.materials.find((material) => material['material_no'] === file.materialNo)!;
        expect(createHash('md5').update(file.content).digest('hex')).toBe(row['file_md5']);
        expect(row['file_size']).toBe(String(file.content.length));
        const text = Buffer.from(file.content).toString('latin1');
        expect(text.startsWith('%PDF-1.4\n')).toBe(true);
        expect(text.slice(Number(/startxref\n(\d+)/.exec(text)![1])).startsWith('xref\n')).toBe(true);
      }
    }
    expect(generateCases({ catalogue, seed: 7, count: 50, from: '2026-03-02', scans: false }).flatMap((record) => record.files)).toEqual([]);
  });

  test('totals of charges are the sums of their lines, to the fen', () => {
    const charged = ordinary.filter((record) => record.children.charges.length > 0);
    expect(charged.length).toBeGreaterThan(20);
    for (const record of charged) {
      const fen = record.children.charges.reduce((sum, row) => sum + BigInt(row['amount']!.replace('.', '')), 0n);
      expect(BigInt(record.case['charge_total']!.replace('.', ''))).toBe(fen);
      expect(record.case['is_charged']).toBe(fen === 0n ? '0' : '1');
    }
    const codes = charged.flatMap((record) => record.children.charges.map((row) => row['payment_code'])).filter((code) => code !== null);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^\d{20}$/);
  });

  test('five households on land that is not for homes pay 550 and four further certificates', () => {
    const journey = journeyCase({ catalogue }).applied;
    const applicants = Array.from({ length: 5 }, (_, i) => ({ ...first(journey, 'applicants'), applicant_no: String(i + 1), role: 'APPLICANT' }));
    const parcels = [{ ...first(journey, 'parcels'), land_use: '工业用地' }];
    const { rows, total } = composeCharges({ ...journey, children: { ...journey.children, applicants, parcels } }, '2026-11-17 15:00:00.000');
    expect(rows.map((row) => row['amount'])).toEqual(['550.00', '40.00']);
    expect(total).toBe('590.00');
  });
});

describe('awkward cases', () => {
  const oddities: Record<AwkwardKind, (record: CaseRecord) => unknown> = {
    'rare-characters': (r) => /[䶮㛃㙍]|\p{Script=Han}/u.test(first(r, 'applicants')['name']!) && !/^[\u4E00-\u9FA5]+$/.test(first(r, 'applicants')['name']!),
    'lost-character': (r) => first(r, 'applicants')['name']!.includes('?'),
    'private-use-character': (r) => /[\uE000-\uF8FF]/.test(first(r, 'applicants')['name']!),
    'trailing-blanks': (r) => r.case['project_name']!.endsWith('   '),
    'control-character': (r) => /[\u0001\u000B]/.test(first(r, 'steps')['opinion']!),
    'line-breaks': (r) => first(r, 'steps')['opinion']!.includes('\r\n'),
    'xml-markup': (r) => r.case['project_name']!.includes(']]>'),
    'blank-opinion': (r) => first(r, 'steps')['opinion'] === '   ',
    'missing-opinion': (r) => first(r, 'steps')['opinion'] === null && first(r, 'steps')['step_status'] === 'DONE',
    'wrong-check-digit': (r) => checkIdentityNumber(first(r, 'applicants')['cert_no']!)?.rule === 'check-digit',
    'old-identity-number': (r) => first(r, 'applicants')['cert_no']!.length === 15,
    'old-organisation-code': (r) => first(r, 'applicants')['cert_kind'] === 'OLDORG' && checkOrganisationCode(first(r, 'applicants')['cert_no']!) === undefined,
    'unknown-item-code': (r) => catalogue.items.every((item) => item.itemCode !== r.case['item_code']),
    'landline-phone': (r) => first(r, 'applicants')['phone']!.length > 11,
    'name-too-long': (r) => first(r, 'applicants')['name']!.length > 100 && first(r, 'applicants')['name']!.length <= 300,
    'step-ends-before-start': (r) => first(r, 'steps')['ended_at']! < first(r, 'steps')['started_at']!,
    'closed-before-accepted': (r) => r.case['closed_at']! < r.case['accepted_at']!,
    'special-without-notice': (r) => first(r, 'specials')['notice_no'] === null,
    'overlapping-specials': (r) => r.children.specials.length === 2,
    'statistical-division': (r) => r.case['division_code'] === '430972',
    'wrong-unit-code': (r) => first(r, 'parcels')['unit_code']!.length === 32,
    'many-applicants': (r) => r.children.applicants.length === 30 && r.children.certificates.length === 30,
    'wrong-file-signature': (r) => r.files[0]!.md5 !== first(r, 'materials')['file_md5'],
    'missing-file': (r) => first(r, 'materials')['file_md5'] !== null && r.files.every((file) => file.materialNo !== '1'),
  };

  test('every eighth case is awkward, each kind in turn, and is what its kind says', () => {
    const awkward = cases.filter((record) => record.awkward !== null);
    expect(awkward).toHaveLength(cases.length / 8);
    expect(new Set(awkward.map((record) => record.awkward))).toEqual(new Set(awkwardKinds));
    for (const record of awkward) expect([record.awkward, oddities[record.awkward!](record)]).toEqual([record.awkward, true]);
  });

  test('without the option no case is', () => {
    expect(generateCases({ catalogue, seed: 7, count: 60, from: '2026-03-02' }).every((record) => record.awkward === null)).toBe(true);
  });
});

describe('a case that lives on', () => {
  test('comes to its end by single stages, and the changes tell the whole of it', () => {
    const [start] = generateCases({ catalogue, seed: 5, count: 1, from: '2026-11-02', reach: 'applied' });
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed += 1) {
      const random = makeRandom(seed);
      let record = start!;
      for (let i = 0; ; i += 1) {
        const change = advanceCase(record, catalogue, random);
        if (change === null) break;
        expect(i).toBeLessThan(40);
        expect(applyChanges(record, change.changes, change.at)).toEqual(change.record);
        expect(change.at > record.at).toBe(true);
        seen.add(change.stage);
        record = change.record;
      }
      expect(['CLOSED', 'REFUSED', 'WITHDRAWN', 'VOID']).toContain(record.case['status']);
    }
    // The other stages belong to other items or are rare.
    for (const stage of ['accept', 'supplement-notice', 'supplement-received', 'step-open', 'step-done', 'special-start', 'special-end', 'close', 'pickup'] as const) expect(stages.filter((s) => seen.has(s))).toContain(stage);
  });

  test('happens at the time that is given', () => {
    const [start] = generateCases({ catalogue, seed: 5, count: 1, from: '2026-11-02', reach: 'applied' });
    const change = advanceCase(start!, catalogue, makeRandom(1), { inclination: 'refuse', at: '2026-11-21 23:59:00.000' })!;
    expect(change).toMatchObject({ stage: 'refuse', at: '2026-11-21 23:59:00.000', record: { case: { refused_at: '2026-11-21 23:59:00.000', status: 'REFUSED' } } });
    expect(advanceCase(change.record, catalogue, makeRandom(1))).toBeNull();
  });

  test('a change of a row that is not there is refused', () => {
    const { applied } = journeyCase({ catalogue });
    expect(() => applyChanges(applied, [{ operation: 'update', table: 'steps', key: '9', values: {} }], applied.at)).toThrow('cannot update row 9 of land_step');
    expect(() => applyChanges(applied, [{ operation: 'insert', table: 'applicants', key: '1', values: {} }], applied.at)).toThrow('cannot insert row 1 of land_applicant');
  });
});

describe('journeys', () => {
  const subscriptions = Object.keys(stream.events).map((event) => ({ channel: 'center', stream: 'case', event, digestInput: () => '' }));
  const eventsOf = (journey: Journey): string[] =>
    deriveEvents(stream, subscriptions, toSnapshot(journey.stages.at(-1)!.record))
      .sort((a, b) => a.phase - b.phase || a.at.localeCompare(b.at))
      .map((event) => event.event);

  test('the whole one gives every message but refusal, in order', () => {
    expect(eventsOf(journeyCase({ catalogue }))).toEqual([
      'application', 'supplement-notice', 'supplement-received', 'acceptance', 'process-step', 'special-start', 'special-end', 'process-step', 'process-step', 'result', 'pickup',
    ]);
  });

  test('the refused one ends in refusal', () => {
    expect(eventsOf(refusedJourneyCase({ catalogue }))).toEqual(['application', 'supplement-notice', 'supplement-received', 'refusal']);
  });

  test.each(Array.from({ length: 12 }, (_, seed) => [seed]))('seed %i has the same stages and a certificate', (seed) => {
    const journey = journeyCase({ catalogue, seed, caseNo: 'YYGT202611000777' });
    expect(eventsOf(journey)).toHaveLength(11);
    expect(journey.applied.caseNo).toBe('YYGT202611000777');
    expect(journey.stages.at(-1)!.record.children.certificates).toHaveLength(1);
  });
});

test.each([4_000, 6_000, 20_000])('a case for the bench makes an application message of about %i bytes', (targetBytes) => {
  const mapping = mappings.find((candidate) => candidate.channel === 'center' && candidate.event === 'application')!;
  const channel = channels.find((candidate) => candidate.channel === 'center')!;
  for (let sequence = 1; sequence <= 10; sequence += 1) {
    const record = sizedCase({ catalogue, seed: 5, sequence, appliedAt: '2026-11-02 09:00:00.000', targetBytes });
    const facts = { id: '0'.repeat(32), channel: 'center', event: 'application', version: 1, operation: 'I' as const, at: record.at, sequence: '1' };
    const message = renderMessage(mapping, toSnapshot(record), undefined, facts, channel);
    expect(message.findings).toEqual([]);
    expect(Math.abs(message.bytes!.length - targetBytes) / targetBytes).toBeLessThan(0.03);
    expect(record.children.applicants).toHaveLength(2);
  }
});
