import { writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { advanceCase } from './bureau/advance-case.js';
import type { CaseRecord } from './bureau/case-record.js';
import { loadCatalogue } from './bureau/catalogue.adapter.js';
import { generateCases } from './bureau/generate-cases.js';
import { makeRandom } from './bureau/make-random.js';
import { SampleBureauAdapter, type SampleBureau } from './bureau/sample-bureau.adapter.js';
import { SampleBureauMssqlAdapter } from './bureau/sample-bureau-mssql.adapter.js';
import { readEnvironment } from './read-environment.js';

/**
 * Entry that fills a sample bureau and keeps it alive (docker compose). Environment: BUREAU_ENGINE (mssql or postgres) and
 * BUREAU_URL of an account that writes; optional BUREAU_TRUST_CERTIFICATE=true, FILL_CASES (60) of the sample, FILL_SEED (7),
 * FILL_EVERY_MS (5000) between two changes, FILL_HEARTBEAT (a file that each change touches). Runs until SIGTERM or SIGINT.
 */
const { needed, optional, optionalNumber } = readEnvironment(process.env);

function openBureau(): Promise<SampleBureau> {
  const engine = needed('BUREAU_ENGINE');
  if (engine === 'postgres') return Promise.resolve(new SampleBureauAdapter(needed('BUREAU_URL')));
  if (engine === 'mssql') return SampleBureauMssqlAdapter.connect(needed('BUREAU_URL'), optional('BUREAU_TRUST_CERTIFICATE') === 'true');
  throw new Error('BUREAU_ENGINE is mssql or postgres');
}

async function fill(signal: AbortSignal): Promise<void> {
  const seed = optionalNumber('FILL_SEED') ?? 7;
  const heartbeat = optional('FILL_HEARTBEAT');
  const catalogue = loadCatalogue();
  const bureau = await openBureau();
  try {
    if (!(await bureau.hasSchema())) await bureau.createSchema();
    const sample = generateCases({ catalogue, seed, count: optionalNumber('FILL_CASES') ?? 60, from: '2026-09-01', awkward: true });
    const missing: CaseRecord[] = [];
    for (const record of sample) if (!(await bureau.caseExists(record.caseNo))) missing.push(record);
    // Only a bureau without cases gets the catalogue: writing it anew needs what other tables may refer to.
    if (missing.length === sample.length) await bureau.writeCatalogue(catalogue);
    await bureau.insertCases(missing);
    process.stdout.write(`${missing.length} cases of the sample inserted, ${sample.length - missing.length} were there\n`);

    // What an earlier run moved on it knows alone: only what this run inserts is moved on.
    const random = makeRandom(seed + Date.now());
    let moving: CaseRecord[] = [...missing];
    for (let n = 1; !signal.aborted; n += 1) {
      if (heartbeat !== undefined) await writeFile(heartbeat, '');
      await setTimeout(optionalNumber('FILL_EVERY_MS') ?? 5_000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const seconds = Math.floor(Date.now() / 1_000);
      const [fresh] = generateCases({ catalogue, seed: seconds, count: 1, from: new Date().toISOString().slice(0, 10), firstSequence: 100_000 + (seconds % 800_000), reach: 'applied' });
      if (!(await bureau.caseExists(fresh!.caseNo))) {
        await bureau.insertCases([fresh!]);
        moving.push(fresh!);
      }
      const index = (n * 7) % moving.length;
      const change = advanceCase(moving[index]!, catalogue, random, { inclination: 'through' });
      if (change === null) moving = moving.filter((_, i) => i !== index);
      else {
        await bureau.applyChanges(change.record.caseNo, change.changes);
        moving[index] = change.record;
      }
    }
  } finally {
    await bureau.close();
  }
}

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => { stop.abort(); });
fill(stop.signal).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`The sample bureau is not filled any more: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
