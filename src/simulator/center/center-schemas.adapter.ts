import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';

/** The XSDs that the center holds for one channel, compiled once: `<dir>/<channel>/<message>/<message>.xsd`. */
export class CenterSchemas {
  private constructor(private readonly validators: ReadonlyMap<string, XsdValidator>) {}

  /** Compiles every XSD of the channel; throws where one is broken or none is there. */
  static async load(dir: string, channel: string): Promise<CenterSchemas> {
    const validators = new Map<string, XsdValidator>();
    for (const entry of await readdir(join(dir, channel), { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const files = await readdir(join(dir, channel, entry.name));
      if (!files.includes(`${entry.name}.xsd`)) continue; // code lists and samples stand beside the messages
      const schema = XmlDocument.fromBuffer(await readFile(join(dir, channel, entry.name, `${entry.name}.xsd`)));
      try {
        validators.set(entry.name, XsdValidator.fromDoc(schema));
      } finally {
        schema.dispose();
      }
    }
    if (validators.size === 0) throw new Error(`no XSD for channel ${channel} in the directory given`);
    return new CenterSchemas(validators);
  }

  get messages(): ReadonlySet<string> {
    return new Set(this.validators.keys());
  }

  validatorOf(message: string): XsdValidator | undefined {
    return this.validators.get(message);
  }

  dispose(): void {
    for (const validator of this.validators.values()) validator.dispose();
  }
}
