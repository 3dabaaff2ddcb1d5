import { parseArgs, type ParseArgsConfig } from 'node:util';

/** What a command was called with; says on stderr what it does not know, with the help text, and ends the process with 2. */
export function readArguments<const T extends ParseArgsConfig>(config: T, help: string): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs<T>(config);
  } catch (error) {
    // The sentences after the first tell programmers how to pass what looks like an option.
    process.stderr.write(`${(error instanceof Error ? error.message : String(error)).split('. ')[0]!}\n${help}`);
    process.exit(2);
  }
}
