import { acknowledgementLevels } from '../domain/receiver-messages.js';
import { documentLimits, expectations } from './check-acknowledgement.js';

const acknowledgement = {
  type: 'object' as const,
  required: ['id', 'level'],
  additionalProperties: false,
  properties: {
    id: { type: 'string', pattern: '^[0-9a-fA-F]{32}$', description: expectations.id },
    level: { type: 'string', enum: [...acknowledgementLevels] },
    sha256: { type: 'string', pattern: '^[0-9a-fA-F]{64}$', nullable: true, description: expectations.sha256 },
    code: { type: 'string', maxLength: 50, nullable: true },
    reason: { type: 'string', maxLength: 2000, nullable: true },
    time: { type: 'string', nullable: true, description: expectations.time },
  },
};

/** The JSON body for OpenAPI: a list with its channel. */
export const listSchema = {
  type: 'object' as const,
  required: ['acknowledgements'],
  additionalProperties: false,
  properties: { channel: { type: 'string', description: expectations.channel }, acknowledgements: { type: 'array', minItems: 1, maxItems: documentLimits.acknowledgements, items: acknowledgement } },
  example: { channel: 'center', acknowledgements: [{ id: '0123456789abcdef0123456789abcdef', level: 'refused', code: 'E102', reason: '缺少受理单位代码', time: '20261123T100000' }] },
};

/** The JSON body for OpenAPI: one acknowledgement by itself. */
export const singleSchema = { ...acknowledgement, properties: { ...acknowledgement.properties, channel: { type: 'string', description: expectations.channel } } };

/** The answer 400 for OpenAPI. */
export const unreadableSchema = {
  type: 'object' as const,
  properties: {
    receipt: { type: 'string', description: 'number in the inbox, where the bytes are kept' },
    error: { type: 'string' },
    faults: {
      type: 'array',
      maxItems: documentLimits.faults,
      items: { type: 'object', required: ['path', 'expected'], properties: { path: { type: 'string' }, line: { type: 'integer' }, column: { type: 'integer' }, expected: { type: 'string' } } },
    },
  },
};

/** The other refusals for OpenAPI. */
export const refusalSchema = { type: 'object' as const, required: ['error', 'expected'], properties: { error: { type: 'string' }, expected: { type: 'string' } } };
