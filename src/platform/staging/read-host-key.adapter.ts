import { lookup } from 'node:dns/promises';
import { Socket } from 'node:net';
import ssh2 from 'ssh2';
import { GatewayFailure } from '../../domain/failures.js';
import type { SftpSettings } from '../../domain/settings.js';
import { matchHostKey, type HostKeyMatch } from './match-host-key.js';

/** The addresses of a host; fails with staging-unreachable. */
export async function resolveHost(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map((a) => a.address);
  } catch (error) {
    throw new GatewayFailure('staging-unreachable', `${host} has no address: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`, { cause: error });
  }
}

/** The key that a server shows, pinned or not. It goes no further than that: no user and no secret is sent. */
export function readHostKey(settings: Pick<SftpSettings, 'host' | 'port' | 'hostKeySha256' | 'connectTimeoutMs'>): Promise<HostKeyMatch> {
  const address = `${settings.host}:${settings.port}`;
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const socket = new Socket();
    const end = (): void => {
      clearTimeout(timer);
      client.end();
      socket.destroy();
    };
    const fail = (why: string, cause?: unknown): void => {
      end();
      reject(new GatewayFailure('staging-unreachable', `${address}${why}`, { cause }));
    };
    const timer = setTimeout(() => fail(` showed no key within ${settings.connectTimeoutMs} ms`), settings.connectTimeoutMs);
    client.on('error', (error: Error) => fail(`: ${error.message}`, error));
    client.on('close', () => fail(' closed the connection'));
    socket.connect(settings.port, settings.host);
    client.connect({
      sock: socket, username: 'nobody', readyTimeout: 0,
      hostVerifier: (key: Buffer) => {
        resolve(matchHostKey(key, settings.hostKeySha256));
        setImmediate(end);
        return false;
      },
    });
  });
}
