import type { ChannelSettings } from '../../domain/settings.js';
import { openStaging } from './open-staging.adapter.js';
import type { StagingMachine } from './staging-machine.js';

/** The staging machines of this process, one connection per channel, opened when first needed. */
export class StagingRegistry {
  private readonly machines = new Map<string, StagingMachine>();

  constructor(private readonly channels: readonly ChannelSettings[]) {}

  of(channel: string): StagingMachine {
    const known = this.machines.get(channel);
    if (known) return known;
    const settings = this.channels.find((c) => c.channel === channel);
    if (!settings) throw new Error(`channel ${channel} is not configured`);
    const machine = openStaging(settings.staging);
    this.machines.set(channel, machine);
    return machine;
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.machines.values()].map((m) => m.close()));
    this.machines.clear();
  }
}
