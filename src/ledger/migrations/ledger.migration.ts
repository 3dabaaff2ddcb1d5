import { CreateLedger1763856000000 } from './create-ledger.migration.js';

/** Every migration of the ledger, oldest first. */
export const ledgerMigrations = [CreateLedger1763856000000];
