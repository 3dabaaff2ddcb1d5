/** What can be wrong with a file on the staging machine, each with what a person does about it. Nothing is touched without an order. */
export const mirrorFindingKinds = {
  missing: { text: 'staged and not answered, but it lies neither where it was put nor in the archive', remedy: 'gateway mirror --restore puts it there again with the same bytes' },
  altered: { text: 'it lies there with other content than the gateway put there', remedy: 'ask who wrote it; gateway mirror --restore puts it aside and ours in its place' },
  misread: { text: 'the receiver says that it read other content than the gateway put there', remedy: 'ask who wrote it; gateway mirror --restore sends it again with the same bytes' },
  foreign: { text: 'nobody of the gateway wrote it', remedy: 'ask the receiver what it is; the gateway neither reads it as a message nor removes it' },
  renamed: { text: 'a message of ours under another name; its own name is missing', remedy: 'gateway mirror --restore puts it there under its own name; ask the receiver to remove the other' },
  doubled: { text: 'a copy of a message of ours under another name', remedy: 'ask the receiver to remove the copy; the gateway sends a message under one name only' },
  'half-written': { text: 'a temporary file of ours that nobody is writing any more, left by a crash', remedy: 'gateway mirror --sweep removes it once it was seen for an hour' },
  unlisted: { text: 'a message of ours that no manifest lists, because its exchange went no further', remedy: 'nothing: a receiver takes only what a manifest lists; when the exchange is retried the file is used' },
  overdue: { text: 'the receiver has not taken this manifest for longer than mirror.overdueMs', remedy: 'ask the receiver whether its import runs and whether it waits for an earlier manifest' },
  uncollected: { text: 'an acknowledgement file that nobody takes in', remedy: 'set acknowledgement.files: true, or give the account the right to move files in this directory' },
  unrecorded: { text: 'an acknowledgement file that was put away, but the ledger does not hold it', remedy: 'after a ledger was restored: move the file back to the acknowledgement directory, it is taken in again' },
} as const satisfies Record<string, { readonly text: string; readonly remedy: string }>;

export type MirrorFindingKind = keyof typeof mirrorFindingKinds;

/** One file (or place where a file should be) on the staging machine of a channel. */
export interface MirrorFinding {
  readonly kind: MirrorFindingKind;
  readonly directory: string;
  readonly name: string;
  readonly exchangeId?: string | undefined;
  readonly manifestSeq?: string | undefined;
  /** Bytes, of what lies there. */
  readonly size?: number | undefined;
  /** Of what lies there, where it was read. */
  readonly sha256?: string | undefined;
  readonly detail: string;
}
