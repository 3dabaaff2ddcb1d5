import { XMLParser } from 'fast-xml-parser';
import type { ManifestLine } from '../domain/receiver-messages.js';
import type { ChannelName, Instant, Operation, Sha256 } from '../domain/vocabulary.js';

/** A manifest of ours as it was read back from the staging machine. */
export interface ParsedManifest {
  readonly channel: ChannelName;
  readonly seq: string;
  /** Hash of the manifest before it, 64 zeros in the first. */
  readonly previous: Sha256;
  readonly createdAt: Instant;
  readonly lines: readonly ManifestLine[];
}

type Element = Readonly<Record<string, unknown>>;

const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', parseAttributeValue: false, trimValues: false, isArray: (name) => name === 'FILE' || name === 'ATTACHMENT' });

/** Number in the name of a manifest under its final name, without leading zeros; undefined for any other name. */
export function manifestNumber(fileName: string): string | undefined {
  const digits = /^M(\d{10,18})\.xml$/.exec(fileName)?.[1];
  return digits === undefined ? undefined : String(BigInt(digits));
}

/** Number of the exchange in the name of a file of ours; undefined for any other name. */
export function exchangeNumber(fileName: string): string | undefined {
  const digits = /^(\d{12,18})-/.exec(fileName)?.[1];
  return digits === undefined ? undefined : String(BigInt(digits));
}

/** Reads a manifest that writeManifest wrote; gives what is wrong with it where it says less, in words. */
export function parseManifest(bytes: Uint8Array): ParsedManifest | { readonly fault: string } {
  let root: unknown;
  try {
    root = (parser.parse(Buffer.from(bytes), true) as Element)['MANIFEST'];
  } catch (error) {
    return { fault: `it is not XML: ${error instanceof Error ? error.message : String(error)}` };
  }
  try {
    const manifest = element(root, 'MANIFEST');
    const lines = ((manifest['FILE'] ?? []) as unknown[]).map(lineOf);
    const count = attribute(manifest, 'COUNT', /^\d+$/);
    if (Number(count) !== lines.length) throw new Fault(`COUNT says ${count}, it lists ${lines.length}`);
    return {
      channel: attribute(manifest, 'CHANNEL', /./), seq: String(BigInt(attribute(manifest, 'SEQ', /^\d{1,18}$/))), previous: attribute(manifest, 'PREVIOUS', /^[0-9a-f]{64}$/),
      createdAt: new Date(attribute(manifest, 'CREATED', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$/)).toISOString(), lines,
    };
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message };
    throw error;
  }
}

class Fault extends Error {}

function lineOf(value: unknown): ManifestLine {
  const file = element(value, 'FILE');
  return {
    messageId: attribute(file, 'ID', /^[0-9a-f]{32}$/), message: attribute(file, 'MESSAGE', /./), caseNo: attribute(file, 'CASE', /./),
    version: Number(attribute(file, 'VERSION', /^[1-9]\d{0,8}$/)),
    recovery: {
      sequence: attribute(file, 'SEQUENCE', /./), operation: attribute(file, 'OPERATION', /^[IUD]$/) as Operation,
      at: attribute(file, 'AT', /^.{0,30}$/), digest: attribute(file, 'DIGEST', /^.{1,64}$/),
    },
    ...fileOf(file),
    attachments: ((file['ATTACHMENT'] ?? []) as unknown[]).map((a) => fileOf(element(a, 'ATTACHMENT'))),
  };
}

function fileOf(file: Element): { fileName: string; size: number; sha256: Sha256 } {
  return { fileName: attribute(file, 'NAME', /^[^./\\][^/\\]*$/), size: Number(attribute(file, 'SIZE', /^\d{1,15}$/)), sha256: attribute(file, 'SHA256', /^[0-9a-f]{64}$/) };
}

function element(value: unknown, name: string): Element {
  if (typeof value !== 'object' || value === null) throw new Fault(`there is no proper ${name}`);
  return value as Element;
}

function attribute(of: Element, name: string, form: RegExp): string {
  const value = of[`@${name}`];
  if (typeof value !== 'string' || !form.test(value)) throw new Fault(`${name} is missing or out of form`);
  return value;
}
