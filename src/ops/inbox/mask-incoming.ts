import { maskText, maskValue } from '../../domain/mask-personal.js';

/** Runs of two and more Chinese characters, rare ones and the dot in names of minorities included. */
const chinese = /[\u3007\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]{1}[\u3007\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}·•]+/gu;
/** The identity of a taxpayer is a number of letters and digits, whoever it is. */
const taxpayer = /(<NSRSBH>)([^<]+)(<)/g;

/**
 * What came in as it is shown to who has not unmasked it. Of an acknowledgement the bureau's own values are known and hidden; in a
 * returned file, or in what nobody could read, any Chinese text may be a name, so none is shown.
 */
export function maskIncoming(text: string, kind: 'acknowledgement' | 'other', values: readonly string[]): string {
  const known = maskText(text, values);
  if (kind === 'acknowledgement') return known;
  return known.replaceAll(taxpayer, (_, open: string, value: string, close: string) => `${open}${maskValue(value)}${close}`).replaceAll(chinese, (found) => maskValue(found));
}
