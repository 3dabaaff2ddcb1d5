import { classifyFailedWrite, classifyStagingError, needsSpaceCheck } from '../../src/platform/staging/classify-staging-error.js';
import { matchHostKey } from '../../src/platform/staging/match-host-key.js';
import { directoryChain, isTemporaryName, stagedPath, temporaryName } from '../../src/platform/staging/name-staged-file.js';

const withCode = (code: number | string): Error => Object.assign(new Error('Failure'), { code });

describe('errors of the staging machine say who acts next', () => {
  test.each([
    [2, 'staging-denied'],
    [3, 'staging-denied'],
    [4, 'staging-denied'],
    [7, 'staging-interrupted'],
    [8, 'staging-denied'],
    [14, 'staging-full'],
    [15, 'staging-full'],
    ['ENOSPC', 'staging-full'],
    ['EDQUOT', 'staging-full'],
    ['EACCES', 'staging-denied'],
    ['EROFS', 'staging-denied'],
    ['ESTALE', 'staging-unreachable'],
    ['EIO', 'staging-interrupted'],
    ['ENOTOLD', 'unexpected'],
  ])('%s is %s', (code, expected) => {
    const failure = classifyStagingError('write', 'in/a.xml', withCode(code));
    expect(failure.code).toBe(expected);
    expect(failure.detail).toBe(`write in/a.xml: Failure (${code})`);
  });

  test('a failure passes unchanged, anything else is unexpected', () => {
    const failure = classifyStagingError('write', 'a', withCode(3));
    expect(classifyStagingError('rename', 'b', failure)).toBe(failure);
    expect(classifyStagingError('write', 'a', new Error('odd')).code).toBe('unexpected');
  });

  test.each([
    ['write', 4, true],
    ['open', 4, true],
    ['rename', 4, false],
    ['write', 3, false],
    ['write', 'ENOSPC', false],
  ] as const)('%s with %s needs a look at the free space: %s', (step, code, expected) => {
    expect(needsSpaceCheck(step, withCode(code))).toBe(expected);
  });

  test.each([
    [undefined, 'staging-full'],
    [{ freeBytes: 5_999, freeFiles: 10 }, 'staging-full'],
    [{ freeBytes: 6_000, freeFiles: 0 }, 'staging-full'],
    [{ freeBytes: 6_000, freeFiles: 1 }, 'staging-denied'],
  ])('a failed write of 6000 bytes with %j is %s', (space, expected) => {
    expect(classifyFailedWrite('write', 'in/a.xml', 6_000, space).code).toBe(expected);
  });
});

describe('names on the staging machine', () => {
  test('a temporary name is known again, others are not', () => {
    const name = temporaryName('000000000123-acceptance-YYGT202611000123-v1.xml', '0123456789ab');
    expect(name).toBe('.000000000123-acceptance-YYGT202611000123-v1.xml.0123456789ab.part');
    expect(isTemporaryName(name)).toBe(true);
    for (const other of ['a.xml', '.a.xml', '.a.xml.part', 'a.xml.0123456789ab.part', '.a.xml.0123456789aX.part', '..0123456789ab.part']) expect([other, isTemporaryName(other)]).toEqual([other, false]);
  });

  test.each([['in', 'a.xml', 'in/a.xml'], ['/upload/in', '办件.xml', '/upload/in/办件.xml']])('%s and %s make %s', (directory, name, path) => {
    expect(stagedPath(directory, name)).toBe(path);
  });

  test.each([['in', '..'], ['in', ''], ['in', 'a/b'], ['in', 'a\\b'], ['in', 'a\0'], ['in', '办'.repeat(86)], ['..', 'a'], ['in//x', 'a'], ['', 'a'], ['in/./x', 'a']])('%j and %j are refused', (directory, name) => {
    expect(() => stagedPath(directory, name)).toThrow(expect.objectContaining({ code: 'unexpected' }));
  });

  test.each([['in', ['in']], ['a/b/c', ['a', 'a/b', 'a/b/c']], ['/a/b', ['/a', '/a/b']]])('%s is created as %j', (directory, chain) => {
    expect(directoryChain(directory)).toEqual(chain);
  });
});

test('a host key is compared as OpenSSH prints it, with or without padding, among several', () => {
  const key = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.from([0, 0, 0, 1, 7])]);
  const { fingerprint, type, matches } = matchHostKey(key, `SHA256:${'A'.repeat(43)}`);
  expect([matches, type, fingerprint]).toEqual([false, 'ssh-ed25519', expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/)]);
  expect(matchHostKey(key, [`SHA256:${'A'.repeat(43)}`, `${fingerprint}=`]).matches).toBe(true);
  expect(matchHostKey(key, []).matches).toBe(false);
  expect(matchHostKey(Buffer.alloc(0), fingerprint).matches).toBe(false);
});
