/** Name of a scanned file on the staging machine: the message's name, its ordinal, and the original extension if plain. */
export function nameAttachment(messageFileName: string, ordinal: number, originalName: string): string {
  const extension = /\.([A-Za-z0-9]{1,8})$/.exec(originalName)?.[1]?.toLowerCase() ?? 'bin';
  return `${messageFileName.replace(/\.xml$/, '')}.a${String(ordinal).padStart(2, '0')}.${extension}`;
}
