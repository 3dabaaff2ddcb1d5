import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import ssh2 from 'ssh2';
import type { SFTPWrapper } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';
import { startSimulatedCenter, type SimulatedCenter, type SimulatedCenterOptions } from '../../src/simulator/center/simulated-center.adapter.js';

const username = 'bureau';
const password = randomBytes(12).toString('hex');
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let dir: string;
let center: SimulatedCenter;
const clients: SftpClient[] = [];
const servers: Server[] = [];

interface Sent {
  message: string;
  caseNo?: string;
  sequence?: string;
  version?: number;
  operation?: string;
  encoding?: 'UTF-8' | 'GB18030';
  body?: string;
  id?: string;
  /** What the manifest says instead of the truth. */
  says?: { sha256?: string; size?: number };
  attachment?: Buffer;
  leaveOut?: boolean;
}

/** Writes messages and manifests by hand, as any sender could. */
class HandSender {
  previous = '0'.repeat(64);
  sequence = 0;
  private files = 0;

  constructor(private readonly client: SftpClient) {}

  async send(...messages: Sent[]): Promise<string[]> {
    const lines: string[] = [];
    const ids: string[] = [];
    for (const m of messages) {
      const { caseNo = 'YYGT202611000123', version = 1, sequence = '1', encoding = 'UTF-8' } = m;
      const id = m.id ?? createHash('sha256').update([m.message, caseNo, sequence, String(version)].join('|')).digest('hex').slice(0, 32);
      const text = `<?xml version="1.0" encoding="${encoding}"?>\n<${m.message.toUpperCase()}><HEAD><MSGID>${id}</MSGID><CHANNEL>center</CHANNEL><MSGTYPE>${m.message}</MSGTYPE><VERSION>${String(version)}</VERSION><OPERATION>${m.operation ?? 'I'}</OPERATION><SBLSH>${caseNo}</SBLSH><XH>${sequence}</XH></HEAD><BODY>${m.body ?? '<SXBM>4309000101</SXBM>'}</BODY></${m.message.toUpperCase()}>`;
      const bytes = iconv.encode(text, encoding);
      this.files += 1;
      const name = `${String(this.files).padStart(12, '0')}-${m.message}-${caseNo}-v${String(version)}.xml`;
      let inner = '';
      if (m.attachment) {
        const attached = name.replace('.xml', '.a01.pdf');
        if (!m.leaveOut) await this.client.put(m.attachment, `in/${attached}`);
        inner = `<ATTACHMENT NAME="${attached}" SIZE="${String(m.attachment.length)}" SHA256="${sha256(m.attachment)}"/>`;
      }
      if (!m.leaveOut || m.attachment) await this.put('in', name, bytes);
      lines.push(`<FILE ID="${id}" MESSAGE="${m.message}" CASE="${caseNo}" VERSION="${String(version)}" NAME="${name}" SIZE="${String(m.says?.size ?? bytes.length)}" SHA256="${m.says?.sha256 ?? sha256(bytes)}">${inner}</FILE>`);
      ids.push(id);
    }
    await this.manifest(lines);
    return ids;
  }

