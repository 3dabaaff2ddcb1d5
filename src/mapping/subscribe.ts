import type { Subscription } from '../domain/subscription.js';
import type { CompiledMapping } from './compiled-mapping.js';
import { readDigestInput } from './read-digest-input.js';

/** What each mapping wants captured, with the digest of exactly what it would send. */
export function subscriptionsOf(mappings: readonly CompiledMapping[]): Subscription[] {
  return mappings.map((mapping) => ({
    channel: mapping.channel,
    stream: mapping.stream,
    event: mapping.event,
    attachments: mapping.attachments?.child,
    digestInput: (snapshot, item) => readDigestInput(mapping, snapshot, item),
  }));
}
