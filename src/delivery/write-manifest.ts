import { XMLBuilder } from 'fast-xml-parser';
import type { ManifestLine } from '../domain/receiver-messages.js';

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', format: true, indentBy: '  ', suppressEmptyNode: true });

/**
 * The bytes of a manifest: every file of a batch with size and hash, and the hash of the manifest before it, so that a lost
 * or inserted batch shows on both sides. UTF-8; times in Asia/Shanghai.
 */
export function writeManifest(facts: { channel: string; seq: string; previous: string; audit?: string | undefined; createdAt: Date; lines: readonly ManifestLine[] }): Buffer {
  const document = {
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    MANIFEST: {
      '@CHANNEL': facts.channel,
      '@SEQ': facts.seq,
      '@PREVIOUS': facts.previous,
      // The end of the audit chain, so that the center holds what nobody here can change.
      ...(facts.audit === undefined ? {} : { '@AUDIT': facts.audit }),
      '@CREATED': shanghai(facts.createdAt),
      '@COUNT': String(facts.lines.length),
      FILE: facts.lines.map((l) => ({
        '@ID': l.messageId, '@MESSAGE': l.message, '@CASE': l.caseNo, '@VERSION': String(l.version),
        '@SEQUENCE': l.recovery.sequence, '@OPERATION': l.recovery.operation, '@AT': l.recovery.at, '@DIGEST': l.recovery.digest, '@NAME': l.fileName, '@SIZE': String(l.size), '@SHA256': l.sha256,
        ...(l.attachments.length > 0 ? { ATTACHMENT: l.attachments.map((a) => ({ '@NAME': a.fileName, '@SIZE': String(a.size), '@SHA256': a.sha256 })) } : {}),
      })),
    },
  };
  return Buffer.from(builder.build(document) as string, 'utf8');
}

/** China has had no daylight saving since 1991: a fixed offset is right for every date the gateway writes. */
function shanghai(at: Date): string {
  return `${new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;
}
