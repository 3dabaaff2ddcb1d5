import iconv from 'iconv-lite';

/** How a returned file can go wrong on its way; the right one follows, unless it was right all along. */
export const badInputs = ['truncated', 'wrong-encoding', 'not-xml', 'schema', 'unknown-code', 'wrong-count', 'wrong-total', 'too-long', 'repeated', 'empty'] as const;
export type BadInput = (typeof badInputs)[number];

/** What is put instead of the file, one after the other, and whether the right file must follow. */
export function tamperWith(bytes: Buffer, bad: BadInput, encoding: 'UTF-8' | 'GB18030'): { readonly spoiled: readonly Buffer[]; readonly then: 'mend' | 'nothing' } {
  const text = iconv.decode(bytes, encoding);
  const again = (changed: string): { spoiled: Buffer[]; then: 'mend' } => {
    if (changed === text) throw new Error(`the file has nothing that ${bad} could spoil`);
    return { spoiled: [iconv.encode(changed, encoding)], then: 'mend' };
  };
  switch (bad) {
    case 'truncated':
      return { spoiled: [bytes.subarray(0, Math.floor(bytes.length * 0.7))], then: 'mend' };
    case 'empty':
      return { spoiled: [Buffer.alloc(0)], then: 'mend' };
    case 'wrong-encoding':
      // FF begins no character in either encoding.
      return { spoiled: [Buffer.from(bytes.toString('latin1').replace('</HEAD>', '<!-- \xff --></HEAD>'), 'latin1')], then: 'mend' };
    case 'not-xml':
      return again(text.replace('</HEAD>', '</HAED>'));
    case 'schema':
      return again(text.replace('<PC>', '<QT>?</QT><PC>'));
    case 'unknown-code':
      return again(text.replace(/<ZT>\d<\/ZT>/, '<ZT>8</ZT>'));
    case 'wrong-count':
      return again(text.replace(/<BS>(\d+)<\/BS>/, (_, n: string) => `<BS>${Number(n) + 1}</BS>`));
    case 'wrong-total':
      return again(text.replace(/<JE>(\d+)\.(\d\d)<\/JE>/, (_, whole: string, part: string) => `<JE>${BigInt(whole) + 1n}.${part}</JE>`));
    case 'too-long':
      return again(text.replace(/<FKR>[^<]*<\/FKR>/, `<FKR>${'益'.repeat(101)}</FKR>`));
    case 'repeated':
      return { spoiled: [bytes], then: 'mend' };
  }
}
