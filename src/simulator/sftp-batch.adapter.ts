import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { OpenSshServer } from './servers/openssh-server.adapter.js';

/** The reference: OpenSSH's own client, put and rename of the same finished files. Seconds, connection included. */
export async function sftpBatch(dir: string, ssh: OpenSshServer, files: readonly { file_name: string; content: Buffer }[], port: number): Promise<number> {
  const source = await mkdtemp(path.join(dir, 'sftp-'));
  const target = `reference-${path.basename(source)}`;
  await mkdir(path.join(ssh.dir, target));
  const lines: string[] = [];
  for (const f of files) {
    await writeFile(path.join(source, f.file_name), f.content);
    lines.push(`put ${path.join(source, f.file_name)} ${target}/${f.file_name}.part`, `rename ${target}/${f.file_name}.part ${target}/${f.file_name}`);
  }
  const batch = path.join(source, 'batch');
  await writeFile(batch, lines.join('\n'));
  const started = process.hrtime.bigint();
  await new Promise<void>((resolve, reject) => {
    const child = spawn('sftp', ['-q', '-b', batch, '-P', String(port), '-i', ssh.privateKeyFile, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', '-o', 'BatchMode=yes', `${ssh.username}@${ssh.host}`], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`sftp -b ended with ${code}`))));
  });
  const took = Number(process.hrtime.bigint() - started) / 1e9;
  const arrived = await readdir(path.join(ssh.dir, target));
  if (arrived.length !== files.length) throw new Error(`sftp -b left ${arrived.length} of ${files.length} files`);
  return took;
}
