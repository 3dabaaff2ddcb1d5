import { BureauReader } from '../../capture/bureau-reader.adapter.js';
import { asFailure, GatewayFailure } from '../../domain/failures.js';
import type { Settings } from '../../domain/settings.js';
import type { CaseSnapshot } from '../../domain/snapshot.js';
import type { StreamDefinition } from '../../domain/stream.js';
import type { CompiledMapping } from '../../mapping/compiled-mapping.js';
import { DatabaseAdapter } from '../../platform/database/database.adapter.js';

export interface CaseInBureau {
  readonly stream: StreamDefinition;
  readonly snapshot: CaseSnapshot;
  /** Signatures of scanned files whose content is missing or another one. */
  readonly broken: ReadonlySet<string>;
}

/** How long an idle connection to the bureau is kept for the next dry run. */
const keptMs = 60_000;

/** Reads single cases from the bureau for people who look: two connections, opened when they are wanted. Writes nothing. */
export class BureauCases {
  private open: { readonly database: Promise<DatabaseAdapter>; timer?: NodeJS.Timeout } | undefined;

  constructor(private readonly settings: Settings) {}

  /** The case in the first stream that has it. Throws bureau-unreachable, bureau-not-readable or row-unreadable. */
  async read(caseNo: string, streams: readonly StreamDefinition[], mappings: readonly CompiledMapping[]): Promise<CaseInBureau | undefined> {
    const bureau = await this.bureau();
    for (const stream of streams) {
      const reader = new BureauReader(bureau, stream, this.settings.bureau.allowTornReads);
      try {
        const read = await reader.readEach([caseNo]);
        const unreadable = read.unreadable.get(caseNo);
        if (unreadable !== undefined) throw new GatewayFailure('row-unreadable', `case ${caseNo}: ${unreadable}`);
        const snapshot = read.found.get(caseNo);
        if (snapshot) return { stream, snapshot, broken: await brokenFiles(reader, stream, mappings, snapshot) };
      } catch (error) {
        if (error instanceof GatewayFailure) throw error;
        if (bureau.dialect.isTransient(error)) throw new GatewayFailure('bureau-unreachable', asFailure(error).detail, { cause: error });
        const [fault] = reader.dialect.isSchemaError(error) ? await reader.columnFaults() : [];
        throw fault ?? new GatewayFailure('bureau-not-readable', asFailure(error).detail, { cause: error });
      }
    }
    return undefined;
  }

  async close(): Promise<void> {
    const { open } = this;
    this.open = undefined;
    clearTimeout(open?.timer);
    await (await open?.database.catch(() => undefined))?.close();
  }

  private async bureau(): Promise<DatabaseAdapter> {
    const { bureau: b } = this.settings;
    const open = (this.open ??= { database: DatabaseAdapter.open({ engine: b.engine, url: b.url, poolSize: 2, encrypt: b.encrypt, trustServerCertificate: b.trustServerCertificate, statementTimeoutMs: Math.min(b.statementTimeoutMs, 30_000), applicationName: 'exchange-gateway dry run' }) });
    clearTimeout(open.timer);
    open.timer = setTimeout(() => void this.close(), keptMs);
    open.timer.unref();
    try {
      return await open.database;
    } catch (error) {
      this.open = undefined;
      throw new GatewayFailure('bureau-unreachable', asFailure(error).detail, { cause: error });
    }
  }
}

async function brokenFiles(reader: BureauReader, stream: StreamDefinition, mappings: readonly CompiledMapping[], snapshot: CaseSnapshot): Promise<ReadonlySet<string>> {
  const broken = new Set<string>();
  for (const name of new Set(mappings.filter((m) => m.stream === stream.stream).flatMap((m) => (m.attachments ? [m.attachments.child] : [])))) {
    const child = stream.children[name]!;
    const signatures = (snapshot.children[name] ?? []).flatMap((row) => row[child.attachment!.signature] ?? []);
    if (signatures.length === 0) continue;
    const good = new Set((await reader.attachments([snapshot.caseNo], child, signatures)).map((a) => a.signature));
    for (const s of signatures) if (!good.has(s)) broken.add(s.trim());
  }
  return broken;
}
