import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStaging } from '../../src/platform/staging/open-staging.adapter.js';
import type { StagingMachine } from '../../src/platform/staging/staging-machine.js';
import { startOpenSshServer, type OpenSshServer } from '../../src/simulator/servers/openssh-server.adapter.js';
import { directorySettings, inWords, sftpSettings, stagedFile } from '../support/staging-files.js';

/** What every staging machine must do: the same table against a real OpenSSH, against one that lacks extensions, and a directory. */
describe.each(['openssh', 'openssh without extensions', 'directory'] as const)('staging machine: %s', (kind) => {
  let root: string;
  let server: OpenSshServer | undefined;
  let machine: StagingMachine;
  const dirNames = (directory: string): string[] => readdirSync(join(root, directory)).sort();

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'gateway-staging-'));
    if (kind === 'directory') machine = openStaging(directorySettings(root));
    else {
      const without = ['-P', 'posix-rename,hardlink,fsync,statvfs,limits'];
      server = await startOpenSshServer({ dir: root, sftpArguments: kind === 'openssh' ? [] : without });
      machine = openStaging(sftpSettings(server));
    }
  });
  beforeEach(async () => {
    for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
    await machine.ensureDirectories(['in', 'manifest', 'ack/done']);
  });
  afterAll(async () => {
    await machine.close();
    await server?.stop();
    rmSync(root, { recursive: true });
  });

  test('creates nested directories and leaves those that exist', async () => {
    await machine.ensureDirectories(['in', 'ack/done', 'a/b/c']);
    expect(dirNames('.')).toEqual(['a', 'ack', 'in', 'manifest']);
    expect(dirNames('a/b')).toEqual(['c']);
  });

  test('puts 200 files of many sizes with exactly their bytes and leaves no temporary file', async () => {
    const edges = [0, 1, 28_671, 28_672, 28_673, 32_767, 32_768, 32_769, 57_344, 65_536, 100_000, 3 * 1024 * 1024 + 17];
    const files = Array.from({ length: 200 }, (_, index) => stagedFile(`${String(index).padStart(12, '0')}.xml`, edges[index] ?? 6_000));
    const outcomes = await machine.put(files);
    expect(new Set(inWords(outcomes))).toEqual(new Set(['written']));
    expect(outcomes.map((outcome) => outcome.finalName)).toEqual(files.map((file) => file.finalName));
    expect(dirNames('in')).toEqual(files.map((file) => file.finalName));
    for (const file of files) expect(readFileSync(join(root, 'in', file.finalName)).equals(file.bytes)).toBe(true);
  });

  test('surveys files and temporary files by one look, and names directories', async () => {
    for (const name of ['a.xml', '.hidden', '.b.xml.0123456789ab.part']) writeFileSync(join(root, 'in', name), name);
    const seen = await machine.survey('in');
    expect(seen.files.map((f) => `${f.name} ${f.size}`)).toEqual(['a.xml 5']);
    expect(seen.temporaries.map((f) => f.name)).toEqual(['.b.xml.0123456789ab.part']);
    expect(seen.files).toEqual(await machine.list('in'));
    expect(await machine.listDirectories('ack')).toEqual(['done']);
    expect(await machine.listDirectories('in')).toEqual([]);
    expect(await machine.listDirectories('nowhere')).toEqual([]);
    await expect(machine.survey('nowhere')).rejects.toMatchObject({ code: 'staging-denied' });
  });

  test('lists more files than one answer of a server holds', async () => {
    for (let i = 0; i < 450; i += 1) writeFileSync(join(root, 'in', `f${String(i).padStart(4, '0')}`), '');
    expect((await machine.list('in')).map((f) => f.name)).toEqual(dirNames('in'));
  });

  test('puts nothing when there is nothing', async () => {
    expect(await machine.put([])).toEqual([]);
  });

  test('never overwrites other content, finds its own, and each file stands for itself', async () => {
    const own = stagedFile('own.xml');
    const foreign = stagedFile('foreign.xml');
    writeFileSync(join(root, 'in/own.xml'), own.bytes);
    writeFileSync(join(root, 'in/foreign.xml'), 'something else');
    for (const lookFirst of [false, true]) {
      const free = stagedFile(`free-${lookFirst}.xml`);
      const files = [own, foreign, free].map((file) => ({ ...file, lookFirst }));
      expect(inWords(await machine.put(files))).toEqual(['found', 'name-taken', 'written']);
    }
    expect(readFileSync(join(root, 'in/foreign.xml'), 'utf8')).toBe('something else');
    expect(dirNames('in')).toEqual(['foreign.xml', 'free-false.xml', 'free-true.xml', 'own.xml']);
  });

  test.each([
    ['shorter', (bytes: Buffer) => bytes.subarray(1)],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
    ['of another last byte', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])])],
    ['empty', () => Buffer.alloc(0)],
  ])('a file that is %s is not taken for ours', async (_, change) => {
    const file = stagedFile('message.xml', 40_000, { lookFirst: true });
    writeFileSync(join(root, 'in/message.xml'), change(file.bytes));
    expect(inWords(await machine.put([file]))).toEqual(['name-taken']);
  });

  test('a temporary file left by an earlier process disturbs nothing, is listed and can be removed', async () => {
    const left = '.message.xml.0123456789ab.part';
    writeFileSync(join(root, 'in', left), 'half a mess');
    writeFileSync(join(root, 'in/.foreign'), '');
    expect(inWords(await machine.put([stagedFile('message.xml', 6_000, { lookFirst: true })]))).toEqual(['written']);
    expect((await machine.list('in')).map((entry) => entry.name)).toEqual(['message.xml']);
    expect(await machine.listTemporaries('in')).toEqual([expect.objectContaining({ name: left, size: 11 })]);
    await machine.removeTemporary('in', left);
    expect(dirNames('in')).toEqual(['.foreign', 'message.xml']);
    for (const name of ['message.xml', '.foreign', '../.x.0123456789ab.part']) {
      await expect(machine.removeTemporary('in', name)).rejects.toMatchObject({ code: 'unexpected' });
    }
    expect(dirNames('in')).toEqual(['.foreign', 'message.xml']);
  });

  test('a missing directory is for an operator and nothing is published', async () => {
    rmSync(join(root, 'in'), { recursive: true });
    expect(inWords(await machine.put([stagedFile('a.xml'), stagedFile('b.xml', 10, { directory: 'nowhere' })]))).toEqual(['staging-denied', 'staging-denied']);
    await expect(machine.list('nowhere')).rejects.toMatchObject({ code: 'staging-denied' });
  });

  test('names that lead elsewhere are refused before anything is sent', async () => {
    const names = ['../up.xml', 'a/b.xml', '', '..', 'a\0b'];
    expect(inWords(await machine.put(names.map((name) => stagedFile(name))))).toEqual(names.map(() => 'unexpected'));
    expect(inWords(await machine.put([stagedFile('a.xml', 10, { directory: 'in/../..' })]))).toEqual(['unexpected']);
    expect(dirNames('in')).toEqual([]);
  });

  test('lists, looks, reads up to a limit', async () => {
    const bytes = Buffer.alloc(70_000, 'x');
    writeFileSync(join(root, 'ack/b.xml'), bytes);
    writeFileSync(join(root, 'ack/a.json'), '{}');
    writeFileSync(join(root, 'ack/.hidden.xml'), '');
    expect((await machine.list('ack')).map(({ name, size }) => [name, size])).toEqual([['a.json', 2], ['b.xml', 70_000]]);
    expect(await machine.stat('ack', 'b.xml')).toMatchObject({ name: 'b.xml', size: 70_000 });
    expect(await machine.stat('ack', 'c.xml')).toBeUndefined();
    expect(await machine.read('ack', 'b.xml', 70_000)).toEqual({ how: 'read', bytes });
    expect(await machine.read('ack', 'b.xml', 69_999)).toMatchObject({ how: 'too-large' });
    expect(await machine.read('ack', 'c.xml', 10)).toEqual({ how: 'missing' });
  });

  test('moves without overwriting and says the new name', async () => {
    for (const content of ['first', 'second']) {
      writeFileSync(join(root, 'ack/a.xml'), content);
      const name = await machine.move('ack', 'a.xml', 'ack/done');
      expect(readFileSync(join(root, 'ack/done', name ?? ''), 'utf8')).toBe(content);
    }
    expect(dirNames('ack')).toEqual(['done']);
    expect(dirNames('ack/done')).toHaveLength(2);
    expect(await machine.move('ack', 'a.xml', 'ack/done')).toBeUndefined();
    writeFileSync(join(root, 'ack/a.xml'), 'third');
    await expect(machine.move('ack', 'a.xml', 'ack/nowhere')).rejects.toMatchObject({ code: 'staging-denied' });
    expect(readFileSync(join(root, 'ack/a.xml'), 'utf8')).toBe('third');
  });

  test('says what the machine can do and leaves no trace of the probe', async () => {
    const full = kind !== 'openssh without extensions';
    expect(await machine.probe()).toMatchObject({
      serverVersion: kind === 'directory' ? 'directory' : expect.stringMatching(/^OpenSSH_/),
      renameRefusesExisting: true,
      posixRename: full,
      fsync: full,
      directoryFsync: full,
    });
    expect(dirNames('in')).toEqual([]);
  });

  test('goes on after it was closed', async () => {
    await machine.close();
    expect(inWords(await machine.put([stagedFile('a.xml')]))).toEqual(['written']);
  });
});
