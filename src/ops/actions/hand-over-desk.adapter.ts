import type { Response } from 'express';
import { once } from 'node:events';
import type { HandOverAdapter } from '../../delivery/hand-over.adapter.js';
import type { HandOverCheck, HandOverDue, HandOverLine, HandOverMade, HandOverRequest, Ordered } from '../../domain/ops-action-api.js';
import type { TwoPersons } from '../../domain/ops-settings.js';
import type { ChannelSettings, Settings } from '../../domain/settings.js';
import type { AuditStore, AuditActor } from '../../ledger/audit.store.js';
import type { ChannelStore } from '../../ledger/channel.store.js';
import type { HandOverPackage, HandOverStore } from '../../ledger/hand-over.store.js';
import type { OpsOrder } from '../../ledger/ops-order.store.js';
import type { SignedOn } from '../../ledger/request-session.adapter.js';
import type { Clock } from '../../platform/clock.js';
import type { DoorbellAdapter } from '../../platform/queue/doorbell.adapter.js';
import { refuse } from '../refusal.js';
import { writeZip } from '../write-zip.adapter.js';
import { orderNeedsSecond } from './needs-second.js';

interface DeskParts {
  readonly settings: Pick<Settings, 'channels'>;
  readonly twoPersons: TwoPersons;
  readonly handOvers: HandOverStore;
  readonly adapter: HandOverAdapter;
  readonly channels: ChannelStore;
  readonly audit: AuditStore;
  readonly clock: Clock;
  readonly doorbell: DoorbellAdapter;
  /** Opens an order for a second person. */
  readonly order: (kind: 'hand-over-export' | 'hand-over-confirm', subject: string, facts: OpsOrder['facts'], reason: string | undefined, signed: SignedOn) => Promise<Ordered>;
}

const shown = 200;

/** Packages that are carried by hand: made, fetched, confirmed by the receiver's hashes, or taken back. */
export class HandOverDesk {
  constructor(private readonly parts: DeskParts) {}

  async due(channel: string, cases: readonly string[] | undefined): Promise<HandOverDue> {
    const { parts } = this;
    const known = this.channel(channel);
    const busy = (await parts.handOvers.list(known.channel)).find((p) => p.state === 'open')?.id;
    return { channel: known.channel, due: await parts.handOvers.due(known.channel, cases), busy, second: orderNeedsSecond(parts.twoPersons, 'hand-over-export') };
  }

  async list(): Promise<HandOverLine[]> {
    return (await this.parts.handOvers.list()).slice(0, shown).map(line);
  }

  async make(asked: HandOverRequest, signed: SignedOn): Promise<HandOverMade> {
    const { channel } = this.channel(asked.channel);
    if (orderNeedsSecond(this.parts.twoPersons, 'hand-over-export')) {
      const due = await this.parts.handOvers.due(channel, asked.cases);
      return { ordered: await this.parts.order('hand-over-export', channel, { channel, due, ...(asked.cases === undefined ? {} : { cases: asked.cases.length, caseNos: JSON.stringify(asked.cases) }) }, asked.reason, signed) };
    }
    return { package: await this.export(channel, asked.cases, asked.reason, signed.who) };
  }

  /** Fixes a package; from then on its channel stands still. Undefined when nothing is due. */
  async export(name: string, cases: readonly string[] | undefined, reason: string | undefined, who: AuditActor): Promise<HandOverLine | undefined> {
    const { parts } = this;
    const channel = this.channel(name);
    await parts.channels.ensure([channel.channel]);
    await parts.audit.record(who, { action: 'hand-over.export', subject: channel.channel, outcome: 'ordered', detail: { reason, ...(cases === undefined ? {} : { cases: cases.length }) } });
    const made = await parts.adapter.fix(channel, who.actor, cases);
    if (made !== undefined && 'busy' in made) throw refuse('gone', `package ${made.busy} of this channel is not settled: confirm it, or take it back`);
    await parts.audit.record(who, { action: 'hand-over.export', subject: made?.id ?? channel.channel, outcome: 'done', detail: { manifests: made?.manifests ?? [], nothingDue: made === undefined } });
    return made && line(made);
  }

