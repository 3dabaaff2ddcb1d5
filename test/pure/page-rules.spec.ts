import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { failureCodes } from '../../src/domain/failures.js';
import { findSource } from '../../src/ops/page/areas/exchanges/find-source.js';

const pages = readdirSync('src').map((face) => path.join('src', face, 'page')).filter((folder) => existsSync(path.join(folder, 'vite.config.mjs')));
const files = pages.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(vue|ts|css|html)$/.test(name)).map((name) => path.join(folder, name)));

/** What no page may hold, with what a browser or a reader would have of it. */
const forbidden: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['text made into elements', /\bv-html\b|\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write/],
  ['text that is run', /\beval\(|new Function\(/],
  ['a style in the HTML, which the policy refuses', /<[a-z][^>]*\sstyle="/],
  ['a style attribute set as text, which the policy refuses', /\s:?autosize[=\s>]|setAttribute\(['"]style['"]/],
  ['something from elsewhere', /(?:src|href|url|import|from|fetch)\s*[=(]?\s*['"(]+https?:\/\//],
  ['all of Element Plus', /import ElementPlus|element-plus\/dist/],
  ['something left for later', /\b(TODO|FIXME)\b/],
];

describe('the pages', () => {
  test('are found', () => {
    expect(pages).toContain(path.join('src', 'ops', 'page'));
    expect(files.length).toBeGreaterThan(50);
  });

  test.each(forbidden)('hold none of: %s', (_what, pattern) => {
    expect(files.filter((file) => pattern.test(readFileSync(file, 'utf8')))).toEqual([]);
  });

  test('are made of files of at most 300 lines', () => {
    expect(files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 301)).toEqual([]);
  });

  test('have Chinese words for every failure', () => {
    const words = readFileSync('src/ops/page/parts/failure-words.ts', 'utf8');
    expect(Object.keys(failureCodes).filter((code) => !new RegExp(`^  '?${code}'?: \\[`, 'm').test(words))).toEqual([]);
  });
});

describe('the place of a finding in the snapshot', () => {
  const snapshot = {
    id: '1', takenAt: '2026-11-25T00:00:00.000Z', case: { case_no: 'A1', reason: 'x', name: 'case' },
    children: { steps: [{ step_no: '1', name: 'step', opinion: '' }], applicants: [{ applicant_no: '1', name: 'a' }, { applicant_no: '2', name: 'b' }] },
  };
  test.each([
    ['land_case.reason', { column: 'reason' }],
    ['land_applicant.name (applicant_no=2)', { child: 'applicants', row: 1, column: 'name' }],
    ['land_step.opinion (step_no=1)', { child: 'steps', row: 0, column: 'opinion' }],
    ['land_applicant.name (applicant_no=3)', undefined],
    ['land_applicant', undefined],
    ['land_case.gone', undefined],
    ['', undefined],
  ])('%s', (source, place) => {
    expect(findSource(source, snapshot)).toEqual(place);
  });
});
