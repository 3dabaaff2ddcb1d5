import type { ChannelSettings, Settings } from '../domain/settings.js';
import { nearestKey } from '../platform/config/nearest-key.js';
import { CommandFailure, exitCodes } from './cli-context.js';

/** The configured channel of this name. */
export function channelOrFail(settings: Settings, name: string): ChannelSettings {
  const channel = settings.channels.find((c) => c.channel === name);
  if (channel) return channel;
  const names = settings.channels.map((c) => c.channel);
  const near = nearestKey(name, names);
  throw new CommandFailure(`there is no channel ${name}; configured: ${names.join(', ')}${near === undefined ? '' : `. Did you mean ${near}?`}`, exitCodes.usage);
}
