import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CaseSnapshot, Row } from '../../src/domain/snapshot.js';
import { deriveFacts } from '../../src/supervision/derive-facts.js';
import { loadSupervision } from '../../src/supervision/load-supervision.adapter.js';
import { limitsOn, readItemLimits } from '../../src/supervision/read-item-limits.js';
import { readRuleSet } from '../../src/supervision/read-rule-set.js';

const shipped = readFileSync('config/supervision/hunan.yaml', 'utf8');
const catalogue = readItemLimits('item-limits.csv', readFileSync('config/bureau/item-limits.csv', 'utf8'));
const snapshot = (row: Row, children: CaseSnapshot['children'] = {}): CaseSnapshot => ({ stream: 'case', caseNo: 'C1', case: row, children });

describe('rule sets', () => {
  it('both that are shipped are read, with the catalogue', () => {
    const { supervision, faults } = loadSupervision({ dir: 'config/supervision', limitsFile: 'config/bureau/item-limits.csv' });
    expect(faults).toEqual([]);
    expect([...supervision!.rules.keys()]).toEqual(['guangdong', 'hunan']);
  });
  it.each([
    ['start: moment', 'start: tomorrow', 'versions[0].start', /^one of moment, day-after$/],
    ['measure: seconds', 'mesure: seconds', 'versions[0].mesure', /did you mean measure\?/],
    ['from: 2008-10-01', 'from: 2008-02-30', 'versions[0].from', /a day that exists/],
    ['length: 3, unit: W', 'length: 0, unit: W', 'versions[0].certificate.length', /at least 1/],
  ])('%s → %s is told with file, line and key', (from, to, key, expected) => {
    const { rules, faults } = readRuleSet('hunan.yaml', shipped.replace(from, to));
    expect(rules).toBeUndefined();
    const fault = faults.find((f) => f.key === key)!;
    expect(fault).toMatchObject({ file: 'hunan.yaml', expected: expect.stringMatching(expected) });
    expect(shipped.replace(from, to).split('\n')[fault.line! - 1]).toContain(to.split(':')[0]);
  });
  it('a later version needs a later day, and a file is called as its body', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'gateway-rules-'));
    try {
      const guangdong = readFileSync('config/supervision/guangdong.yaml', 'utf8');
      writeFileSync(path.join(dir, 'hunan.yaml'), guangdong.replace('from: 2014-10-01', 'from: 2007-04-01'));
      const { faults } = loadSupervision({ dir, limitsFile: path.join(dir, 'none.csv') });
      expect(faults.map((f) => [f.key, f.expected])).toEqual([['versions[1].from', 'a day later than that of the version before'], ['', 'a readable file (ENOENT)']]);
      writeFileSync(path.join(dir, 'hunan.yaml'), guangdong);
      expect(loadSupervision({ dir, limitsFile: 'config/bureau/item-limits.csv' }).faults.map((f) => [f.key, f.expected])).toEqual([['body', 'hunan, as the file is called']]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('the catalogue of limits', () => {
  it('gives the limits in force on a day: mortgage changes with the letter of 2012-08-09', () => {
    expect(catalogue.faults).toEqual([]);
    expect(limitsOn(catalogue.limits, 'DC01', '2012-08-08')).toMatchObject({ committed: { length: 15, unit: 'W' }, source: '益政务办〔2010〕36号, in force from 2011-01-01' });
    expect(limitsOn(catalogue.limits, 'DC01', '2012-08-09')).toMatchObject({ committed: { length: 10, unit: 'W' } });
    expect(limitsOn(catalogue.limits, 'DC01', '2010-12-31')).toBeUndefined();
    expect(limitsOn(catalogue.limits, 'XX99', '2020-12-31')).toBeUndefined();
  });
  it('names the line of what is wrong', () => {
    const text = 'item_code,effective_from,committed_limit,committed_unit,statutory_limit,statutory_unit,letter_no\nA,2012-01-01,5,W,10,W,x\nA,2012-01-01,5,W,10,W,x\nB,2012-1-1,5,W,10,W,x\nC,2012-01-01,five,W,10,X,x\nD,2012-01-01\n';
    expect(readItemLimits('f', text).faults.map((f) => `${f.line} ${f.key}`)).toEqual(['3 effective_from', '4 effective_from', '5 committed_limit', '5 statutory_limit', '6 ']);
  });
});

describe('facts of a snapshot', () => {
  const row: Row = { item_code: 'DC01', section: '地产', accept_org: '市局窗口', apply_source: 'N', applied_at: '2012-08-01 09:00:00.000', accepted_at: '2012-08-08 23:30:00.000', committed_limit: '10', committed_unit: 'W', statutory_limit: '20', statutory_unit: 'W', query_password: '1234', accepted_by: '某某' };
  it('takes the limits of the day of acceptance in Shanghai, although the row and the catalogue were changed since', () => {
    const facts = deriveFacts(snapshot(row), catalogue.limits);
    expect(facts).toMatchObject({ acceptedAt: '2012-08-08T15:30:00.000Z', limits: { committed: { length: 15, unit: 'W' }, note: "the bureau's row says otherwise: 10 W committed, 20 W statutory" } });
    expect(deriveFacts(snapshot({ ...row, accepted_at: '2012-08-09 00:00:00.000' }), catalogue.limits).limits).toMatchObject({ committed: { length: 10, unit: 'W' } });
    expect(deriveFacts(snapshot({ ...row, item_code: 'XX99' }), catalogue.limits).limits).toMatchObject({ committed: { length: 10, unit: 'W' }, source: "the bureau's row of the case" });
  });
  it('holds no name, number or password', () => {
    const facts = deriveFacts(snapshot(row, { applicants: [{ name: '张三', cert_no: '430900' }], specials: [{ special_no: '1', kind_name: '听证', handled_by: '李四', started_at: '2012-08-10 09:00:00', approved_length: '5', approved_unit: 'W', notice_no: 'N1' }], supplements: [{ supplement_no: '1', notified_at: null }], steps: [{ step_no: '1', stage: 'CB', handler: '王五', started_at: '2012-08-09 09:00:00', ended_at: null }], certificates: [{ issued_on: '2012-08-20' }, { issued_on: '2012-08-19' }] }), catalogue.limits);
    expect(JSON.stringify(facts)).not.toMatch(/某某|张三|李四|王五|1234|430900/);
    expect(facts).toMatchObject({ pauses: [{ kind: 'special', sequence: '1', title: '听证', approved: { length: 5, unit: 'W' }, noticeNo: 'N1' }], steps: [{ stage: 'CB', until: undefined }], certificateOn: '2012-08-19' });
  });
});
