import { loadCatalogue } from './bureau/catalogue.adapter.js';
import { SampleBureauAdapter } from './bureau/sample-bureau.adapter.js';
import { sizedCase } from './bureau/size-case.js';

/** What is to be inserted into a sample bureau on PostgreSQL. */
export interface Feed {
  readonly bureauUrl: string;
  /** Running number of the first case. */
  readonly first: number;
  readonly cases: number;
  readonly appliedAt: string;
  readonly targetBytes: number;
}

/** Entry of a process of its own: what a bench makes to insert is then no part of the memory and garbage of what it measures. */
process.once('message', (feed: Feed) => {
  insert(feed).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`the bureau could not be filled: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
});

async function insert({ bureauUrl, first, cases, appliedAt, targetBytes }: Feed): Promise<void> {
  const catalogue = loadCatalogue();
  const bureau = new SampleBureauAdapter(bureauUrl);
  await bureau.insertCases(Array.from({ length: cases }, (_, i) => sizedCase({ catalogue, seed: 5, sequence: first + i, appliedAt, targetBytes })));
  await bureau.close();
}
