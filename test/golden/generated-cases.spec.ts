import { deriveEvents } from '../../src/capture/derive-events.js';
import { itemOf } from '../../src/domain/event-item.js';
import { produceMessage } from '../../src/mapping/produce-message.js';
import { subscriptionsOf } from '../../src/mapping/subscribe.js';
import { loadCatalogue } from '../../src/simulator/bureau/catalogue.adapter.js';
import { toSnapshot } from '../../src/simulator/bureau/case-record.js';
import { generateCases } from '../../src/simulator/bureau/generate-cases.js';
import { channels, mappings, stream } from './sample-messages.js';

test('300 ordinary cases go through every mapping without a finding', () => {
  const cases = generateCases({ catalogue: loadCatalogue(), seed: 20261123, count: 300, from: '2026-09-01', scans: false });
  const findings: Record<string, number> = {};
  const rendered = new Set<string>();
  for (const record of cases) {
    const snapshot = toSnapshot(record);
    for (const event of deriveEvents(stream, subscriptionsOf(mappings), snapshot)) {
      const mapping = mappings.find((m) => m.channel === event.channel && m.event === event.event)!;
      const facts = { id: '0'.repeat(32), channel: event.channel, event: event.event, version: 1, operation: 'I' as const, at: event.at, sequence: event.sequence };
      const message = produceMessage(mapping, snapshot, itemOf(stream, event.event, event.sequence, snapshot), facts, channels.find((c) => c.channel === event.channel)!);
      for (const f of message.findings) {
        const key = `${event.channel}/${event.event} ${f.element} ${f.source.replace(/ \(.*/, '')} ${f.rule}: ${f.text}`;
        findings[key] = (findings[key] ?? 0) + 1;
      }
      rendered.add(`${event.channel}/${event.event}`);
    }
  }
  expect(findings).toEqual({});
  expect([...rendered].sort()).toEqual(mappings.filter((m) => m.stream === stream.stream).map((m) => `${m.channel}/${m.event}`).sort());
});