  async manifest(lines: string[], previous = this.previous): Promise<Buffer> {
    this.sequence += 1;
    const bytes = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<MANIFEST CHANNEL="center" SEQ="${String(this.sequence)}" PREVIOUS="${previous}" CREATED="2026-11-23T10:00:00+08:00" COUNT="${String(lines.length)}">${lines.join('')}</MANIFEST>`);
    this.previous = sha256(bytes);
    await this.put('manifest', manifestName(this.sequence), bytes);
    return bytes;
  }

  async put(folder: string, name: string, bytes: Buffer): Promise<void> {
    await this.client.put(bytes, `${folder}/.${name}.t1.part`);
    await this.client.posixRename(`${folder}/.${name}.t1.part`, `${folder}/${name}`);
  }
}

function manifestName(sequence: number): string {
  return `M${String(sequence).padStart(10, '0')}.xml`;
}

async function connect(): Promise<SftpClient> {
  const client = new SftpClient();
  const server = center.sftp;
  if (!server) throw new Error('no SFTP server');
  clients.push(client);
  await client.connect({
    host: server.host,
    port: server.port,
    username,
    password,
    hostHash: 'sha256',
    hostVerifier: (hex: string) => `SHA256:${Buffer.from(hex, 'hex').toString('base64').replace(/=+$/, '')}` === server.hostKeySha256,
  } as SftpClient.ConnectOptions);
  return client;
}

async function open(options: Partial<SimulatedCenterOptions> = {}): Promise<HandSender> {
  center = await startSimulatedCenter({ channel: 'center', dir, sftp: { username, password }, ack: { files: true }, pollMs: 20, ...options });
  return new HandSender(await connect());
}

async function imported(manifests: number): Promise<void> {
  await center.waitUntil((c) => c.import.counts().manifests === manifests, 10_000);
}

async function answered(): Promise<void> {
  await center.waitUntil((c) => c.acks.counts().pending === 0 && c.acks.counts().sent > 0, 10_000);
}

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

async function acknowledgementServer(statusOf: (count: number) => number): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      response.writeHead(statusOf(received.length)).end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/api/acknowledgements`, received };
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'center-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.end().catch(() => false); // cut by the test already
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await center.stop();
  await rm(dir, { recursive: true, force: true });
});

