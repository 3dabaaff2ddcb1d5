/** Money is integer fen (分); text at every border. Never a JS number: a file of a million lines must add up to the fen. */
export type Fen = bigint;

/** Reads yuan as the partners write it (`80`, `80.5`, `-1234.56`); throws on anything else, also on a third decimal. */
export function readYuan(text: string): Fen {
  const found = /^(-?)(\d{1,15})(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (found === null) throw new RangeError(`expected an amount in yuan with at most two decimals, such as 80.00`);
  const [, sign, whole, part = ''] = found;
  const fen = BigInt(whole!) * 100n + BigInt(part.padEnd(2, '0'));
  return sign === '-' ? -fen : fen;
}

/** Yuan with two decimals, as the partners and the clerks read it. */
export function writeYuan(fen: Fen): string {
  const size = fen < 0n ? -fen : fen;
  return `${fen < 0n ? '-' : ''}${size / 100n}.${String(size % 100n).padStart(2, '0')}`;
}
