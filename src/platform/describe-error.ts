import { GatewayFailure } from '../domain/failures.js';

/** An error in one line without a stack, without the credentials of an address and without the values of a statement. */
export function describeError(error: unknown): string {
  if (error instanceof GatewayFailure) return oneLine(error.detail);
  if (!(error instanceof Error)) return oneLine(String(error));
  const code = codeOf(error);
  // Node gives several refused addresses of one name as an AggregateError without text.
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0].message : '';
  const text = error.message || inner || error.name;
  return oneLine(code === undefined || text.includes(code) ? text : `${text} (${code})`);
}

/** `host:port/database` of an address: the only part of it that is ever shown. */
export function describeAddress(url: string): string {
  if (!URL.canParse(url)) return 'an address that cannot be read';
  const { protocol, hostname, port, pathname } = new URL(url);
  return `${protocol.replace(':', '')} ${hostname}${port === '' ? '' : `:${port}`}${pathname === '/' ? '' : pathname}`;
}

function codeOf(error: Error): string | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

function oneLine(text: string): string {
  return text.replace(/^Error: /, '').replace(/\/\/[^/\s@]*@/g, '//***@').replace(/\s*\n\s*/g, ' ').slice(0, 400);
}
