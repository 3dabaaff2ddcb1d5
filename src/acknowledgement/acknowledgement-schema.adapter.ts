import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** Where the schema of acknowledgements lies below the mappings; every channel uses this form. */
const schemaPath = path.join('center', 'return', 'acknowledgement', 'acknowledgement.xsd');

/** Reads and compiles acknowledgement.xsd; throws with the file's name when it is missing or broken, which stops the start. */
export async function openAcknowledgementSchema(mappingsDir: string): Promise<XsdValidator> {
  const file = path.join(mappingsDir, schemaPath);
  try {
    const document = XmlDocument.fromString((await readFile(file, 'utf8')).replace(/^\ufeff/, ''));
    try {
      return XsdValidator.fromDoc(document);
    } finally {
      document.dispose();
    }
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message.trim() : String(error)}`, { cause: error });
  }
}
