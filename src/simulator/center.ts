import { startSimulatedCenter, type SimulatedCenter } from './center/simulated-center.adapter.js';
import { readEnvironment } from './read-environment.js';

/**
 * Entry of a simulated center that runs by itself (docker compose). Environment: CENTER_CHANNEL, CENTER_DIR; optional
 * CENTER_STAGING_DIR, CENTER_LISTEN_HOST and CENTER_SFTP_PORT with CENTER_SFTP_USER and CENTER_SFTP_PASSWORD (no port: no
 * SFTP server), CENTER_ACK_URL with CENTER_ACK_SECRET, CENTER_ACK_FILES=true, CENTER_ACK_ENCODING, CENTER_XSD_DIR,
 * CENTER_POLL_MS, CENTER_REFUSAL_RATE (0..1), CENTER_SUPERVISING_MS (a supervising side: how often it judges). Runs until SIGTERM or
 * SIGINT.
 */
const { needed, optional, optionalNumber } = readEnvironment(process.env);

function encodingOf(value: string | undefined): 'UTF-8' | 'GB18030' {
  if (value === undefined || value === 'UTF-8') return 'UTF-8';
  if (value === 'GB18030') return value;
  throw new Error('CENTER_ACK_ENCODING is UTF-8 or GB18030');
}

async function start(): Promise<SimulatedCenter> {
  const port = optionalNumber('CENTER_SFTP_PORT');
  const url = optional('CENTER_ACK_URL');
  const refusalRate = optionalNumber('CENTER_REFUSAL_RATE');
  const supervisingMs = optionalNumber('CENTER_SUPERVISING_MS');
  return startSimulatedCenter({
    channel: needed('CENTER_CHANNEL'),
    dir: needed('CENTER_DIR'),
    stagingDir: optional('CENTER_STAGING_DIR'),
    sftp: port === undefined ? undefined : { host: optional('CENTER_LISTEN_HOST'), port, username: needed('CENTER_SFTP_USER'), password: needed('CENTER_SFTP_PASSWORD') },
    ack: {
      http: url === undefined ? undefined : { url, secret: needed('CENTER_ACK_SECRET') },
      files: optional('CENTER_ACK_FILES') === 'true',
      encoding: encodingOf(optional('CENTER_ACK_ENCODING')),
    },
    xsdDir: optional('CENTER_XSD_DIR'),
    pollMs: optionalNumber('CENTER_POLL_MS'),
    supervising: supervisingMs === undefined ? undefined : { everyMs: supervisingMs },
    faults: refusalRate === undefined ? undefined : { import: { refusals: [{ code: '001', reason: '模拟退回', rate: refusalRate }] } },
  });
}

const center = await start().catch((error: unknown) => {
  process.stderr.write(`The simulated center does not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
process.stdout.write(`simulated center is up${center.sftp ? `, SFTP on ${center.sftp.host}:${String(center.sftp.port)}, host key ${center.sftp.hostKeySha256}` : ''}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    center.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  });
}
