import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { formatFaults } from '../../src/platform/config/format-faults.js';
import { loadSettings } from '../../src/platform/config/load-settings.config.js';
import { nearestKey } from '../../src/platform/config/nearest-key.js';
import { mergeNodes, parseSettingsFile, typePlainText } from '../../src/platform/config/parse-settings-file.js';
import { formatKey, resolveVariables } from '../../src/platform/config/resolve-variables.js';

const hostKey = `SHA256:${'A'.repeat(43)}`;
const secret = `whsec_${'c2VjcmV0'.repeat(5)}`;
const fullEnv = {
  BUREAU_URL: 'mssql://reader:hidden-word@db.example:1433/land',
  LEDGER_URL: 'postgres://gateway:hidden-word@db.example:5432/ledger',
  CENTER_SFTP_HOST: 'center.example', CENTER_SFTP_PASSWORD: '12345678', CENTER_SFTP_HOST_KEY: hostKey, CENTER_ACK_SECRET: secret,
  PROVINCIAL_SFTP_HOST: 'provincial.example', PROVINCIAL_SFTP_KEY: '/etc/gateway/key', PROVINCIAL_SFTP_HOST_KEY: hostKey,
};

let folder: string;
let copies = 0;
beforeAll(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-settings-')); });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

/** A copy of the real config/ with texts replaced in one or more files; each text must be there. */
function configWith(changes: Record<string, [from: string, to: string][] | string> = {}): string {
  const copy = path.join(folder, String(copies++));
  cpSync('config', copy, { recursive: true });
  for (const [file, change] of Object.entries(changes)) {
    const full = path.join(copy, file);
    if (typeof change === 'string') {
      writeFileSync(full, change);
      continue;
    }
    let text = readFileSync(full, 'utf8');
    for (const [from, to] of change) {
      expect(text).toContain(from);
      text = text.replace(from, to);
    }
    writeFileSync(full, text);
  }
  return copy;
}

const faultsOf = (changes: Parameters<typeof configWith>[0], env: Record<string, string | undefined> = fullEnv): string[] =>
  loadSettings({ configDir: configWith(changes), env }).faults.map((fault) => `${fault.file} ${fault.key}: ${fault.expected}`);

/** Line of the first line that starts with the text, as a person counts. */
function lineOf(file: string, start: string): number {
  return readFileSync(path.join('config', file), 'utf8').split('\n').findIndex((line) => line.trim().startsWith(start)) + 1;
}

describe('the configuration of the repository', () => {
  test('is complete with the variables it names', () => {
    const { settings, faults } = loadSettings({ configDir: 'config', env: fullEnv });
    expect(faults).toEqual([]);
    expect(settings).toMatchObject({ roles: ['api', 'worker', 'scheduler'], http: { port: 8480 }, bureau: { engine: 'mssql' }, queue: { backend: 'redis' } });
    expect(settings?.channels.map((channel) => channel.channel)).toEqual(['center', 'provincial']);
    expect(settings?.streamDefinitions.map((stream) => stream.stream)).toEqual(['case']);
    const center = settings?.channels[0];
    expect(center?.staging.sftp).toMatchObject({ host: 'center.example', port: 22, password: '12345678', hostKeySha256: hostKey });
    expect(center?.staging.sftp).not.toHaveProperty('privateKeyFile');
    expect(center?.acknowledgement.http?.secrets).toEqual([secret]);
  });

  test('without any variable: every missing one at once, with file, line, key and an example', () => {
    const { settings, faults } = loadSettings({ configDir: 'config', env: {} });
    expect(settings).toBeUndefined();
    expect(faults).toContainEqual({
      file: 'default.yaml', key: 'bureau.url', line: lineOf('default.yaml', 'url: ${BUREAU_URL}'),
      expected: 'the environment variable BUREAU_URL (or BUREAU_URL_FILE) to be set, e.g. BUREAU_URL=mssql://reader:PASSWORD@10.0.0.5:1433/land',
    });
    expect(faults.map((fault) => /variable (\w+)/.exec(fault.expected)?.[1])).toEqual([
      'BUREAU_URL', 'LEDGER_URL', 'CENTER_SFTP_HOST', 'CENTER_SFTP_HOST_KEY', 'CENTER_ACK_SECRET', 'PROVINCIAL_SFTP_HOST', 'PROVINCIAL_SFTP_HOST_KEY',
    ]);
  });

  test('never tells a value', () => {
    const marked = Object.fromEntries(Object.keys(fullEnv).map((name) => [name, `marked-${name}`]));
    const all = { ...marked, GATEWAY_PORT: 'marked-port', GATEWAY_ROLES: 'marked-roles', QUEUE_BACKEND: 'marked-backend', QUEUE_URL: 'marked-url', LOG_LEVEL: 'marked-level', GATEWAY_INSTANCE: 'marked instance' };
    const { faults } = loadSettings({ configDir: configWith({ 'channels/center.yaml': [['title: 市政务中心', 'title: [marked-title']] }), env: all });
    const { faults: more } = loadSettings({ configDir: 'config', env: all });
    expect(faults.length).toBeGreaterThan(5);
    expect(more.map((fault) => fault.key)).toEqual(expect.arrayContaining(['instance', 'roles', 'http.port', 'bureau.url', 'ledger.url', 'queue.backend', 'log.level', 'staging.sftp.hostKeySha256', 'acknowledgement.http.secrets[0]']));
    expect(JSON.stringify([faults, more])).not.toContain('marked-');
  });
});

describe('variables', () => {
  test.each<[name: string, env: Record<string, string>, pick: (settings: NonNullable<ReturnType<typeof loadSettings>['settings']>) => unknown, value: unknown]>([
    ['a port is a number', { GATEWAY_PORT: '9000' }, (s) => s.http.port, 9000],
    ['an empty variable takes the default', { GATEWAY_PORT: '' }, (s) => s.http.port, 8480],
    ['a list', { GATEWAY_ROLES: '[worker]' }, (s) => s.roles, ['worker']],
    ['digits where the schema wants text', { GATEWAY_INSTANCE: '007' }, (s) => s.instance, '007'],
    ['more digits than a number holds', { CENTER_SFTP_PASSWORD: '00012345678901234567890' }, (s) => s.channels[0]?.staging.sftp?.password, '00012345678901234567890'],
    ['a password that looks like YAML', { CENTER_SFTP_PASSWORD: 'a: #b [c' }, (s) => s.channels[0]?.staging.sftp?.password, 'a: #b [c'],
    ['a password that is a word of YAML', { CENTER_SFTP_PASSWORD: 'true' }, (s) => s.channels[0]?.staging.sftp?.password, 'true'],
    ['a password with a variable in it is not read again', { CENTER_SFTP_PASSWORD: '${BUREAU_URL}' }, (s) => s.channels[0]?.staging.sftp?.password, '${BUREAU_URL}'],
  ])('%s', (_name, env, pick, value) => {
    const { settings, faults } = loadSettings({ configDir: 'config', env: { ...fullEnv, ...env } });
    expect(faults).toEqual([]);
    expect(pick(settings!)).toEqual(value);
  });

  test('NAME_FILE gives the content of a file, once', () => {
    const file = path.join(folder, 'password.txt');
    writeFileSync(file, 'from a file\n');
    const without = { ...fullEnv, CENTER_SFTP_PASSWORD: undefined };
    expect(loadSettings({ configDir: 'config', env: { ...without, CENTER_SFTP_PASSWORD_FILE: file } }).settings?.channels[0]?.staging.sftp?.password).toBe('from a file');
    expect(faultsOf({}, { ...fullEnv, CENTER_SFTP_PASSWORD_FILE: file })).toEqual(['channels/center.yaml staging.sftp.password: only one of CENTER_SFTP_PASSWORD and CENTER_SFTP_PASSWORD_FILE to be set']);
    expect(faultsOf({}, { ...without, CENTER_SFTP_PASSWORD_FILE: `${file}.none` })).toEqual(['channels/center.yaml staging.sftp.password: the file that CENTER_SFTP_PASSWORD_FILE names to be readable (ENOENT)']);
  });

  test('neither password nor key is a fault of the section', () => {
    expect(faultsOf({}, { ...fullEnv, CENTER_SFTP_PASSWORD: '' })).toEqual(['channels/center.yaml staging: sftp.password or sftp.privateKeyFile']);
  });

  test('an empty variable of a list is left out; of a required key it is named', () => {
    const two = loadSettings({ configDir: configWith({ 'channels/center.yaml': [['[ "${CENTER_ACK_SECRET}" ]', '[ "${CENTER_ACK_SECRET}", "${CENTER_ACK_OLD:-}" ]']] }), env: fullEnv });
    expect(two.settings?.channels[0]?.acknowledgement.http?.secrets).toEqual([secret]);
    expect(faultsOf({ 'channels/center.yaml': [['${CENTER_SFTP_HOST}', '${CENTER_SFTP_HOST:-}']] }, { ...fullEnv, CENTER_SFTP_HOST: '' })).toEqual([
      'channels/center.yaml staging.sftp.host: a text; the environment variable CENTER_SFTP_HOST is empty',
    ]);
  });

  test('a disabled channel may lack its variables, but not be wrong otherwise', () => {
    const { PROVINCIAL_SFTP_HOST, PROVINCIAL_SFTP_HOST_KEY, ...rest } = fullEnv;
    const off: [string, string] = ['title: 省内网', 'title: 省内网\nenabled: false'];
    const { settings, faults } = loadSettings({ configDir: configWith({ 'channels/provincial.yaml': [off] }), env: rest });
    expect(faults).toEqual([]);
    expect(settings?.channels.map((channel) => channel.channel)).toEqual(['center']);
    expect(faultsOf({ 'channels/provincial.yaml': [off, ['encoding: GB18030', 'encoding: GBK']] }, rest)).toEqual(['channels/provincial.yaml encoding: one of UTF-8, GB18030']);
    expect([PROVINCIAL_SFTP_HOST, PROVINCIAL_SFTP_HOST_KEY]).not.toContain(undefined);
  });
});

describe('a local file over the default', () => {
  test('replaces keys one by one, and what it replaces needs no variable any more', () => {
    const local = path.join(folder, 'local.yaml');
    writeFileSync(local, 'bureau:\n  url: mssql://reader:x@other.example/land\nhttp: { port: 9100 }\n');
    const { BUREAU_URL: _left, ...rest } = fullEnv;
    const { settings, faults } = loadSettings({ configDir: 'config', env: { ...rest, GATEWAY_CONFIG: local } });
    expect(faults).toEqual([]);
    expect(settings).toMatchObject({ bureau: { url: 'mssql://reader:x@other.example/land', poolSize: 4 }, http: { port: 9100, host: '127.0.0.1' } });
  });

  test('its faults name it, its own lines, and a file that is not there', () => {
    const local = path.join(folder, 'wrong.yaml');
    writeFileSync(local, '# ours\nhttp:\n  prot: 9100\n');
    expect(loadSettings({ configDir: 'config', env: { ...fullEnv, GATEWAY_CONFIG: local } }).faults).toEqual([{ file: local, line: 3, key: 'http.prot', expected: 'a known key; did you mean port?' }]);
    expect(loadSettings({ configDir: 'config', env: { ...fullEnv, GATEWAY_CONFIG: `${local}.none` } }).faults).toEqual([{ file: `${local}.none`, key: '', expected: 'the file that GATEWAY_CONFIG names to be readable (ENOENT)' }]);
  });
});

describe('faults', () => {
  test.each<[file: string, from: string, to: string, fault: string]>([
    ['default.yaml', 'pollEveryMs: 2000', 'pollEveryMS: 2000', 'default.yaml capture.pollEveryMS: a known key; did you mean pollEveryMs?'],
    ['default.yaml', 'bodyLimitKiB: 1024', 'bodyLimitKiB: lots', 'default.yaml http.bodyLimitKiB: a number'],
    ['default.yaml', 'bodyLimitKiB: 1024', 'bodyLimitKiB: 0', 'default.yaml http.bodyLimitKiB: at least 1'],
    ['default.yaml', '  poolSize: 4', '  poolSize:', 'default.yaml bureau.poolSize: a number; the key is missing'],
    ['default.yaml', 'batch: 400                           # messages', 'batch: 40000                         # messages', 'default.yaml deliver.batch: at most 2000'],
    ['default.yaml', 'keepDays: 1095', 'keepDays: 182', 'default.yaml retention.keepDays: at least 183'],
    ['default.yaml', 'trustProxy: false', 'trustProxy: no', 'default.yaml http.trustProxy: true or false'],
    ['default.yaml', 'streams: [case]', 'streams: [case, parcel]', 'default.yaml bureau.streams[1]: a stream for which there is a file streams/parcel.yaml'],
    ['default.yaml', 'streams: [case]', 'streams: [../case]', 'default.yaml bureau.streams[0]: a plain name, of a file in streams/'],
    ['default.yaml', 'instance: ${GATEWAY_INSTANCE:-yiyang-gateway}', 'instance: ${GATEWAY INSTANCE}', 'default.yaml instance: variables as ${NAME} or ${NAME:-default}'],
    ['default.yaml', 'maxDelayMs: 600000', 'maxDelayMs: 600', 'default.yaml retry.maxDelayMs: at least retry.firstDelayMs'],
    ['default.yaml', 'engine: ${BUREAU_ENGINE:-mssql}', 'engine: postgres', 'default.yaml bureau.url: postgres://user:password@host:5432/database, because bureau.engine is postgres'],
    ['default.yaml', 'url: ${BUREAU_URL}', 'url: mssql://reader:p@ss/word@db:1433/land', 'default.yaml bureau.url: mssql://user:password@host:1433/database (special characters'],
    ['default.yaml', 'url: ${BUREAU_URL}', 'url: mssql://reader:p@db:1433', 'default.yaml bureau.url: mssql://user:password@host:1433/database, with the name of the database at the end'],
    ['default.yaml', 'backend: ${QUEUE_BACKEND:-redis}', 'backend: postgres', 'default.yaml queue.url: postgres://user:password@host:5432/database, because queue.backend is postgres'],
    ['default.yaml', 'render:\n', 'render:\n  batch: 1\n', 'default.yaml : each key once in its section'],
    ['channels/center.yaml', 'stream: case', 'stream: parcel', 'channels/center.yaml stream: one of bureau.streams: case'],
    ['channels/center.yaml', '  acceptance: center', '  aceptance: center', 'channels/center.yaml messages.aceptance: an event of the stream case; did you mean acceptance?'],
    ['channels/center.yaml', 'channel: center', 'channel: Center', 'channels/center.yaml channel: a text of the form /^[a-z][a-z0-9-]{0,19}$/'],
    ['channels/center.yaml', '${CENTER_SFTP_HOST_KEY}', 'SHA256:short', "channels/center.yaml staging.sftp.hostKeySha256: SHA256:<43 characters>, as `ssh-keyscan HOST | ssh-keygen -lf -` prints it"],
    ['channels/center.yaml', '"${CENTER_ACK_SECRET}"', '"whsec_short"', 'channels/center.yaml acknowledgement.http.secrets[0]: whsec_ and at least 24 bytes in base64'],
    ['channels/center.yaml', 'adapter: sftp', 'adapter: directory', 'channels/center.yaml staging: a section named like the adapter'],
    ['channels/provincial.yaml', 'channel: provincial', 'channel: center', 'channels/provincial.yaml channel: a name of its own; channels/center.yaml has the same'],
    ['streams/case.yaml', 'stream: case', 'stream: cases', 'streams/case.yaml stream: case, as the file is called'],
    ['streams/case.yaml', 'removalEvent: result', 'removalEvent: results', 'streams/case.yaml removalEvent: an event of this stream; did you mean result?'],
    ['streams/case.yaml', 'signature: file_md5 }', 'signature: file_md6 }', 'streams/case.yaml children.materials.attachment.signature: a name listed in children.materials.columns; did you mean file_md5?'],
    ['streams/case.yaml', 'file_size: integer', 'file_size: integer\n      file_content: text', 'streams/case.yaml children.materials.columns.file_content: the column of the bytes in attachment.content only'],
    ['streams/case.yaml', 'each: steps', 'each: step', 'streams/case.yaml events.process-step.each: a child of this stream; did you mean steps?'],
    ['streams/case.yaml', 'at: case.applied_at', 'at: case.aplied_at', 'streams/case.yaml events.application.at: a column that the stream lists instead of case.aplied_at; did you mean applied_at?'],
    ['streams/case.yaml', 'at: case.applied_at', 'at: item.applied_at', 'streams/case.yaml events.application.at: case.<column>: this event has no each, so there is no item'],
    ['streams/case.yaml', 'equals: DONE', 'equal: DONE', 'streams/case.yaml events.process-step.when.equal: a known key; did you mean equals?'],
    ['streams/case.yaml', 'key: case_no', 'key: case_nr', 'streams/case.yaml key: a name listed in columns; did you mean case_no?'],
    ['streams/case.yaml', 'item_code: text', 'item_code: varchar', 'streams/case.yaml columns.item_code: one of text, integer, decimal, date, datetime, boolean'],
  ])('%s: %s → %s', (file, from, to, fault) => {
    const faults = faultsOf({ [file]: [[from, to]] });
    expect(faults.find((found) => found.startsWith(fault)) ?? faults).toContain(fault);
  });

  test('two channels may not share a directory of a staging machine; other directories of the machine are fine', () => {
    const same = { ...fullEnv, PROVINCIAL_SFTP_HOST: 'CENTER.example' };
    expect(faultsOf({}, same)).toEqual([
      'channels/provincial.yaml staging.outboxDir: a directory of its own on the staging machine; channels/center.yaml uses the same',
      'channels/provincial.yaml staging.manifestDir: a directory of its own on the staging machine; channels/center.yaml uses the same',
      'channels/provincial.yaml staging.acknowledgementDir: a directory of its own on the staging machine; channels/center.yaml uses the same',
    ]);
    expect(faultsOf({ 'channels/provincial.yaml': [['  adapter: sftp', '  adapter: sftp\n  outboxDir: p/in\n  manifestDir: p/manifest\n  acknowledgementDir: p/ack']] }, same)).toEqual([]);
  });

  test('broken YAML is named by line, other files are still checked, the text is not quoted', () => {
    const { faults } = loadSettings({ configDir: configWith({ 'channels/center.yaml': 'channel: center\ntitle: "hidden-word\n', 'channels/other.yml': '' }), env: { ...fullEnv, GATEWAY_PORT: 'x' } });
    expect(faults.map((fault) => [fault.file, fault.key])).toEqual([['default.yaml', 'http.port'], ['channels/center.yaml', ''], ['channels/other.yml', '']]);
    expect(JSON.stringify(faults)).not.toContain('hidden-word');
  });

  test('are printed as an aligned list in the order of files and lines', () => {
    expect(formatFaults([
      { file: 'default.yaml', key: 'http.port', line: 9, expected: 'a number' },
      { file: 'channels/center.yaml', key: 'stream', line: 12, expected: 'one of bureau.streams: case' },
      { file: 'default.yaml', key: 'instance', line: 3, expected: 'a text' },
    ])).toBe([
      'The configuration has 3 faults:',
      '  channels/center.yaml:12  stream     expected one of bureau.streams: case',
      '  default.yaml:3           instance   expected a text',
      '  default.yaml:9           http.port  expected a number',
    ].join('\n'));
  });
});

describe('small parts', () => {
  test.each([
    ['8480', 8480], ['-1.5', -1.5], ['007', '007'], ['1e3', '1e3'], ['true', true], ['yes', 'yes'], ['null', 'null'], ['[a, 1]', ['a', 1]], ['[a', '[a'], ['[}]', '[}]'],
  ])('plain text %s', (text, value) => { expect(typePlainText(text)).toEqual(value); });

  test.each([
    ['pollEveryMS', ['pollEveryMs', 'batchCases'], 'pollEveryMs'], ['prot', ['host', 'port'], 'port'], ['xyz', ['host', 'port'], undefined], ['url', [], undefined],
  ])('nearest to %s', (key, known, nearest) => { expect(nearestKey(key, known)).toBe(nearest); });

  test.each([[['a', 'b', 0, 'c'], 'a.b[0].c'], [[], ''], [['x'], 'x']])('key %j', (keys, text) => { expect(formatKey(keys)).toBe(text); });

  test('merging replaces lists and scalars, merges sections', () => {
    const node = (text: string) => parseSettingsFile('f', text).root;
    const merged = mergeNodes(node('a: { b: 1, c: [1, 2] }\nd: x'), node('a: { c: [3] }\ne: y'));
    expect(resolveVariables(merged, () => undefined).value).toEqual({ a: { b: 1, c: [3] }, d: 'x', e: 'y' });
  });

  test('a key named __proto__ is only a key', () => {
    const { value } = resolveVariables(parseSettingsFile('f', '__proto__: { polluted: true }').root, () => undefined);
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('the channel of e-supervision', () => {
  const on = { ...fullEnv, SUPERVISION_CHANNEL: 'true', SUPERVISION_SFTP_HOST: 'jc.example', SUPERVISION_SFTP_PASSWORD: 'pass-word', SUPERVISION_SFTP_HOST_KEY: hostKey, SUPERVISION_ACK_SECRET: secret };
  test('is off and needs no settings unless it is switched on', () => {
    const { settings, faults } = loadSettings({ configDir: configWith(), env: fullEnv });
    expect([faults, settings?.channels.map((c) => c.channel)]).toEqual([[], ['center', 'provincial']]);
  });
  test('switched on it wants its own staging machine and secret', () => {
    const { faults } = loadSettings({ configDir: configWith(), env: { ...fullEnv, SUPERVISION_CHANNEL: 'true' } });
    expect(faults.map((f) => /variable (\w+)/.exec(f.expected)?.[1]).filter((n) => n !== undefined).sort()).toEqual(['SUPERVISION_ACK_SECRET', 'SUPERVISION_SFTP_HOST', 'SUPERVISION_SFTP_HOST_KEY']);
    const { settings } = loadSettings({ configDir: configWith(), env: on });
    expect(settings?.channels.find((c) => c.channel === 'supervision')).toMatchObject({ enabled: true, encoding: 'GB18030', supervision: { body: 'hunan' }, returns: { controlled: false } });
  });
  test.each<[string, string, string, string]>([
    ['a body whose clock nobody keeps', 'body: hunan', 'body: hubei', 'supervision.body'],
    ['an event that the own stream has not', 'light: supervision/light', 'lights: supervision/light', 'supervision.messages.lights'],
    ['an event of the bureau under the own ones', 'card: supervision/card', 'result: supervision/card', 'supervision.messages.result'],
  ])('%s stops the start with file and line', (_, from, to, key) => {
    const { faults } = loadSettings({ configDir: configWith({ 'channels/supervision.yaml': [[from, to]] }), env: on });
    expect(faults).toEqual([expect.objectContaining({ file: 'channels/supervision.yaml', key, line: expect.any(Number) })]);
  });
});
