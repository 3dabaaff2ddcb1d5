import { mkdir, open, readFile, truncate, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { tellErrorCode } from './tell-error-code.js';

/**
 * An append-only file of JSON lines. `append` resolves when the lines are handed to the operating system in one write; a
 * line torn by a crash is cut off when the file is opened again.
 */
export class JsonLinesFile<T> {
  private constructor(
    private readonly handle: FileHandle,
    /** The lines that stood in the file when it was opened. */
    readonly found: readonly T[],
  ) {}

  /** Opens or makes the file. `isCommit` tells which line ends a group; lines after the last such line are cut off too. */
  static async open<T>(path: string, isCommit: (line: T) => boolean = () => true): Promise<JsonLinesFile<T>> {
    await mkdir(dirname(path), { recursive: true });
    const content = await readFile(path).catch((error: unknown) => {
      if (tellErrorCode(error) === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const found: T[] = [];
    let committed = 0;
    let keptBytes = 0;
    for (let from = 0, end = content.indexOf(10); end !== -1; from = end + 1, end = content.indexOf(10, from)) {
      const line = JSON.parse(content.toString('utf8', from, end)) as T;
      found.push(line);
      if (!isCommit(line)) continue;
      committed = found.length;
      keptBytes = end + 1;
    }
    if (keptBytes < content.length) await truncate(path, keptBytes);
    return new JsonLinesFile<T>(await open(path, 'a'), found.slice(0, committed));
  }

  async append(lines: readonly T[]): Promise<void> {
    if (lines.length > 0) await this.handle.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
