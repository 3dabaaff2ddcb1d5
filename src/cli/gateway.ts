import 'reflect-metadata';
import { writeSync } from 'node:fs';
import os from 'node:os';
import { SystemClock } from '../platform/system-clock.adapter.js';
import { exitCodes } from './cli-context.js';
import { describeError } from '../platform/describe-error.js';
import { runCli } from './run-cli.command.js';

/** Entry of `npm run gateway -- <command>`. */
function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A container's user need not stand in /etc/passwd.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Written through to the end, so that a large output is whole before the process ends; a closed pipe (`| head`) ends quietly. */
function write(fd: 1 | 2, text: string | Buffer): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') process.exit(exitCodes.ok);
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

// A driver may still report on a connection that nobody waits for: one line, not a stack.
process.on('uncaughtException', (error) => {
  write(2, `${describeError(error)}\n`);
  process.exit(exitCodes.attention);
});

const code = await runCli(process.argv.slice(2), { env: process.env, clock: new SystemClock(), user: userName(), out: (t) => write(1, t), err: (t) => write(2, t) });
// Said outright: a connection that is still being tried (an unreachable queue) would keep the process alive.
process.exit(code);
