import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

let folder: string;
let trees = 0;
beforeAll(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-rules-')); });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

function makeTree(files: Record<string, string>): string {
  const tree = path.join(folder, String(trees++));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(tree, name)), { recursive: true });
    writeFileSync(path.join(tree, name), text);
  }
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.test.json']) writeFileSync(path.join(tree, name), readFileSync(name));
  symlinkSync(path.resolve('node_modules'), path.join(tree, 'node_modules'));
  return tree;
}

/** "rule: file" of everything that the rules of the repository find in the tree. */
function cruise(tree: string): string[] {
  const run = spawnSync(process.execPath, [path.resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs'), '--config', path.resolve('.dependency-cruiser.cjs'), '--output-type', 'json', 'src'], { cwd: tree, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (!run.stdout.startsWith('{')) throw new Error(run.stderr || run.stdout);
  const { summary } = JSON.parse(run.stdout) as { summary: { violations: Violation[] } };
  return summary.violations.map((violation) => `${violation.rule.name}: ${violation.from}`).sort();
}

/** One file per case, `it` is what is imported; the expected rules, none when the import is fine. */
const cases: [file: string, it: string, rules: string[]][] = [
  ['src/capture/a.store.ts', '../ledger/exchange.store.js', []],
  ['src/capture/b.store.ts', '../platform/thing.adapter.js', []],
  ['src/capture/c.store.ts', '../delivery/deliver.processor.js', ['one-way-capture']],
  ['src/capture/d.ts', '../domain/words.js', []],
  ['src/capture/e.ts', '../ledger/exchange.store.js', ['pure-files-import-no-effects']],
  ['src/capture/f.ts', '@nestjs/common', ['pure-files-use-computing-packages-only']],
  ['src/capture/g.ts', 'node:fs', ['pure-files-use-computing-builtins-only']],
  ['src/capture/h.ts', 'timers/promises', ['pure-files-use-computing-builtins-only']],
  ['src/capture/i.ts', 'node:crypto', []],
  ['src/capture/sub/j.ts', 'bullmq', ['pure-files-use-computing-packages-only']],
  ['src/capture/k.ts', 'pg', ['pure-files-use-computing-packages-only']],
  ['src/capture/l.store.ts', 'pg', []],
  ['src/capture/m.ts', 'fast-xml-parser', []],
  ['src/capture/n.ts', 'libxml2-wasm', []],
  ['src/capture/o.ts', 'typeorm', ['pure-files-use-computing-packages-only']],
  ['src/capture/p.ts', './missing.js', ['everything-resolves']],
  ['src/capture/q.store.ts', '../simulator/toy.js', ['nobody-imports-the-simulator', 'one-way-capture']],
  ['src/capture/r.store.ts', 'supertest', ['no-development-packages']],
  ['src/ledger/s.store.ts', '../delivery/deliver.processor.js', ['one-way-ledger']],
  ['src/ledger/t.store.ts', '../platform/thing.adapter.js', []],
  ['src/platform/u.adapter.ts', '../ledger/exchange.store.js', ['one-way-platform']],
  ['src/domain/v.ts', '../platform/thing.js', ['one-way-domain']],
  ['src/domain/w.ts', 'zod', []],
  ['src/domain/x.ts', 'yaml', ['domain-needs-only-zod']],
  ['src/domain/y.ts', 'node:crypto', ['domain-needs-no-builtin']],
  ['src/domain/z.config.ts', 'node:fs', ['domain-needs-no-builtin']],
  ['src/main.ts', './delivery/deliver.processor.js', []],
  ['src/app.module.ts', '@nestjs/common', []],
  ['src/root.ts', './simulator/toy.js', ['nobody-imports-the-simulator']],
  ['src/cli/status.command.ts', '../delivery/deliver.processor.js', []],
  ['src/simulator/center/judge.ts', '../../delivery/deliver.processor.js', ['simulator-knows-no-stage']],
  ['src/simulator/toys.ts', '../delivery/deliver.processor.js', []],
  ['src/alarm/look.poller.ts', '../delivery/deliver.processor.js', ['one-way-alarm']],
  ['src/supervision/look.poller.ts', '../delivery/deliver.processor.js', ['one-way-supervision']],
  ['src/ops/calls.controller.ts', '../delivery/deliver.processor.js', ['faces-call-no-stage']],
  ['src/ops/reads.adapter.ts', '../delivery/compute.js', []],
  ['src/inquiry/reads.adapter.ts', '../ops/asks.controller.js', ['one-way-inquiry']],
  ['src/delivery/knows.processor.ts', '../ops/asks.controller.js', ['one-way-delivery']],
  ['src/simulator/center/peeks.ts', '../../ops/asks.controller.js', ['simulator-knows-no-stage']],
  ['src/ops/index.ts', '../domain/words.js', []],
  ['src/ops/asks.controller.ts', './index.js', ['no-barrels']],
];

describe('the rules for imports', () => {
  test('bite, each of them, on values and on types, and on nothing else', () => {
    for (const word of ["import { it } from '%'; export const one = it;", "import type { it } from '%'; export type One = it;"]) {
      const tree = makeTree({
        'src/domain/words.ts': 'export const it = 1;', 'src/platform/thing.adapter.ts': 'export const it = 1;', 'src/platform/thing.ts': 'export const it = 1;',
        'src/ledger/exchange.store.ts': 'export const it = 1;', 'src/delivery/deliver.processor.ts': 'export const it = 1;', 'src/simulator/toy.ts': 'export const it = 1;',
        'src/delivery/compute.ts': 'export const it = 1;',
        'src/delivery/around.ts': "import type { b } from './and-around.js'; export type a = b;", 'src/delivery/and-around.ts': "import type { a } from './around.js'; export type b = a;",
        ...Object.fromEntries(cases.map(([file, it]) => [file, word.replace('%', it)])),
      });
      // Types of a development package vanish from what is built.
      const vanishes = (rule: string): boolean => rule === 'no-development-packages' && word.startsWith('import type');
      const expected = cases.flatMap(([file, , rules]) => rules.filter((rule) => !vanishes(rule)).map((rule) => `${rule}: ${file}`));
      expect(cruise(tree).filter((found) => !found.startsWith('no-circles'))).toEqual(expected.sort());
      expect(cruise(tree).filter((found) => found.startsWith('no-circles')).length).toBeGreaterThan(0);
    }
  });

  test('hold in src', () => {
    expect(cruise(process.cwd())).toEqual([]);
  });

  test('every rule is tried above', () => {
    const names = [...readFileSync('.dependency-cruiser.cjs', 'utf8').matchAll(/name: '([a-z-]+)'/g)].map((match) => match[1]!);
    const tried = new Set(['no-circles', ...cases.flatMap(([, , rules]) => rules)]);
    expect(names.filter((name) => !tried.has(name))).toEqual([]);
  });
});

describe('the rules for what a pure file does', () => {
  test('the linter sees clock, randomness, environment and output, in pure files only', () => {
    const impure = `import { randomBytes, createHash } from 'node:crypto';
export const a = (): unknown[] => [Date.now(), new Date(), Math.random(), randomBytes(4), createHash('sha256'), process.env.HOME];
export const b = (): void => { console.log(''); setTimeout(() => undefined, 1); };
export const c = new Date(0);
`;
    const tree = makeTree({ 'src/capture/impure.ts': impure, 'src/capture/allowed.adapter.ts': impure, 'eslint.config.mjs': readFileSync('eslint.config.mjs', 'utf8') });
    const run = spawnSync(process.execPath, [path.resolve('node_modules/eslint/bin/eslint.js'), '--format', 'json', 'src'], { cwd: tree, encoding: 'utf8' });
    const found = (JSON.parse(run.stdout) as { filePath: string; messages: { ruleId: string; line: number; message: string }[] }[]).flatMap((file) => file.messages.map((message) => `${path.basename(file.filePath)}:${message.line} ${message.message}`));
    expect(found.sort()).toEqual([
      'impure.ts:1 Of crypto a pure file may use hashes and comparison only: no randomness, no keys.',
      'impure.ts:2 A pure file has no clock: take the time as an argument.',
      'impure.ts:2 A pure file has no clock: take the time as an argument.',
      'impure.ts:2 A pure file has no randomness: take it as an argument.',
      ...['console', 'process', 'setTimeout'].map((name) => `impure.ts:${name === 'process' ? 2 : 3} Unexpected use of '${name}'. A pure file has no effects: take values as arguments, or give the file a role.`),
    ].sort());
  }, 60_000);
});

describe('the top of the repository', () => {
  test('holds what is known there and nothing else', () => {
    const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' });
    expect(listed.status).toBe(0);
    const names = [...new Set(listed.stdout.split('\0').filter((name) => name !== '').map((name) => name.split('/')[0]!))];
    const allowed = [
      'src', 'config', 'mappings', 'test', 'docker', '.ci',
      'README.md', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.test.json', 'tsconfig.page.json', 'nest-cli.json', 'jest.config.mjs', 'eslint.config.mjs',
      '.dependency-cruiser.cjs', '.swcrc', '.npmrc', '.gitignore', '.gitattributes', '.editorconfig', '.dockerignore', 'LICENSE',
    ];
    expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
  });

  test('the lock file names no download address', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved":|https?:\/\/[^"]*\.tgz/);
  });
});
