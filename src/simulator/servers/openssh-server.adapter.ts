import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ChildServer, findProgram } from './child-server.adapter.js';
import { launchOnFreePort } from './launch-on-free-port.adapter.js';

export interface OpenSshOptions {
  /** Directory in which a session starts; relative paths of clients lie below it. */
  readonly dir: string;
  /** More arguments of internal-sftp, e.g. ['-R'] read only, ['-P', 'posix-rename'] without that extension. */
  readonly sftpArguments?: readonly string[];
}

/** A real sshd of this user on a free loopback port, SFTP only, with a host key and a client key of its own. */
export interface OpenSshServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly username: string;
  readonly privateKeyFile: string;
  readonly dir: string;
  /** As OpenSSH prints it: SHA256: and base64 without padding. Changes with rotateHostKey(). */
  readonly hostKeySha256: string;
  stop(): Promise<void>;
  /** Stops if need be and starts again on the same port, with other internal-sftp arguments if given. */
  restart(sftpArguments?: readonly string[]): Promise<void>;
  rotateHostKey(): Promise<void>;
  /** Kills the sessions in progress; the server goes on listening. */
  cutSessions(): void;
  /** Ends the server without removing its keys, so that restart() brings it back. */
  halt(): Promise<void>;
}

/** Starts /usr/sbin/sshd as the current user (root or not); keys and configuration lie in a temporary folder until stop(). */
export async function startOpenSshServer(options: OpenSshOptions): Promise<OpenSshServer> {
  const sshd = findProgram('sshd', 'openssh-server');
  const home = mkdtempSync(join(tmpdir(), 'gateway-sshd-'));
  const { username, uid } = userInfo();
  if (uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 }); // where sshd, as root, drops its privileges
  mkdirSync(options.dir, { recursive: true });
  const hostKeyFile = join(home, 'host_key');
  const privateKeyFile = join(home, 'client_key');
  generateKey(privateKeyFile);
  let hostKeySha256 = generateKey(hostKeyFile);
  let sftpArguments = options.sftpArguments ?? [];
  let port = 0;

  const launch = (): Promise<ChildServer> =>
    ChildServer.start({ program: sshd, args: ['-D', '-e', '-f', '/dev/null', ...sshdSettings()], readyText: 'Server listening on', readyTimeoutMs: 10_000 });
  const sshdSettings = (): string[] =>
    Object.entries({
      ListenAddress: `127.0.0.1:${port}`,
      HostKey: hostKeyFile,
      AuthorizedKeysFile: `${privateKeyFile}.pub`,
      PidFile: 'none',
      // Without PAM sshd refuses accounts that have no password set ("locked"), which service accounts usually have not.
      UsePAM: uid === 0 ? 'no' : 'yes',
      StrictModes: 'no',
      PasswordAuthentication: 'no',
      KbdInteractiveAuthentication: 'no',
      PermitRootLogin: 'prohibit-password',
      MaxStartups: '100',
      UseDNS: 'no',
      Subsystem: 'sftp internal-sftp',
      ForceCommand: ['internal-sftp', '-d', options.dir, ...sftpArguments].join(' '),
    }).flatMap(([key, value]) => ['-o', `${key}=${value}`]);

  let server = await launchOnFreePort(async (candidate) => {
    port = candidate;
    return launch();
  });
  const restart = async (): Promise<void> => {
    await server.stop();
    server = await launch();
  };
  return {
    host: '127.0.0.1',
    port,
    username,
    privateKeyFile,
    dir: options.dir,
    get hostKeySha256() {
      return hostKeySha256;
    },
    async stop() {
      await server.stop();
      rmSync(home, { recursive: true, force: true });
    },
    async restart(changed) {
      sftpArguments = changed ?? sftpArguments;
      await restart();
    },
    async rotateHostKey() {
      rmSync(hostKeyFile);
      rmSync(`${hostKeyFile}.pub`);
      hostKeySha256 = generateKey(hostKeyFile);
      await restart();
    },
    cutSessions: () => server.killSessions(),
    halt: () => server.stop(),
  };
}

function generateKey(file: string): string {
  const keygen = findProgram('ssh-keygen', 'openssh-client');
  execFileSync(keygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'gateway', '-f', file]);
  const [, fingerprint] = execFileSync(keygen, ['-l', '-f', `${file}.pub`], { encoding: 'utf8' }).split(' ');
  if (fingerprint === undefined || readFileSync(file).length === 0) throw new Error('ssh-keygen gave no key');
  return fingerprint;
}
