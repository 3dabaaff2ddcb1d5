import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

export type GatewayLog = Logger;

/** JSON lines on standard output. Fields that may hold secrets or personal data are cut out wherever they stand. */
export function createLog(options: { level: string; instance: string }): GatewayLog {
  return pino({
    level: options.level,
    base: { instance: options.instance, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ['password', '*.password', 'secret', '*.secret', 'secrets', '*.secrets', 'url', '*.url', 'authorization', '*.authorization', 'content', '*.content', 'body', '*.body', '*.parameters', '*.query'], censor: '[cut]' },
    serializers: { err: errorForLog },
  });
}

/** Class, message and stack only: driver errors carry statements and parameters, which hold personal data. */
function errorForLog(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { text: String(error) };
  const code = (error as { code?: unknown }).code;
  return { name: error.name, message: error.message, stack: error.stack, ...(typeof code === 'string' ? { code } : {}) };
}

/** Nest's own lines go the same way as ours. */
export class NestLog implements LoggerService {
  constructor(private readonly lines: GatewayLog) {}
  private write(level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal', message: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? (rest.at(-1) as string) : undefined;
    if (message instanceof Error) this.lines[level]({ context, err: message }, message.message);
    else this.lines[level]({ context }, typeof message === 'string' ? message : JSON.stringify(message));
  }
  // Nest tells each route and module at start; that belongs to debugging.
  log(message: unknown, ...rest: unknown[]): void { this.write('debug', message, rest); }
  error(message: unknown, ...rest: unknown[]): void { this.write('error', message, rest); }
  warn(message: unknown, ...rest: unknown[]): void { this.write('warn', message, rest); }
  debug(message: unknown, ...rest: unknown[]): void { this.write('debug', message, rest); }
  verbose(message: unknown, ...rest: unknown[]): void { this.write('trace', message, rest); }
  fatal(message: unknown, ...rest: unknown[]): void { this.write('fatal', message, rest); }
}
