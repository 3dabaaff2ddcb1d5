/** The moments at which a death does the most harm, as texts that pass on a line just then (see WireProxy). */
export interface KillPoint {
  readonly name: string;
  readonly role: 'scheduler' | 'worker' | 'api';
  readonly line: 'ledger' | 'bureau';
  readonly texts: readonly string[];
  readonly at: 'before' | 'answered';
}

/** A statement and the commit that follows it, each before it is sent and after it was done but not heard of. */
function aroundCommit(role: KillPoint['role'], name: string, statement: string): KillPoint[] {
  return [
    { name: `${name}: before the statement`, role, line: 'ledger', texts: [statement], at: 'before' },
    { name: `${name}: statement done, not committed`, role, line: 'ledger', texts: [statement], at: 'answered' },
    { name: `${name}: before the commit`, role, line: 'ledger', texts: [statement, 'COMMIT\0'], at: 'before' },
    { name: `${name}: committed, not heard of`, role, line: 'ledger', texts: [statement, 'COMMIT\0'], at: 'answered' },
  ];
}

const cardPoints = aroundCommit('scheduler', 'supervision issues cards and tells of them', 'insert into card (');

const commonPoints: readonly KillPoint[] = [
  ...aroundCommit('scheduler', 'capture moves the watermark', 'update watermark set position'),
  ...aroundCommit('scheduler', 'capture records snapshots', 'insert into case_snapshot ('),
  ...aroundCommit('scheduler', 'collection stores a file', 'insert into inbox ('),
  { name: 'mapping claimed and has not begun', role: 'worker', line: 'ledger', texts: ["e.state = $2"], at: 'answered' },
  ...aroundCommit('worker', 'mapping fixes bytes', 'insert into message ('),
  ...aroundCommit('worker', 'delivery fixes a manifest', 'insert into manifest ('),
  ...aroundCommit('worker', 'delivery records the staging', "update manifest set state = 'staged'"),
  ...aroundCommit('worker', 'acknowledgements move exchanges', 'insert into acknowledgement ('),
  ...aroundCommit('api', 'the endpoint stores an acknowledgement', 'insert into inbox ('),
];

/** Those on the lines; those of cards only where the supervising side takes part. */
export const killPointsOf = (supervision: boolean): readonly KillPoint[] => (supervision ? [...commonPoints, ...cardPoints] : commonPoints);

/** Moments on the staging machine itself; SFTP is encrypted, so the simulated machine says when they are there. */
export const stagingKillPoints = [
  { name: 'a file is half written', kind: 'write', when: 'after' },
  { name: 'a file is written, before its rename', kind: 'rename', when: 'before' },
  { name: 'a file is renamed, not heard of', kind: 'rename', when: 'after' },
] as const;