describe('import', () => {
  it('applies messages in order, archives them and acknowledges by file', async () => {
    const sender = await open();
    const pdf = Buffer.from('%PDF-1.4 sample');
    const [application, acceptance] = await sender.send({ message: 'application', attachment: pdf }, { message: 'acceptance' });
    await imported(1);
    expect(center.import.applied().map((a) => [a.order, a.message, a.messageId])).toEqual([
      [1, 'application', application],
      [2, 'acceptance', acceptance],
    ]);
    expect(center.import.anomalies()).toEqual([]);
    expect(center.import.cases()).toEqual([{ caseNo: 'YYGT202611000123', records: [expect.objectContaining({ message: 'application' }), expect.objectContaining({ message: 'acceptance' })] }]);
    await center.waitUntil(async () => (await readdir(join(center.stagingDir, 'in'))).length === 0 && (await readdir(join(center.stagingDir, 'manifest'))).length === 0, 5_000);
    expect(await readdir(join(center.stagingDir, 'archive', 'manifest'))).toEqual([manifestName(1)]);
    const day = (await readdir(join(center.stagingDir, 'archive'))).find((name) => /^\d{8}$/.test(name)) ?? '';
    expect((await readdir(join(center.stagingDir, 'archive', day))).sort()).toEqual(['000000000001-application-YYGT202611000123-v1.a01.pdf', '000000000001-application-YYGT202611000123-v1.xml', '000000000002-acceptance-YYGT202611000123-v1.xml']);
    await answered();
    const answers = center.acks.sent().map((a) => `${a.messageId} ${a.level}`);
    expect(answers).toEqual([`${application} picked-up`, `${application} accepted`, `${acceptance} picked-up`, `${acceptance} accepted`]);
    const files = await readdir(join(center.stagingDir, 'ack'));
    expect(files.every((name) => !name.startsWith('.'))).toBe(true);
    const texts = await Promise.all(files.map((name) => readFile(join(center.stagingDir, 'ack', name), 'utf8')));
    expect(texts.some((text) => text.includes(`<ID>${acceptance ?? ''}</ID><LEVEL>accepted</LEVEL>`) || text.includes(`"id":"${acceptance ?? ''}","level":"accepted"`))).toBe(true);
  });

  it('waits at a gap and at a broken chain, says each once, and goes on when told', async () => {
    const sender = await open();
    await sender.send({ message: 'application' });
    await imported(1);
    sender.sequence = 2; // number 2 never comes
    await sender.send({ message: 'acceptance' });
    await center.waitUntil((c) => c.import.anomalies().length > 0, 5_000);
    await center.import.pass();
    await center.import.pass();
    expect(center.import.anomalies().map((a) => a.kind)).toEqual(['manifest-gap']);
    await center.import.resumeAt(3);
    await imported(2);
    await sender.manifest([], 'f'.repeat(64));
    await center.waitUntil((c) => c.import.anomalies().length > 1, 5_000);
    await center.import.pass();
    expect(center.import.anomalies().map((a) => a.kind)).toEqual(['manifest-gap', 'manifest-chain-broken']);
    expect(center.import.counts().manifests).toBe(2);
    await center.import.resumeAt(4);
    await imported(3);
    expect(center.import.counts().applied).toBe(2);
  });

  it('refuses what is missing, damaged or differs from the manifest, each by itself', async () => {
    const sender = await open();
    const ids = await sender.send(
      { message: 'application', caseNo: 'A1' },
      { message: 'application', caseNo: 'A2', says: { sha256: 'a'.repeat(64) } },
      { message: 'application', caseNo: 'A3', says: { size: 1 } },
      { message: 'application', caseNo: 'A4', leaveOut: true },
      { message: 'application', caseNo: 'A5', attachment: Buffer.from('x'), leaveOut: true },
      { message: 'application', caseNo: 'A6', body: '<SXBM>' },
      { message: 'application', caseNo: 'A7', operation: 'X' },
      { message: 'application', caseNo: 'A8' },
    );
    await imported(1);
    expect(center.import.applied().map((a) => a.caseNo)).toEqual(['A1', 'A8']);
    expect(center.import.anomalies().map((a) => [a.messageId, a.kind])).toEqual([
      [ids[1], 'file-differs'],
      [ids[2], 'file-differs'],
      [ids[3], 'file-missing'],
      [ids[4], 'attachment-missing'],
      [ids[5], 'message-unreadable'],
      [ids[6], 'message-unreadable'],
    ]);
    await answered();
    expect(center.acks.sent().filter((a) => a.level === 'refused').map((a) => a.code)).toEqual(['902', '902', '901', '903', '001', '001']);
  });

  it('has one effect for a message sent twice, and records the same key with other bytes', async () => {
    const sender = await open();
    await sender.send({ message: 'application' });
    await sender.send({ message: 'application' });
    await sender.send({ message: 'application', body: '<SXBM>4309000202</SXBM>' });
    await sender.send({ message: 'application', version: 2, operation: 'U' });
    await sender.send({ message: 'application', sequence: '2', version: 2 }, { message: 'application', sequence: '2', version: 1 });
    await imported(5);
    expect(center.import.counts()).toEqual({ manifests: 5, pickedUp: 6, applied: 3, duplicates: 1, conflicts: 1, refused: 1, anomalies: 1 });
    expect(center.import.anomalies().map((a) => a.kind)).toEqual(['version-regressed']);
    await answered();
    expect(center.acks.sent().filter((a) => a.level !== 'picked-up').map((a) => a.code ?? a.level)).toEqual(['accepted', 'accepted', '905', 'accepted', 'accepted', '906']);
  });

  it('takes the same manifest again as duplicates and records other bytes under its number', async () => {
    const sender = await open();
    await sender.send({ message: 'application' });
    await imported(1);
    await center.waitUntil(async () => (await readdir(join(center.stagingDir, 'archive', 'manifest'))).length === 1, 5_000);
    const bytes = await readFile(join(center.stagingDir, 'archive', 'manifest', manifestName(1)));
    await sender.put('manifest', manifestName(1), bytes);
    await center.waitUntil((c) => c.import.counts().duplicates === 1, 5_000);
    await sender.put('manifest', manifestName(1), Buffer.concat([bytes, Buffer.from('\n')]));
    await center.waitUntil((c) => c.import.anomalies().length === 1, 5_000);
    expect(center.import.anomalies()[0]).toMatchObject({ kind: 'manifest-conflict', manifest: 1 });
    expect(center.import.counts()).toMatchObject({ manifests: 1, applied: 1 });
  });

  it.each([
    ['acceptance without application', [{ message: 'acceptance' }], ['011']],
    ['step without acceptance', [{ message: 'application' }, { message: 'process-step' }], ['accepted', '021']],
    ['end of another special procedure', [{ message: 'application' }, { message: 'acceptance' }, { message: 'special-start', sequence: '1' }, { message: 'special-end', sequence: '2' }, { message: 'special-end', sequence: '1' }], ['accepted', 'accepted', 'accepted', '030', 'accepted']],
    ['pickup before result', [{ message: 'application' }, { message: 'acceptance' }, { message: 'pickup' }, { message: 'result' }, { message: 'pickup', version: 2, operation: 'U' }], ['accepted', 'accepted', '030', 'accepted', 'accepted']],
    ['result of an acceptance taken back', [{ message: 'application' }, { message: 'acceptance' }, { message: 'acceptance', version: 2, operation: 'D' }, { message: 'result' }], ['accepted', 'accepted', 'accepted', '021']],
  ])('keeps the order of a case: %s', async (_, messages: Sent[], verdicts) => {
    const sender = await open();
    await sender.send(...messages);
    await imported(1);
    await answered();
    expect(center.acks.sent().filter((a) => a.level !== 'picked-up').map((a) => a.code ?? a.level)).toEqual(verdicts);
  });

  it('judges by the XSD of the channel and asks only for parents that the channel carries', async () => {
    const xsd = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="ACCEPTANCE"><xs:complexType><xs:sequence><xs:element name="HEAD"><xs:complexType><xs:sequence><xs:any processContents="skip" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element><xs:element name="BODY"><xs:complexType><xs:sequence><xs:element name="SXBM"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[0-9]{10}"/></xs:restriction></xs:simpleType></xs:element></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>`;
    await mkdir(join(dir, 'mappings', 'center', 'acceptance'), { recursive: true });
    await writeFile(join(dir, 'mappings', 'center', 'acceptance', 'acceptance.xsd'), xsd);
    const sender = await open({ xsdDir: join(dir, 'mappings') });
    await sender.send({ message: 'acceptance', caseNo: 'A1' }, { message: 'acceptance', caseNo: 'A2', body: '<SXBM>43</SXBM>' }, { message: 'result', caseNo: 'A1' });
    await imported(1);
    expect(center.import.applied().map((a) => a.caseNo)).toEqual(['A1']);
    expect(center.import.anomalies().map((a) => a.kind)).toEqual(['message-invalid', 'message-unknown']);
  });

  it('reads GB18030 with four-byte characters', async () => {
    const seen: (string | undefined)[] = [];
    const sender = await open({ faults: { import: { refusals: [{ code: '001', reason: 'x', when: (m) => (seen.push(m.field('XMMC')), false) }] } } });
    await sender.send({ message: 'application', encoding: 'GB18030', body: '<XMMC>𠅤㛃土地出让</XMMC>' });
    await imported(1);
    expect(seen).toEqual(['𠅤㛃土地出让']);
    expect(center.import.counts().applied).toBe(1);
  });

  it('refuses by rule, once or by item', async () => {
    const sender = await open({ faults: { import: { refusals: [{ code: '130', reason: '日期不符', times: 1, when: (m) => m.caseNo === 'A1' }, { code: '001', reason: '事项停用', when: (m) => m.field('SXBM') === '4309000999' }] } } });
    await sender.send({ message: 'application', caseNo: 'A1' }, { message: 'application', caseNo: 'A1', version: 2, operation: 'U' }, { message: 'application', caseNo: 'A2', body: '<SXBM>4309000999</SXBM>' });
    await imported(1);
    await answered();
    expect(center.acks.sent().filter((a) => a.level !== 'picked-up').map((a) => a.reason ?? a.level)).toEqual(['日期不符', 'accepted', '事项停用']);
  });

  it('goes on after a restart with the same record, host key and unsent acknowledgements', async () => {
    const sender = await open({ faults: { acks: { paused: true } } });
    await sender.send({ message: 'application' }, { message: 'acceptance' });
    await imported(1);
    const before = { counts: center.import.counts(), cases: center.import.cases(), key: center.sftp?.hostKeySha256 };
    const { previous } = sender;
    await center.waitUntil((c) => c.acks.counts().pending === 4, 5_000);
    await center.stop();
    // What a crash leaves: entries of a manifest that never came to its end, and half a line.
    await writeFile(join(dir, 'journal', 'import.jsonl'), `${JSON.stringify({ number: 99, event: 'picked-up', manifest: 2, fileName: 'x' })}\n{"number":100,"ev`, { flag: 'a' });
    const again = await open();
    expect({ counts: center.import.counts(), cases: center.import.cases(), key: center.sftp?.hostKeySha256 }).toEqual(before);
    await answered();
    expect(center.acks.sent()).toHaveLength(4);
    again.sequence = 1;
    again.previous = previous;
    await again.send({ message: 'result' });
    await imported(2);
    expect(center.import.applied().map((a) => [a.number, a.order])).toEqual([[2, 1], [4, 2], [7, 3]]);
  });

  it('imports 2000 messages within seconds', async () => {
    const sender = await open({ faults: { import: { paused: true } } });
    const lines: string[] = [];
    await mkdir(join(center.stagingDir, 'in'), { recursive: true });
    for (let i = 0; i < 2000; i += 1) {
      const id = i.toString(16).padStart(32, '0');
      const bytes = Buffer.from(`<A><HEAD><MSGID>${id}</MSGID><MSGTYPE>application</MSGTYPE><VERSION>1</VERSION><OPERATION>I</OPERATION><SBLSH>C${String(i)}</SBLSH><XH>1</XH></HEAD>${'<N>事项</N>'.repeat(400)}</A>`);
      await writeFile(join(center.stagingDir, 'in', `${String(i)}.xml`), bytes);
      lines.push(`<FILE ID="${id}" MESSAGE="application" CASE="C${String(i)}" VERSION="1" NAME="${String(i)}.xml" SIZE="${String(bytes.length)}" SHA256="${sha256(bytes)}"/>`);
    }
    for (let i = 0; i < 8; i += 1) await sender.manifest(lines.slice(i * 250, i * 250 + 250));
    const begun = process.cpuUsage();
    center.faults.import.paused = false;
    await center.waitUntil((c) => c.import.counts().applied === 2000, 60_000);
    // Seconds of work, since the machine may have other things to do.
    const { user, system } = process.cpuUsage(begun);
    expect((user + system) / 1e6).toBeLessThan(5);
    await center.waitUntil((c) => c.acks.counts().sent === 4000, 60_000);
  }, 180_000);
});

