import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** How to start a server program as a child of this process and how to know that it serves. */
export interface ChildServerPlan {
  readonly program: string;
  readonly args: readonly string[];
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
  /** Text on standard output or error which says that the server listens. */
  readonly readyText: string;
  readonly readyTimeoutMs: number;
}

/** Absolute path of an installed program; throws with the Debian package to install when it is missing. */
export function findProgram(name: string, debianPackage: string): string {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin'];
  for (const directory of directories) {
    if (directory !== '' && existsSync(join(directory, name))) return join(directory, name);
  }
  throw new Error(`${name} is not installed: apt-get install ${debianPackage}`);
}

/** Process ids of all descendants of a process (Linux; elsewhere none are found). */
export function descendants(pid: number): number[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return []; // ended meanwhile, or no /proc
  }
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number)
    .flatMap((child) => [...descendants(child), child]);
}

/** Sends a signal; a process that is gone already is what was wanted. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

function systemCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A running child server; it dies with this process. */
export class ChildServer {
  private readonly atExit = (): void => this.signalAll('SIGKILL');

  private constructor(private readonly child: ChildProcess) {
    process.once('exit', this.atExit);
    child.once('exit', () => process.removeListener('exit', this.atExit));
  }

  /** Starts the program and waits until it says that it listens; its last output stands in the error when it does not. */
  static start(plan: ChildServerPlan): Promise<ChildServer> {
    return new Promise((resolve, reject) => {
      const child = spawn(plan.program, plan.args, { stdio: ['pipe', 'pipe', 'pipe'] });
      const server = new ChildServer(child);
      let output = '';
      let done = false;
      const finish = (error?: Error): void => {
        if (done) return;
        done = true;
        output = '';
        clearTimeout(timer);
        if (error === undefined) return resolve(server);
        server.signalAll('SIGKILL');
        reject(error);
      };
      const timer = setTimeout(() => finish(new Error(`${plan.program} did not get ready in ${plan.readyTimeoutMs} ms: ${output}`)), plan.readyTimeoutMs);
      const onOutput = (chunk: Buffer): void => {
        if (done) return; // keeps draining the pipe, so that the child never blocks on it
        output += chunk.toString('utf8');
        if (output.includes(plan.readyText)) finish();
      };
      child.stdout.on('data', onOutput);
      child.stderr.on('data', onOutput);
      child.once('error', finish);
      child.once('exit', (code, signal) => finish(new Error(`${plan.program} ended (${code ?? signal}): ${output}`)));
      child.stdin.on('error', finish);
      child.stdin.end(plan.input ?? '');
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the server was not started');
    return this.child.pid;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Ends the server and everything it started; resolves when the server is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    const gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    const killLater = setTimeout(() => this.signalAll('SIGKILL'), 5_000);
    this.signalAll(signal);
    await gone;
    clearTimeout(killLater);
  }

  /** Ends what the server started (its sessions), not the server itself. */
  killSessions(): void {
    for (const pid of descendants(this.pid)) signalProcess(pid, 'SIGKILL');
  }

  private signalAll(signal: NodeJS.Signals): void {
    if (!this.running || this.child.pid === undefined) return;
    for (const pid of descendants(this.child.pid)) signalProcess(pid, signal);
    signalProcess(this.child.pid, signal);
  }
}
