import { z } from 'zod';
import type { Acknowledgement } from '../domain/receiver-messages.js';
import { checkAcknowledgement, documentLimits, expectations, type AcknowledgementDocument, type DocumentFault } from './check-acknowledgement.js';
import { placeOf } from '../platform/decode-document.js';

const envelope = z.strictObject({ channel: z.string().optional(), acknowledgements: z.array(z.unknown()).min(1) });

const fail = (...faults: DocumentFault[]): AcknowledgementDocument => ({ ok: false, faults });

/** Where the nesting first goes beyond `limit`; brackets inside strings do not count. */
function tooDeepAt(text: string, limit: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > limit) return i;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return undefined;
}

/** Reads `{"channel":…,"acknowledgements":[…]}` or one acknowledgement by itself, which may name the channel too. */
export function readJsonAcknowledgements(text: string): AcknowledgementDocument {
  const deep = tooDeepAt(text, documentLimits.depth);
  if (deep !== undefined) return fail({ path: '/', ...placeOf(text, deep), expected: `at most ${documentLimits.depth} levels` });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    // The message quotes the document; only the offset in it is used.
    const offset = /at position (\d+)/.exec((error as Error).message)?.[1];
    return fail({ path: '/', ...(offset === undefined ? {} : placeOf(text, Number(offset))), expected: 'well-formed JSON' });
  }
  if (typeof json === 'object' && json !== null && Object.hasOwn(json, 'id')) {
    const { channel, ...one } = json as Record<string, unknown>;
    if (channel !== undefined && typeof channel !== 'string') return fail({ path: 'channel', expected: expectations.channel });
    return readList([one], () => '', channel);
  }
  const outer = envelope.safeParse(json);
  if (!outer.success) {
    const fields = new Set(outer.error.issues.map((i) => String(i.path[0] ?? '')));
    return fail(...[...fields].map((f) =>
      f === 'channel' ? { path: 'channel', expected: expectations.channel }
      : f === 'acknowledgements' ? { path: 'acknowledgements', expected: 'a list of at least one acknowledgement' }
      : { path: '/', expected: 'an object with channel and acknowledgements, or one acknowledgement with id and level, and nothing else' }));
  }
  const { channel, acknowledgements } = outer.data;
  if (acknowledgements.length > documentLimits.acknowledgements) return fail({ path: 'acknowledgements', expected: `at most ${documentLimits.acknowledgements} acknowledgements` });
  return readList(acknowledgements, (i) => `acknowledgements[${i}]`, channel);
}

function readList(items: readonly unknown[], pathOf: (index: number) => string, channel: string | undefined): AcknowledgementDocument {
  const read: Acknowledgement[] = [];
  const faults: DocumentFault[] = [];
  for (const [i, item] of items.entries()) {
    const checked = checkAcknowledgement(item);
    if ('acknowledgement' in checked) read.push(checked.acknowledgement);
    else {
      const path = pathOf(i);
      for (const field of checked.faults) {
        faults.push(field === '' ? { path: path === '' ? '/' : path, expected: 'an object with id, level and, where known, sha256, code, reason, time, and nothing else' }
          : { path: path === '' ? field : `${path}.${field}`, expected: expectations[field] });
      }
      if (faults.length >= documentLimits.faults) break;
    }
  }
  return faults.length > 0 ? fail(...faults.slice(0, documentLimits.faults)) : { ok: true, acknowledgements: read, ...(channel === undefined ? {} : { channel }) };
}
