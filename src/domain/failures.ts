/** Failures say who acts next. One list of codes, each with its kind and the remedy a person reads. */

/**
 * transient: nobody, it is tried again with backoff and jitter; case: a clerk corrects the case; setup: an operator, the
 * channel or stream stands still and no attempt is burnt; defect: a developer.
 */
export type FailureKind = 'transient' | 'case' | 'setup' | 'defect';

interface FailureRow {
  readonly kind: FailureKind;
  readonly text: string;
  readonly remedy: string;
}

export const failureCodes = {
  // capture
  'bureau-unreachable': { kind: 'transient', text: 'the bureau database does not answer', remedy: 'nothing to do now; look at the network and the database when it lasts' },
  'bureau-column-missing': { kind: 'setup', text: 'a configured column is missing in the bureau', remedy: 'bring the column back or correct config/streams; the watermark has not moved' },
  'bureau-column-retyped': { kind: 'setup', text: 'a bureau column changed its type', remedy: 'correct the type in config/streams after checking the mappings; the watermark has not moved' },
  'bureau-not-readable': { kind: 'setup', text: 'the bureau refuses the account or the query', remedy: 'grant SELECT on the configured tables to the gateway account' },
  'bureau-no-snapshot-isolation': { kind: 'setup', text: 'the bureau database does not allow snapshot isolation', remedy: 'ALTER DATABASE <name> SET ALLOW_SNAPSHOT_ISOLATION ON, or set bureau.allowTornReads' },
  'row-unreadable': { kind: 'case', text: 'a bureau row cannot be read as its configured types', remedy: 'correct the row in the bureau; it is captured again when it changes' },
  'attachment-broken': { kind: 'case', text: 'a scanned file does not match its recorded signature', remedy: 'scan or upload the file again in the bureau' },
  // mapping
  'message-invalid': { kind: 'case', text: 'the message breaks its schema or a rule', remedy: 'correct the data named in the findings in the bureau; the correction is sent by itself' },
  'mapping-broken': { kind: 'defect', text: 'the mapping failed on this case', remedy: 'give the exchange number to a developer' },
  // delivery
  'staging-unreachable': { kind: 'setup', text: 'the staging machine does not answer', remedy: 'nothing is lost; delivery goes on by itself when a probe succeeds' },
  'staging-host-key': { kind: 'setup', text: 'the staging machine shows another host key than the pinned one', remedy: 'ask the center whether the machine was changed; then update staging.sftp.hostKeySha256 of the channel' },
  'staging-login': { kind: 'setup', text: 'the staging machine refuses the account', remedy: 'check user name, key or password of the channel' },
  'staging-full': { kind: 'setup', text: 'the staging machine has no space left', remedy: 'ask the center to empty it; delivery goes on by itself' },
  'staging-denied': { kind: 'setup', text: 'the staging machine denies writing or renaming', remedy: 'ask the center for write permission on the channel directory' },
  'staging-interrupted': { kind: 'transient', text: 'the connection broke during the transfer', remedy: 'nothing to do now; what arrived is looked at before it is sent again' },
  'content-differs': { kind: 'transient', text: 'what lies on the staging machine is not what was written', remedy: 'nothing to do now; look at the disk of the staging machine when it lasts' },
  'ledger-behind': { kind: 'setup', text: 'the staging machine holds manifests that the ledger does not know: an older ledger was restored', remedy: 'run gateway recover --channel <name>, read its plan, and run it again with --yes' },
  'name-taken': { kind: 'defect', text: 'a file of this name with other content lies on the staging machine', remedy: 'compare the two files; only a person may remove the foreign one' },
  'attempts-exhausted': { kind: 'setup', text: 'all attempts failed', remedy: 'look at the last cause in the timeline, mend it, then retry' },
  'parked-by-person': { kind: 'case', text: 'an administrator parked it', remedy: 'do what the reason says, then retry or cancel it; a correction in the bureau is sent by itself' },
  'worker-killed': { kind: 'defect', text: 'the exchange ended its worker several times', remedy: 'give the exchange number to a developer; do not retry before' },
  // the receiver
  'refused-by-receiver': { kind: 'case', text: 'the receiver refused the message', remedy: 'correct what the reason names in the bureau; the correction is sent as the next version' },
  // the house
  'ledger-unreachable': { kind: 'transient', text: 'the ledger database does not answer or broke the work off', remedy: 'nothing to do now, it is done again; look at the ledger database and the network when it lasts' },
  'calendar-year-missing': { kind: 'setup', text: 'the working calendar does not hold this year', remedy: 'enter the year from the notice of the State Council under nationalYears in config/calendar.yaml, or bring the package chinese-days up to date' },
  'unexpected': { kind: 'defect', text: 'something nobody foresaw', remedy: 'give the exchange number to a developer' },
} as const satisfies Record<string, FailureRow>;

export type FailureCode = keyof typeof failureCodes;

export function failureKind(code: FailureCode): FailureKind {
  return failureCodes[code].kind;
}

/** An expected failure. `detail` names file, field or address; it never holds a secret, a name or an identity number. */
export class GatewayFailure extends Error {
  constructor(
    readonly code: FailureCode,
    readonly detail: string,
    options?: { cause?: unknown },
  ) {
    super(`${code}: ${detail}`, options);
    this.name = 'GatewayFailure';
  }
  get kind(): FailureKind {
    return failureKind(this.code);
  }
}

/** Any thrown thing as a GatewayFailure; what nobody foresaw becomes `unexpected` with the error's class and message. */
export function asFailure(error: unknown, fallback: FailureCode = 'unexpected'): GatewayFailure {
  if (error instanceof GatewayFailure) return error;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new GatewayFailure(fallback, text.slice(0, 500), { cause: error });
}
