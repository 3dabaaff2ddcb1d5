import { failureCodes, type GatewayFailure } from '../domain/failures.js';
import { exitCodes, type ExitCode } from './cli-context.js';
import { describeError } from '../platform/describe-error.js';

/** One thing that was looked at. */
export interface CheckLine {
  /** E.g. `bureau`, `channel center`. */
  readonly area: string;
  readonly status: 'ok' | 'warn' | 'FAIL';
  readonly text: string;
  /** What to do, where it is not ok. */
  readonly remedy?: string | undefined;
  /** Of a FAIL; attention unless given. */
  readonly exitCode?: ExitCode | undefined;
}

export const good = (area: string, text: string): CheckLine => ({ area, status: 'ok', text });
export const warning = (area: string, text: string, remedy: string): CheckLine => ({ area, status: 'warn', text, remedy });
export const fault = (area: string, text: string, remedy: string, exitCode: ExitCode = exitCodes.attention): CheckLine => ({ area, status: 'FAIL', text, remedy, exitCode });

/** A known failure with its remedy from the list of codes. */
export function failureLine(area: string, failure: GatewayFailure): CheckLine {
  const code = failureCodes[failure.code];
  const connection = ['bureau-unreachable', 'ledger-unreachable', 'staging-unreachable', 'staging-host-key', 'staging-login', 'staging-interrupted'].includes(failure.code);
  return fault(area, `${code.text}: ${describeError(failure)} [${failure.code}]`, code.remedy, connection ? exitCodes.unavailable : exitCodes.attention);
}

/** How far our clock and another machine's may differ before it is told; tokens and webhooks bear minutes, order bears none. */
const skewWarnMs = 2_000;

export function skewLine(area: string, skewMs: number): CheckLine {
  const seconds = (Math.abs(skewMs) / 1_000).toFixed(1);
  if (Math.abs(skewMs) <= skewWarnMs) return good(area, `clock agrees with ours (${seconds} s apart)`);
  return warning(area, `its clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} ours`, 'set both machines to one time server (NTP); instants in the timeline are ours');
}
