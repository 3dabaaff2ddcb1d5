/** What to do with a file that lies in `ack/`, by its name and its end. */
export interface FileJudgement {
  /** For the inbox; the reader goes by it. */
  readonly contentType: 'application/xml' | 'application/json' | 'application/octet-stream';
  /** Whether the bytes end as a whole document of that kind does; a writer that does not rename may be in the middle. */
  readonly looksWhole: boolean;
}

const ends = { 'application/xml': '>', 'application/json': '}]' } as const;

/** Judges a file by its name and its last bytes; both encodings write these ends as ASCII. */
export function judgeFile(name: string, bytes: Uint8Array): FileJudgement {
  const contentType = /\.xml$/i.test(name) ? 'application/xml' : /\.json$/i.test(name) ? 'application/json' : undefined;
  if (contentType === undefined) return { contentType: 'application/octet-stream', looksWhole: true };
  const end = Buffer.from(bytes.subarray(Math.max(0, bytes.length - 256))).toString('latin1').trimEnd().at(-1);
  return { contentType, looksWhole: end !== undefined && ends[contentType].includes(end) };
}
