import type { Clock } from '../platform/clock.js';

/** Exit codes; 69 and 78 are EX_UNAVAILABLE and EX_CONFIG of sysexits.h. */
export const exitCodes = { ok: 0, attention: 1, usage: 2, unavailable: 69, configuration: 78 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What a command has of the world. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Name of the operating system's user, for the timeline. */
  readonly user: string;
  readonly out: (text: string | Buffer) => void;
  readonly err: (text: string) => void;
}

/** A command that cannot do its work, told in plain lines. */
export class CommandFailure extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode,
  ) {
    super(message);
    this.name = 'CommandFailure';
  }
}

export const actorOf = (context: CliContext): string => `admin ${context.user}`.slice(0, 80);

/** Prints for machines. */
export function printJson(context: CliContext, value: unknown): void {
  context.out(`${JSON.stringify(value, null, 2)}\n`);
}

/** Where several things went wrong, the one that must be mended first: configuration, then connections, then the rest. */
export function worst(codes: readonly ExitCode[]): ExitCode {
  for (const code of [exitCodes.usage, exitCodes.configuration, exitCodes.unavailable, exitCodes.attention]) if (codes.includes(code)) return code;
  return exitCodes.ok;
}
