/** The end of a command's help: what else there is to know, and examples to copy. */
export function helpText(text: string, ...examples: readonly string[]): string {
  return `\n${text}\n\nExamples:\n${examples.map((e) => `  npm run -s gateway -- ${e}`).join('\n')}\n`;
}
