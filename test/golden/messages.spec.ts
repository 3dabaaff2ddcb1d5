import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Row } from '../../src/domain/snapshot.js';
import { faults, mappings, messagesOf, channels, produce, samples } from './sample-messages.js';

/** Every message as bytes. `UPDATE_GOLDEN=1` writes them anew; read the difference before committing it. */

const update = process.env['UPDATE_GOLDEN'] === '1';

test('every mapping compiles and every message that a channel sends has samples', () => {
  expect(faults).toEqual([]);
  expect(mappings).toHaveLength(channels.flatMap((c) => Object.keys(messagesOf(c))).length);
  const withSamples = new Set(samples.map((s) => s.mapping));
  expect(mappings.filter((m) => !withSamples.has(m)).map((m) => `${m.channel}/${m.message}`)).toEqual([]);
});

describe.each(samples.map((s) => [s.name, s] as const))('%s', (_, sample) => {
  test(`${sample.title}: no findings and the expected bytes`, () => {
    const { bytes, findings, notes } = produce(sample);
    expect({ findings, notes }).toEqual({ findings: [], notes: [] });
    if (update) writeFileSync(sample.golden, bytes!);
    expect(existsSync(sample.golden)).toBe(true);
    const decoder = new TextDecoder(sample.channel.encoding.toLowerCase(), { fatal: true });
    expect(decoder.decode(bytes)).toBe(decoder.decode(readFileSync(sample.golden)));
    expect(bytes!.equals(readFileSync(sample.golden))).toBe(true);
  });
});

test('the values of a sample row differ, so that a swapped element shows', () => {
  // Codes (the gateway's own are words in small letters), flags and small numbers may agree; two columns with names, texts or times may not.
  const shown = (row: Row): string[] => Object.entries(row).flatMap(([column, value]) => (value && value.length > 4 && !/_code$|^status$|^role$/.test(column) && !/^[a-z-]+$/.test(value) ? [value] : []));
  for (const { name, snapshot } of samples) {
    const values = [...shown(snapshot.case), ...Object.values(snapshot.children).flat().flatMap(shown)];
    const twice = values.filter((v, i) => values.indexOf(v) !== i);
    expect({ name, twice }).toEqual({ name, twice: [] });
  }
});
