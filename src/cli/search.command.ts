import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { searchKeys } from '../domain/search-keys.js';
import { SearchKeyStore, type FilledKeys, type KeysOf } from '../ledger/search-key.store.js';
import { exitCodes, printJson, type CliContext, type ExitCode } from './cli-context.js';
import { plural } from './format-terminal.js';
import { helpText } from './help-text.js';
import { settingsOrFail, withLedger } from './open-parts.adapter.js';

interface RebuildOptions {
  readonly anew?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Snapshots of one transaction. */
const batch = 200;
const tellEveryMs = 5_000;

/** Makes what exchanges are found by from the snapshots in the ledger; without `yes` only says what is missing. */
export async function rebuildSearchCommand(context: CliContext, options: RebuildOptions): Promise<ExitCode> {
  const settings = settingsOrFail(context);
  const columns = new Map(settings.streamDefinitions.flatMap((s) => (s.search ? [[s.stream, s.search] as const] : [])));
  if (columns.size === 0) {
    context.out('No stream has `search:` in config/streams/*.yaml, so exchanges are found by neither item nor person.\n');
    return exitCodes.ok;
  }
  const stamp = createHash('sha256').update(JSON.stringify([...columns])).digest('hex');
  const keysOf: KeysOf = (stream, snapshot) => (columns.has(stream) ? searchKeys(columns.get(stream), snapshot) : undefined);
  const result = await withLedger(context, settings, async ({ database }) => {
    const store = new SearchKeyStore(database);
    const [from, upTo] = [options.anew === true ? '0' : await store.position(stamp), await store.newest()];
    let total = { snapshots: 0, read: 0, terms: 0, items: 0 };
    let told = Date.now();
    for (let after = from; ; ) {
      const ids = await store.page(after, upTo, batch);
      if (ids.length === 0) return { from, upTo, ...total };
      total = added(total, ids.length, options.yes === true ? await store.fill(ids, keysOf, stamp) : await store.weigh(ids, keysOf));
      after = ids.at(-1)!;
      if (Date.now() - told < tellEveryMs) continue;
      told = Date.now();
      context.err(`${percent(after, from, upTo)} % (snapshot ${after} of ${upTo})\n`);
    }
  });
  if (options.json) printJson(context, { done: options.yes === true, ...result });
  else context.out(format(result, options.yes === true));
  return exitCodes.ok;
}

const added = (t: FilledKeys & { readonly snapshots: number }, snapshots: number, f: FilledKeys): FilledKeys & { readonly snapshots: number } => ({ snapshots: t.snapshots + snapshots, read: t.read + f.read, terms: t.terms + f.terms, items: t.items + f.items });
const percent = (at: string, from: string, upTo: string): string => String(((BigInt(at) - BigInt(from)) * 100n) / (BigInt(upTo) - BigInt(from)));

function format(r: FilledKeys & { readonly from: string; readonly snapshots: number }, done: boolean): string {
  const resumed = r.from === '0' ? '' : ` after ${r.from}, up to which it was done before (--anew begins from the first)`;
  if (r.snapshots === 0) return r.from === '0' ? 'The ledger holds no snapshots yet.\n' : `Nothing to read${resumed}.\n`;
  const what = `${plural(r.terms, 'key')} of persons${done ? '' : ' at the most'} and the item of ${plural(r.items, 'exchange')}`;
  const mute = r.read < r.snapshots ? ` ${r.snapshots - r.read} of them have no contents any more or belong to a stream without \`search:\`.` : '';
  return `Read ${plural(r.snapshots, 'snapshot')}${resumed}.${mute}\n${done ? `Added ${what}.` : `Missing: ${what}${r.terms + r.items === 0 ? '. Everything is found already.' : '. Nothing was changed. Add --yes to do it.'}`}\n`;
}

/** `gateway search rebuild`. */
export function registerSearch(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const search = program.command('search').description('what exchanges are found by on the ops page, beside number, case, state and time');
  search
    .command('rebuild')
    .description('make the keys for item and person from the snapshots in the ledger; without --yes only says what is missing')
    .option('--anew', 'from the first snapshot, also where this was done before')
    .option('--yes', 'do it')
    .option('--json', 'for machines')
    .addHelpText('after', helpText(`What is captured brings its keys along. This is for what was captured before the ledger had them, and after \`search:\` in
config/streams/*.yaml names other columns. May run while the gateway runs; interrupted, it goes on where it was. The persons of a case
whose contents were pruned stay forgotten.`, 'search rebuild', 'search rebuild --yes'))
    .action(async (options: RebuildOptions) => end(await rebuildSearchCommand(context, options)));
}