  /** The package as a ZIP file. */
  async files(id: string, reason: string, signed: SignedOn, response: Response): Promise<void> {
    const { parts } = this;
    const made = await this.known(id);
    if (made.state !== 'open') throw refuse('gone', `this package is ${made.state}; only an open one is written`);
    await parts.audit.record(signed.who, { action: 'personal.download', subject: `package ${id}`, outcome: 'done', detail: { manifests: made.manifests, reason } });
    response.status(200).set({ 'content-type': 'application/zip', 'content-disposition': `attachment; filename="${id}.zip"`, 'x-content-type-options': 'nosniff' });
    const files = parts.adapter.files(this.channel(made.channel), made);
    const inFolder = (async function* () { for await (const f of files) yield { ...f, path: `${id}/${f.path}` }; })();
    try {
      for await (const piece of writeZip(inFolder, parts.clock.now())) {
        if (response.destroyed) return;
        if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
      }
      response.end();
    } catch (error) {
      // Half a file must not look like a whole one.
      response.destroy();
      throw error;
    }
  }

  /** Closes a package as delivered when every hash matches; otherwise nothing is closed and what differs is told. */
  async confirm(id: string, hashes: Buffer, signed: SignedOn): Promise<HandOverCheck> {
    const { parts } = this;
    const made = await this.known(id);
    if (made.state !== 'open') throw refuse('gone', `this package is ${made.state} already`);
    const check = await parts.adapter.check(this.channel(made.channel), id, hashes);
    const told = {
      matching: check.matching, differing: check.differing.slice(0, shown), differingCount: check.differing.length, missing: check.missing.slice(0, shown), missingCount: check.missing.length,
      others: check.others, unreadable: check.unreadable.slice(0, shown),
    };
    if (check.differing.length + check.missing.length > 0) {
      await parts.audit.record(signed.who, { action: 'hand-over.confirm', subject: id, outcome: 'refused', detail: { matching: check.matching, differing: check.differing.length, missing: check.missing.length } });
      return { ...told, confirmed: false };
    }
    if (orderNeedsSecond(parts.twoPersons, 'hand-over-confirm')) return { ...told, confirmed: false, ordered: await parts.order('hand-over-confirm', id, { channel: made.channel, package: id, matching: check.matching }, undefined, signed) };
    return { ...told, confirmed: true, staged: await this.close(id, signed.who) };
  }

  /** Its hashes were checked. How many exchanges are staged by it. */
  async close(id: string, who: AuditActor): Promise<number> {
    const { parts } = this;
    const { channel } = await this.known(id);
    await parts.audit.record(who, { action: 'hand-over.confirm', subject: id, outcome: 'ordered' });
    const staged = await parts.handOvers.confirm(id, who.actor);
    if (staged === undefined) throw refuse('gone', 'this package is closed already');
    await parts.audit.record(who, { action: 'hand-over.confirm', subject: id, outcome: 'done', detail: { staged: staged.length } });
    // What was acknowledged before it was confirmed is read now, and the channel flows again.
    await Promise.all([parts.doorbell.ring('deliver', channel), parts.doorbell.ring('read', channel)]);
    return staged.length;
  }

  async takeBack(id: string, signed: SignedOn): Promise<HandOverLine> {
    const { parts } = this;
    const made = await this.known(id);
    await parts.audit.record(signed.who, { action: 'hand-over.take-back', subject: id, outcome: 'ordered' });
    if (!(await parts.handOvers.takeBack(id, signed.who.actor))) throw refuse('gone', `this package is ${(await this.known(id)).state} already`);
    await parts.doorbell.ring('deliver', made.channel);
    return line(await this.known(id));
  }

  private async known(id: string): Promise<HandOverPackage> {
    const found = /^[a-z0-9-]{1,60}$/.test(id) ? await this.parts.handOvers.find(id) : undefined;
    if (!found) throw refuse('not-found', 'there is no such package');
    return found;
  }

  private channel(name: string): ChannelSettings {
    const found = this.parts.settings.channels.find((c) => c.channel === name);
    if (!found) throw refuse('not-found', 'there is no channel of this name');
    return found;
  }
}

function line(p: HandOverPackage): HandOverLine {
  return { id: p.id, channel: p.channel, state: p.state, createdAt: p.createdAt, createdBy: p.createdBy, writtenAt: p.writtenAt, closedAt: p.closedAt, closedBy: p.closedBy, manifests: p.manifests };
}
