import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStaging } from '../../src/platform/staging/open-staging.adapter.js';
import type { StagingMachine } from '../../src/platform/staging/staging-machine.js';
import { startOpenSshServer, type OpenSshServer } from '../../src/simulator/servers/openssh-server.adapter.js';
import { startForeignSftpServer, type ForeignSftpServer } from '../support/foreign-sftp-server.js';
import { freePort } from '../support/free-port.js';
import { inWords, sftpSettings, stagedFile } from '../support/staging-files.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

const otherKey = `SHA256:${'A'.repeat(43)}`;

describe('a real OpenSSH that goes wrong', () => {
  let home: string;
  let root: string;
  let server: OpenSshServer;
  const machines: StagingMachine[] = [];
  const proxies: TcpProxy[] = [];
  const machine = (more: Parameters<typeof sftpSettings>[1] = {}, fsync = true): StagingMachine => {
    const opened = openStaging(sftpSettings(server, more, fsync));
    machines.push(opened);
    return opened;
  };
  const behindProxy = async (delayMs = 0, more: Parameters<typeof sftpSettings>[1] = {}, fsync = true): Promise<[StagingMachine, TcpProxy]> => {
    const proxy = await startTcpProxy({ target: server, delayMs });
    proxies.push(proxy);
    return [machine({ port: proxy.port, ...more }, fsync), proxy];
  };
  const outbox = (): string[] => readdirSync(join(root, 'in')).sort();

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'gateway-staging-'));
    root = join(home, 'root');
    server = await startOpenSshServer({ dir: root });
  });
  beforeEach(() => {
    rmSync(root, { recursive: true, force: true });
    mkdirSync(join(root, 'in'), { recursive: true });
  });
  afterEach(async () => {
    for (const opened of machines.splice(0)) await opened.close();
    for (const proxy of proxies.splice(0)) await proxy.close();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(home, { recursive: true });
  });

  test('another host key than the pinned one: not a byte is sent, the shown key is named', async () => {
    const [outcome] = await machine({ hostKeySha256: otherKey }).put([stagedFile('a.xml')]);
    expect(outcome).toMatchObject({ ok: false, mayBePublished: false, failure: { code: 'staging-host-key', detail: expect.stringContaining(`${server.hostKeySha256} (ssh-ed25519)`) } });
    expect(outbox()).toEqual([]);
  });

  test('one of several pinned keys is enough, and a rotated key is noticed on the next connection', async () => {
    const before = server.hostKeySha256;
    const pinned = machine({ hostKeySha256: [otherKey, before] });
    expect(inWords(await pinned.put([stagedFile('a.xml')]))).toEqual(['written']);
    await server.rotateHostKey();
    // The first call may still meet the connection that is just breaking; every later one meets the new key.
    await pinned.put([stagedFile('b.xml')]);
    expect(inWords(await pinned.put([stagedFile('c.xml')]))).toEqual(['staging-host-key']);
    expect(inWords(await machine({ hostKeySha256: [before, `${server.hostKeySha256}=`] }).put([stagedFile('c.xml')]))).toEqual(['written']);
  });

  test('wrong logins are told apart from an unreachable machine and hold no secret', async () => {
    const stranger = join(home, 'stranger');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', stranger]);
    const locked = join(home, 'locked');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'right phrase', '-f', locked]);
    const attempts = [
      { privateKeyFile: stranger },
      { privateKeyFile: undefined, password: 'wrong-password' },
      { username: 'nobody-of-this-name' },
      { privateKeyFile: locked, passphrase: 'wrong-phrase' },
      { privateKeyFile: locked },
      { privateKeyFile: join(home, 'missing') },
    ];
    for (const attempt of attempts) {
      const [outcome] = await machine(attempt).put([stagedFile('a.xml')]);
      expect(outcome).toMatchObject({ ok: false, failure: { code: 'staging-login' } });
      expect(JSON.stringify(outcome)).not.toMatch(/wrong-p|PRIVATE/);
    }
    const port = await freePort();
    expect(inWords(await machine({ port }).put([stagedFile('a.xml', 10, { lookFirst: true })]))).toEqual(['staging-unreachable?']);
    expect(inWords(await machine({ host: 'no-such-host.invalid' }).put([stagedFile('a.xml')]))).toEqual(['staging-unreachable']);
  });

  test('permission denied, then granted: the same machine object goes on', async () => {
    const opened = machine();
    await server.restart(['-R']);
    expect(inWords(await opened.put([stagedFile('a.xml')]))).toEqual(['staging-denied']);
    await server.restart(['-P', 'rename,posix-rename']);
    await opened.put([]); // nothing to do, no connection
    await opened.close();
    expect(inWords(await opened.put([stagedFile('a.xml')]))).toEqual(['staging-denied']);
    expect(outbox()).toEqual([]);
    await server.restart([]);
    await opened.close();
    expect(inWords(await opened.put([stagedFile('a.xml')]))).toEqual(['written']);
  });

  test('with fsync a file counts as written only once its directory is flushed too', async () => {
    const [opened, proxy] = await behindProxy();
    const files = Array.from({ length: 10 }, (_, index) => stagedFile(`${index}.xml`, index === 9 ? 1_500_000 : 6_000));
    await opened.probe();
    proxy.cutAfter(400_000);
    expect(inWords(await opened.put(files, { inFlight: 1 }))).toEqual([...Array<string>(9).fill('staging-interrupted?'), 'staging-interrupted']);
    expect(inWords(await opened.put(files.map((file) => ({ ...file, lookFirst: true }))))).toEqual([...Array<string>(9).fill('found'), 'written']);
  });

  test('a connection cut in the middle of a file publishes nothing half; looking first finishes the work', async () => {
    const [opened, proxy] = await behindProxy(0, {}, false);
    const files = Array.from({ length: 40 }, (_, index) => stagedFile(`${String(index).padStart(3, '0')}.xml`, index === 20 ? 1_500_000 : 6_000));
    await opened.probe();
    proxy.cutAfter(400_000);
    const outcomes = await opened.put(files, { inFlight: 2 });
    const words = inWords(outcomes);
    expect(words).toContain('written');
    expect(words[20]).toBe('staging-interrupted');
    expect(new Set(words.map((word) => word.replace('?', '')))).toEqual(new Set(['written', 'staging-interrupted']));
    const published = outbox().filter((name) => !name.startsWith('.'));
    for (const name of published) expect(readFileSync(join(root, 'in', name)).equals(files[Number(name.slice(0, 3))]?.bytes ?? Buffer.alloc(0))).toBe(true);
    for (const [index, outcome] of outcomes.entries()) {
      const there = published.includes(files[index]?.finalName ?? '');
      if (outcome.ok) expect(there).toBe(true);
      else if (there) expect(outcome.mayBePublished).toBe(true);
    }
    const again = inWords(await opened.put(files.map((file) => ({ ...file, lookFirst: true }))));
    expect(again.map((word, index) => (word === 'found' ? published.includes(files[index]?.finalName ?? '') : word === 'written'))).toEqual(files.map(() => true));
    expect(outbox().filter((name) => !name.startsWith('.'))).toEqual(files.map((file) => file.finalName));
    for (const left of await opened.listTemporaries('in')) await opened.removeTemporary('in', left.name);
    expect(outbox()).toEqual(files.map((file) => file.finalName));
  });

  test('a session killed on the server is replaced by the next call', async () => {
    const [opened, proxy] = await behindProxy(5);
    await opened.probe();
    const files = Array.from({ length: 30 }, (_, index) => stagedFile(`${String(index).padStart(3, '0')}.xml`, 50_000));
    const start = proxy.sentBytes;
    const putting = opened.put(files, { inFlight: 4 });
    await until(() => proxy.sentBytes > start + 300_000);
    server.cutSessions();
    const words = inWords(await putting);
    expect(words).toContain('staging-interrupted');
    expect(new Set(inWords(await opened.put(files.map((file) => ({ ...file, lookFirst: true })))))).toEqual(new Set([...(words.some((word) => word !== 'staging-interrupted') ? ['found'] : []), 'written']));
  });

  test('a machine that accepts the connection and says nothing ends in staging-unreachable', async () => {
    const sockets: Socket[] = [];
    const silent: Server = createServer((socket) => void sockets.push(socket));
    const port = await freePort();
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
    expect(inWords(await machine({ port, connectTimeoutMs: 200 }).put([stagedFile('a.xml')]))).toEqual(['staging-unreachable']);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  test('a machine that stops answering ends the operation, not the process', async () => {
    const [opened, proxy] = await behindProxy(0, { operationTimeoutMs: 300 });
    await opened.probe();
    proxy.stall();
    const outcomes = await opened.put([stagedFile('a.xml'), stagedFile('b.xml', 10, { lookFirst: true })]);
    expect(inWords(outcomes)).toEqual(['staging-interrupted', 'staging-interrupted?']);
    await expect(machine({ port: proxy.port, connectTimeoutMs: 300 }).list('in')).rejects.toMatchObject({ code: 'staging-unreachable' });
  });

  test('a slow line is not a dead one, and 64 files cost few round trips', async () => {
    const [opened] = await behindProxy(20, { operationTimeoutMs: 500 });
    await opened.probe();
    const files = Array.from({ length: 192 }, (_, index) => stagedFile(`${index}.xml`));
    const start = performance.now();
    expect(new Set(inWords(await opened.put(files)))).toEqual(new Set(['written']));
    // 3 rounds of 64 files, 3 round trips of 40 ms each: one file after the other would take 23 s.
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('two calls at once share the connection', async () => {
    const opened = machine();
    const words = await Promise.all(['a', 'b', 'c'].map(async (letter) => inWords(await opened.put(Array.from({ length: 20 }, (_, index) => stagedFile(`${letter}${index}.xml`))))));
    expect(new Set(words.flat())).toEqual(new Set(['written']));
    expect(outbox()).toHaveLength(60);
  });

  test('two writers of one name: one wins, the other sees it', async () => {
    const [first, second] = [machine(), machine()];
    const words = await Promise.all([first.put([stagedFile('same.xml', 100)]), second.put([stagedFile('same.xml', 200)])]);
    expect(words.map((outcomes) => inWords(outcomes)[0]).sort()).toEqual(['name-taken', 'written']);
  });

  test('without fsync the same files arrive', async () => {
    expect(inWords(await machine({}, false).put([stagedFile('a.xml'), stagedFile('b.xml', 100_000)]))).toEqual(['written', 'written']);
  });

  test('a file in place of a directory is for an operator', async () => {
    writeFileSync(join(root, 'manifest'), 'a file');
    await expect(machine().ensureDirectories(['manifest'])).rejects.toMatchObject({ code: 'staging-denied' });
  });
});

describe('a foreign server of version 3 without extensions', () => {
  let server: ForeignSftpServer;
  let machine: StagingMachine;
  beforeEach(async () => {
    server = await startForeignSftpServer();
    machine = openStaging(sftpSettings(server));
  });
  afterEach(async () => {
    await machine.close();
    await server.stop();
  });

  test.each([false, true])('password login, interactive: %s', async (asksInteractively) => {
    server.manners.asksInteractively = asksInteractively;
    const file = stagedFile('a.xml', 100_000);
    expect(inWords(await machine.put([file]))).toEqual(['written']);
    expect(server.files.get('in/a.xml')?.equals(file.bytes)).toBe(true);
    const wrong = openStaging(sftpSettings(server, { password: 'not this one' }));
    expect(inWords(await wrong.put([file]))).toEqual(['staging-login']);
    await wrong.close();
  });

  test('a server whose rename overwrites is seen through: the name is looked for first', async () => {
    server.manners.overwritesOnRename = true;
    server.files.set('in/taken.xml', Buffer.from('foreign'));
    const own = stagedFile('own.xml');
    server.files.set('in/own.xml', own.bytes);
    expect(await machine.probe()).toMatchObject({ renameRefusesExisting: false, posixRename: false, fsync: false, directoryFsync: false });
    expect(inWords(await machine.put([stagedFile('taken.xml'), own, stagedFile('free.xml')]))).toEqual(['name-taken', 'found', 'written']);
    expect(server.files.get('in/taken.xml')?.toString()).toBe('foreign');
    expect([...server.files.keys()].sort()).toEqual(['in/free.xml', 'in/own.xml', 'in/taken.xml']);
  });

  test.each([
    ['loses the end', (bytes: Buffer) => bytes.subarray(0, Math.max(1, bytes.length - 5))],
    ['adds a byte', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
    ['changes a byte', (bytes: Buffer) => Buffer.concat([Buffer.from([(bytes[0] ?? 0) ^ 1]), bytes.subarray(1)])],
  ])('a server that says OK and %s publishes nothing', async (_, stores) => {
    await machine.probe();
    server.manners.stores = stores;
    expect(inWords(await machine.put([stagedFile('a.xml')]))).toEqual(['content-differs']);
    expect([...server.files.keys()]).toEqual([]);
    server.manners.stores = (bytes) => bytes;
    expect(inWords(await machine.put([stagedFile('a.xml')]))).toEqual(['written']);
  });

  test.each([
    [3, 'staging-denied'],
    [4, 'staging-full'],
  ])('a write refused with status %i is %s and the temporary file goes', async (code, failure) => {
    await machine.probe();
    server.manners.writeStatus = code;
    expect(inWords(await machine.put([stagedFile('a.xml'), stagedFile('b.xml', 200_000)]))).toEqual([failure, failure]);
    expect([...server.files.keys()]).toEqual([]);
  });
});

/** Resolves when the condition holds; Jest's own time limit ends a wait that never does. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
