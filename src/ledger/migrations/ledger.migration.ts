import { NarrowMatchLine1764002300000 } from './narrow-match-line.migration.js';
import { AddDesk1764002000000 } from './add-desk.migration.js';
import { AddStateTally1764002100000 } from './add-state-tally.migration.js';
import { AddSearchPosition1764002400000 } from './add-search-position.migration.js';
import { AddAlarmWords1764002500000 } from './add-alarm-words.migration.js';
import { AddKnownMoment1764002600000 } from './add-known-moment.migration.js';
import { KeepValuesInRow1764002700000 } from './keep-values-in-row.migration.js';
import { CreateAlarm1764000300000 } from './create-alarm.migration.js';
import { AddChildCounts1764000950000 } from './add-child-counts.migration.js';
import { AddOpsActions1764001200000 } from './add-ops-actions.migration.js';
import { AddBreaches1764001900000 } from './add-breaches.migration.js';
import { AddBoard1764001100000 } from './add-board.migration.js';
import { AddClearance1764001810000 } from './add-clearance.migration.js';
import { AddInquiry1764001800000 } from './add-inquiry.migration.js';
import { AddRetention1764000210000 } from './add-retention.migration.js';
import { CreateCompleteness1764000200000 } from './create-completeness.migration.js';
import { CreateLedger1763856000000 } from './create-ledger.migration.js';
import { CreateRejection1764000600000 } from './create-rejection.migration.js';
import { CreateReconciliation1764000400000 } from './create-reconciliation.migration.js';
import { CreateReturns1764000500000 } from './create-returns.migration.js';
import { CreateSupervision1764000700000 } from './create-supervision.migration.js';
import { CreateOps1764000800000 } from './create-ops.migration.js';
import { CreateMirror1764000100000 } from './create-mirror.migration.js';
import { AddOpinions1764001700000 } from './add-opinions.migration.js';

/** Every migration of the ledger, oldest first. */
export const ledgerMigrations = [CreateLedger1763856000000, CreateMirror1764000100000, CreateCompleteness1764000200000, AddRetention1764000210000, CreateAlarm1764000300000, CreateReconciliation1764000400000, CreateReturns1764000500000, CreateRejection1764000600000, CreateSupervision1764000700000, CreateOps1764000800000, AddChildCounts1764000950000, AddBoard1764001100000, AddOpsActions1764001200000, AddOpinions1764001700000, AddClearance1764001810000, AddBreaches1764001900000, AddInquiry1764001800000, AddDesk1764002000000, AddStateTally1764002100000, NarrowMatchLine1764002300000, AddSearchPosition1764002400000, AddAlarmWords1764002500000, AddKnownMoment1764002600000, KeepValuesInRow1764002700000];
