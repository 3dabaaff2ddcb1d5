import { z } from 'zod';
import { mappingSchema } from '../domain/mapping-language.js';

/** The text of `mappings/mapping.schema.json`, by which editors complete and check mapping files. */
export function mappingJsonSchema(): string {
  const schema = z.toJSONSchema(mappingSchema, { io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify({ title: 'A mapping of one message; made from src/domain/mapping-language.ts, do not edit', ...schema }, null, 2)}\n`;
}
