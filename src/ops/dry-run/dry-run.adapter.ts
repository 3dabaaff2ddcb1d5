import path from 'node:path';
import type { DryMessage, DryRun, DryRunRequest, MappingChoice } from '../../domain/ops-dry-run-api.js';
import { failureCodes, GatewayFailure } from '../../domain/failures.js';
import { hideSecrets, maskText, personalValues, secretValues } from '../../domain/mask-personal.js';
import type { Settings } from '../../domain/settings.js';
import type { CaseSnapshot } from '../../domain/snapshot.js';
import type { StreamDefinition } from '../../domain/stream.js';
import type { ExchangeViewStore } from '../../ledger/exchange-view.store.js';
import type { OperatorViewStore } from '../../ledger/operator-view.store.js';
import type { OpsViewStore } from '../../ledger/ops-view.store.js';
import type { CompiledMapping } from '../../mapping/compiled-mapping.js';
import { loadMappings } from '../../mapping/load-mappings.adapter.js';
import { compareLeaves } from '../exchanges/compare-leaves.js';
import { refuse } from '../refusal.js';
import type { BureauCases } from './bureau-case.adapter.js';
import { renderCase, type MappedMessage } from './render-case.js';

interface DryRunParts {
  readonly settings: Settings;
  readonly mappings: readonly CompiledMapping[];
  readonly bureau: BureauCases;
  readonly operator: OperatorViewStore;
  readonly ops: OpsViewStore;
  readonly view: ExchangeViewStore;
}

const mostDifferences = 500;

/** Renders a case as it would be sent now and sends nothing. */
export class DryRuns {
  constructor(private readonly parts: DryRunParts) {}

  async run(asked: DryRunRequest, unmasked: boolean): Promise<DryRun> {
    const streams = this.streams(asked.stream);
    return this.withMappings(asked.mapping, async (mappings) => {
      const found = asked.snapshot ? { stream: streams[0]!, snapshot: snapshotOf(streams[0]!, asked.snapshot), broken: new Set<string>() } : await this.fromBureau(asked.caseNo!, streams, mappings);
      const { stream, snapshot, broken } = found;
      const latest = await this.parts.operator.latest(stream.stream, snapshot.caseNo);
      const values = unmasked ? secretValues(snapshot) : personalValues(snapshot);
      const made = renderCase({ settings: this.parts.settings, stream, mappings, snapshot, broken, latest, channel: asked.channel, event: asked.event, describe: (f) => f.detail });
      const messages: DryMessage[] = [];
      for (const m of made) messages.push(await this.shown(m, snapshot.caseNo, stream, mappings, unmasked, values));
      return { caseNo: snapshot.caseNo, stream: stream.stream, readFrom: asked.snapshot ? 'snapshot' : 'bureau', masked: !unmasked, messages };
    });
  }

  /** Compiled as wanted; those read from the files live only as long as `work`. */
  async withMappings<T>(choice: MappingChoice | undefined, work: (mappings: readonly CompiledMapping[]) => Promise<T>): Promise<T> {
    if (choice !== 'files') return work(this.parts.mappings);
    const { settings } = this.parts;
    const { mappings, faults } = loadMappings({ dir: path.resolve(settings.mappingsDir), streams: settings.streamDefinitions, channels: settings.channels.filter((c) => c.enabled) });
    try {
      if (faults.length > 0) {
        const shown = faults.slice(0, 20).map((f) => ({ key: `${path.relative('.', f.file)}${f.line === undefined ? '' : `:${f.line}`} ${f.key}`.trim(), text: `expected ${f.expected}` }));
        throw refuse('bad-request', `the mapping files have ${faults.length} faults; a start with them would be refused`, { faults: shown });
      }
      return await work(mappings);
    } finally {
      for (const validator of new Set(mappings.map((m) => m.validator))) validator.dispose();
    }
  }

  /** The stream that was named, or all. */
  streams(name: string | undefined): readonly StreamDefinition[] {
    const { streamDefinitions } = this.parts.settings;
    const found = name === undefined ? streamDefinitions : streamDefinitions.filter((s) => s.stream === name);
    if (found.length === 0) throw refuse('not-found', 'there is no stream of this name');
    return found;
  }