describe('acknowledgements over HTTP', () => {
  it('signs them, alternates XML and JSON, and tries again until they are taken', async () => {
    const { url, received } = await acknowledgementServer((count) => (count <= 2 ? 503 : 202));
    const sender = await open({ ack: { http: { url, secret } } });
    await sender.send({ message: 'application' });
    await answered();
    await sender.send({ message: 'acceptance' });
    await center.waitUntil((c) => c.acks.counts().sent === 4, 10_000);
    expect(center.acks.counts()).toMatchObject({ failedAttempts: 2, documents: 2 });
    expect(received.map((r) => r.headers['content-type'])).toEqual(['application/xml', 'application/xml', 'application/xml', 'application/json']);
    expect(new Set(received.map((r) => r.headers['webhook-id'])).size).toBe(2);
    for (const { headers, body } of received) {
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
      expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(signed).digest('base64')}`);
      expect(headers['x-channel']).toBe('center');
    }
    expect(JSON.parse(received[3]?.body ?? '')).toMatchObject({ channel: 'center', acknowledgements: [{ level: 'picked-up' }, { level: 'accepted', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string }] });
  });

  it('errs on purpose: doubled, contradictory, unknown and out of order', async () => {
    const { url } = await acknowledgementServer(() => 202);
    const sender = await open({ ack: { http: { url, secret } }, faults: { acks: { paused: true, duplicateRate: 1, contradictoryRate: 1, unknownIdRate: 1, outOfOrder: true } } });
    const [id] = await sender.send({ message: 'application' });
    await center.waitUntil((c) => c.acks.counts().pending === 7, 5_000);
    center.faults.acks.paused = false;
    await answered();
    const own = center.acks.sent().filter((a) => a.messageId === id).map((a) => a.level);
    expect([...own].sort()).toEqual(['accepted', 'accepted', 'picked-up', 'picked-up', 'refused']);
    expect(own[0]).not.toBe('picked-up');
    expect(center.acks.sent().filter((a) => a.messageId !== id)).toHaveLength(2);
  });

  it('speaks of a message before a manifest names it', async () => {
    const { url } = await acknowledgementServer(() => 202);
    const sender = await open({ ack: { http: { url, secret } }, faults: { import: { paused: true, early: 'accepted' } } });
    const [id] = await sender.send({ message: 'application' });
    await answered();
    expect(center.acks.sent()).toEqual([expect.objectContaining({ messageId: id, level: 'accepted' })]);
    expect(center.import.counts().manifests).toBe(0);
  });
});

describe('staging machine', () => {
  const rejection = async (work: Promise<unknown>): Promise<string> => work.then(() => 'done', (error: unknown) => (error instanceof Error ? error.message : 'not an error'));

  it('keeps clients below its root and refuses to rename onto a name that is taken', async () => {
    await open();
    const client = await connect();
    await writeFile(join(dir, 'outside.txt'), 'secret');
    expect(await client.realPath('../../..')).toBe('/');
    expect(await rejection(client.get('../outside.txt'))).toMatch(/no such file|ENOENT/i);
    await client.put(Buffer.from('one'), 'in/a');
    await client.put(Buffer.from('two'), 'in/b');
    expect(await rejection(client.rename('in/a', 'in/b'))).toMatch(/EEXIST/);
    await client.posixRename('in/a', 'in/b');
    expect((await client.list('in')).map((f) => [f.name, f.type, f.size])).toEqual([['b', '-', 3]]);
    expect((await client.get('in/b')).toString()).toBe('one');
    await client.mkdir('in/x/y', true);
    expect((await client.stat('in/x')).isDirectory).toBe(true);
    await client.rmdir('in/x', true);
    await client.delete('in/b');
    expect(await client.exists('in/b')).toBe(false);
    expect(await readFile(join(dir, 'outside.txt'), 'utf8')).toBe('secret');
  });

  it('moves large files whole both ways and lists many', async () => {
    await open();
    const client = await connect();
    const large = randomBytes(3_000_000);
    await client.put(large, 'in/large.bin');
    expect(sha256((await client.get('in/large.bin')) as Buffer)).toBe(sha256(large));
    await Promise.all(Array.from({ length: 300 }, (_, i) => writeFile(join(center.stagingDir, 'ack', `${String(i)}.xml`), '')));
    expect(await client.list('ack')).toHaveLength(300);
  });

  it('lets in by public key, and nobody else', async () => {
    const pair = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
    center = await startSimulatedCenter({ channel: 'center', dir, sftp: { username, publicKeys: [pair.public] }, ack: {} });
    const login = async (settings: SftpClient.ConnectOptions): Promise<string> => {
      const client = new SftpClient();
      clients.push(client);
      return rejection(client.connect({ host: '127.0.0.1', port: center.sftp?.port ?? 0, username, ...settings }));
    };
    expect(await login({ privateKey: pair.private })).toBe('done');
    expect(await login({ privateKey: ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }).private })).toMatch(/authentication/i);
    expect(await login({ password: '' })).toMatch(/authentication/i);
  });

  it('offers fsync and the atomic rename as OpenSSH does', async () => {
    await open();
    const client = (await connect()) as SftpClient & { sftp: SFTPWrapper };
    const { sftp } = client;
    await new Promise<void>((resolve, reject) => {
      sftp.open('in/f', 'w', (error, handle) => {
        if (error) return reject(error);
        sftp.write(handle, Buffer.from('abc'), 0, 3, 0, () => sftp.ext_openssh_fsync(handle, (failed) => (failed ? reject(failed) : sftp.close(handle, () => resolve()))));
      });
    });
    expect(await readFile(join(center.stagingDir, 'in', 'f'), 'utf8')).toBe('abc');
  });

  it('does wrong what it is told to do wrong, and stops when told', async () => {
    await open();
    const client = await connect();
    const { staging } = center.faults;
    // Raw requests: put() of the client library says "done" although a write was refused.
    const rawWrite = async (path: string): Promise<void> => {
      const { sftp } = client as SftpClient & { sftp: SFTPWrapper };
      const handle = await new Promise<Buffer>((resolve, reject) => sftp.open(path, 'w', (error, opened) => (error ? reject(error) : resolve(opened))));
      await new Promise<void>((resolve, reject) => sftp.write(handle, Buffer.from('x'), 0, 1, 0, (error) => (error ? reject(error) : resolve())));
    };
    await client.put(Buffer.from('one'), 'in/a');
    staging.refuseRename = true;
    expect(await rejection(client.posixRename('in/a', 'in/b'))).toMatch(/rename is refused/);
    staging.refuseRename = false;
    staging.diskFull = true;
    expect(await rejection(rawWrite('in/c'))).toMatch(/No space left/);
    staging.diskFull = false;
    staging.denyWrite = true;
    expect(await rejection(rawWrite('in/c'))).toMatch(/permission denied/i);
    staging.denyWrite = false;
    staging.loseWrites = true;
    await client.put(Buffer.from('x'), 'in/lost');
    staging.loseWrites = false;
    expect((await client.stat('in/lost')).size).toBe(0);
    staging.cutAfterBytes = 40_000;
    expect(await rejection(client.put(Buffer.alloc(100_000), 'in/cut'))).not.toBe('done');
    staging.cutAfterBytes = undefined;
    await center.waitUntil((c) => c.sftp?.connectionCount === 1, 5_000);
    const next = await connect();
    expect((await next.stat('in/cut')).size).toBeLessThanOrEqual(40_000);
    staging.hangAfterBytes = 10;
    let ended = false;
    const hanging = rejection(next.put(Buffer.alloc(100), 'in/hang')).then((how) => ((ended = true), how));
    await center.waitUntil(async () => (await readdir(join(center.stagingDir, 'in'))).includes('hang') && (await readFile(join(center.stagingDir, 'in', 'hang'))).length === 10, 5_000);
    expect(ended).toBe(false);
    center.sftp?.dropConnections();
    expect(await hanging).not.toBe('done');
    staging.hangAfterBytes = undefined;
    const port = center.sftp?.port;
    await center.sftp?.goOffline();
    expect(await rejection(new SftpClient().connect({ host: '127.0.0.1', port: port ?? 0, username, password }))).toMatch(/ECONNREFUSED/);
    await center.sftp?.goOnline();
    expect(center.sftp?.port).toBe(port);
    await (await connect()).put(Buffer.from('back'), 'in/back');
  });
});
