/** Words that stand at the beginning of every list that is tried. */
const common = ['password', 'passw0rd', 'qwerty', '123456', 'abc123', 'admin', 'letmein', 'welcome', 'iloveyou', '1q2w3e', 'gateway'];

/** What is wrong with a new password, in words; undefined when it may be taken. Length counts more than kinds of characters. */
export function checkPassword(next: string, name: string, current: string): string | undefined {
  const small = next.toLowerCase();
  if ([...next].length < 12) return 'a password has at least 12 characters; a sentence is easy to keep in mind';
  if (next.length > 128) return 'a password has at most 128 characters';
  if (/[\u0000-\u001f\u007f]/.test(next)) return 'a password has no control characters';
  if (next === current) return 'the new password is the old one';
  if (small.includes(name.toLowerCase())) return 'a password does not contain the name of its user';
  if (new Set(small).size < 6) return 'a password has at least 6 different characters';
  const rest = common.reduce((text, word) => text.replaceAll(word, ''), small).replaceAll(/(.)\1+/g, '$1');
  if ([...rest].length < 6) return 'this password is made of words that are tried first';
  return undefined;
}