  private async fromBureau(caseNo: string, streams: readonly StreamDefinition[], mappings: readonly CompiledMapping[]) {
    try {
      const found = await this.parts.bureau.read(caseNo, streams, mappings);
      if (found) return found;
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      const known = failureCodes[error.code];
      throw refuse('bad-request', `${known.text}: ${error.detail}. ${known.remedy}`);
    }
    throw refuse('not-found', `the bureau has no case ${caseNo}`);
  }

  private async shown(m: MappedMessage, caseNo: string, stream: StreamDefinition, mappings: readonly CompiledMapping[], unmasked: boolean, values: readonly string[]): Promise<DryMessage> {
    const mask = (text: string): string => hide(text, values, unmasked);
    const finding = (f: MappedMessage['findings'][number]) => ({ ...f, text: mask(f.text), remedy: mask(f.remedy), source: mask(f.source) });
    return {
      channel: m.channel, event: m.event, title: stream.events[m.event]?.title ?? m.event, sequence: m.sequence, version: m.version, operation: m.operation, at: m.at, messageId: m.messageId, standing: m.standing, encoding: m.encoding,
      xml: mask(m.xml), size: m.size, sha256: m.sha256, mappingDigest: mappings.find((x) => x.channel === m.channel && x.event === m.event)?.digest ?? '',
      findings: m.findings.map(finding), notes: m.notes.map(finding), attachments: m.attachments.map((a) => ({ fileName: mask(a.fileName), broken: a.broken })),
      ...(m.failure ? { failure: { code: m.failure.code, text: mask(m.failure.text), remedy: m.failure.remedy } } : {}), ...(await this.sent(m, caseNo, unmasked, values)),
    };
  }

  /** What differs from the newest message of this event that has bytes. The values of what was sent are hidden like those of the case. */
  private async sent(m: MappedMessage, caseNo: string, unmasked: boolean, values: readonly string[]): Promise<Pick<DryMessage, 'sent'>> {
    const id = m.xml === '' ? undefined : await this.parts.ops.versionBefore({ channel: m.channel, caseNo, event: m.event, sequence: m.sequence, version: 1_000_000_000 });
    if (id === undefined) return {};
    const [[row], message] = await Promise.all([this.parts.view.find({ ids: [id] }, 1), this.parts.operator.message(id)]);
    const earlier = row && (await this.parts.ops.snapshot(row.snapshotId));
    // Without its snapshot nobody knows which words of what was sent are names.
    if (!row || !message || message.content.length === 0 || !earlier) return {};
    const both = [...values, ...(unmasked ? secretValues(earlier.body) : personalValues(earlier.body))].sort((a, b) => b.length - a.length);
    const show = (text: string | undefined): string | undefined => (text === undefined ? undefined : hide(text, both, unmasked));
    const leaves = compareLeaves(new TextDecoder(message.encoding).decode(message.content), m.xml).slice(0, mostDifferences);
    return { sent: { exchange: id, version: row.version, state: row.state, leaves: leaves.map((l) => ({ path: l.path, before: show(l.before), after: show(l.after) })) } };
  }
}

/** Unmasked, only these values are hidden; masked, also what looks like a number of a person. */
function hide(text: string, values: readonly string[], unmasked: boolean): string {
  return (unmasked ? hideSecrets : maskText)(text, values);
}

/** A pasted snapshot as the stream has it: every declared column is there, text or null. */
function snapshotOf(stream: StreamDefinition, given: NonNullable<DryRunRequest['snapshot']>): CaseSnapshot {
  const row = (columns: Readonly<Record<string, unknown>>, from: Readonly<Record<string, string | null>>) => Object.fromEntries(Object.keys(columns).map((c) => [c, from[c] ?? null]));
  return {
    stream: stream.stream, caseNo: given.caseNo, case: row(stream.columns, { ...given.case, [stream.key]: given.caseNo }),
    children: Object.fromEntries(Object.entries(stream.children).map(([name, child]) => [name, (given.children[name] ?? []).map((r) => row(child.columns, r))])),
  };
}
