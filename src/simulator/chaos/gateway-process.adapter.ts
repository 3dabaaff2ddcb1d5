import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';

export interface GatewayProcessOptions {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Gets standard output and error of every run. */
  readonly logFile: string;
  /** How long a supervisor takes to start it again after it died. */
  readonly restartMs: number;
}

/** Kills the child when we die, however we die (Linux; elsewhere the exit handler has to do). */
const dieWithUs = ['/usr/bin/setpriv', '/bin/setpriv'].find(existsSync);

/** One process of the real gateway, started again when it dies, as systemd would. */
export class GatewayProcess {
  private child: ChildProcess | undefined;
  private wanted = false;
  private startedAt = 0;
  private readonly atExit = (): void => void this.child?.kill('SIGKILL');
  /** How often it was started. */
  starts = 0;
  /** Runs that ended by themselves, with the code; a kill of ours is none. */
  readonly failures: string[] = [];
  private expectedDeath = false;

  constructor(private readonly options: GatewayProcessOptions) {}

  get name(): string {
    return this.options.name;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts and keeps it running. */
  async start(): Promise<void> {
    this.wanted = true;
    process.once('exit', this.atExit);
    await this.launch();
  }

  /** SIGKILL; the supervisor starts it again. */
  kill(): void {
    this.expectedDeath = true;
    this.child?.kill('SIGKILL');
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(signal);
  }

  /** Ends it cleanly; after ten seconds by force. Returns the exit code, null after force. */
  async stop(): Promise<number | null> {
    this.wanted = false;
    const { child } = this;
    if (!child || !this.running) return child?.exitCode ?? null;
    this.expectedDeath = true;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(force);
    process.removeListener('exit', this.atExit);
    return child.exitCode;
  }

  /** Whether its last run has said that it runs. */
  async isUp(): Promise<boolean> {
    if (!this.running) return false;
    const text = await readFile(this.options.logFile, 'utf8').catch(() => '');
    return text.slice(text.lastIndexOf(runMark(this.starts))).includes('the gateway runs');
  }

  private async launch(): Promise<void> {
    this.starts += 1;
    this.expectedDeath = false;
    this.startedAt = Date.now();
    const log = await open(this.options.logFile, 'a');
    await log.appendFile(`${runMark(this.starts)}\n`);
    if (!this.wanted) return log.close();
    const command = [process.execPath, 'dist/main.js'];
    const [program, ...args] = dieWithUs === undefined ? command : [dieWithUs, '--pdeathsig', 'KILL', ...command];
    const child = spawn(program!, args, { env: { PATH: process.env['PATH'], ...this.options.env }, stdio: ['ignore', log.fd, log.fd] });
    this.child = child;
    child.once('error', (error) => this.failures.push(error.message));
    child.once('exit', (code, signal) => {
      if (!this.expectedDeath) this.failures.push(`ended with ${code ?? signal} after ${Math.round((Date.now() - this.startedAt) / 1000)} s`);
      if (this.wanted) setTimeout(() => this.wanted && this.launch().catch((error: unknown) => this.failures.push(String(error))), this.options.restartMs);
    });
    await log.close();
  }
}

const runMark = (run: number): string => `--- run ${run} ---`;
