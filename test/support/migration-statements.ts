import type { QueryRunner } from 'typeorm';
import { ledgerMigrations } from '../../src/ledger/migrations/ledger.migration.js';

/** What the migrations of the ledger say to an engine, each with the migration that says it; what they ask for comes back empty. */
export async function migrationStatements(type: 'mssql' | 'postgres'): Promise<{ readonly migration: string; readonly text: string }[]> {
  const out: { migration: string; text: string }[] = [];
  for (const Migration of ledgerMigrations) {
    const runner = { connection: { options: { type } }, query: (text: string) => { out.push({ migration: Migration.name, text: text.replace(/\s+/g, ' ').trim() }); return Promise.resolve([]); } };
    await new Migration().up(runner as unknown as QueryRunner);
  }
  return out;
}
