import { z } from 'zod';

/** How clearances are written into the bureau's return table, the one table of the bureau into which the gateway writes. */

const name = z.string().regex(/^[A-Za-z_]\w{0,60}$/, 'expected the name of a column');

export const writeBackSchema = z
  .strictObject({
    engine: z.enum(['postgres', 'mssql']).default('mssql'),
    /** An account of its own that may read and insert into this table and nothing else. Absent: nothing is written. */
    url: z.string().regex(/^(postgres(ql)?|mssql|sqlserver):\/\//, 'expected postgres://user:password@host:port/database or mssql://user:password@host:port/database').optional(),
    table: z.string().regex(/^[A-Za-z_]\w{0,60}(\.[A-Za-z_]\w{0,60})?$/, 'expected the name of a table').default('land_return'),
    columns: z
      .strictObject({
        caseNo: name.default('case_no'), number: name.default('return_no'), cleared: name.default('is_cleared'), state: name.default('state'), feesDue: name.default('fees_due'), feesSettled: name.default('fees_settled'),
        taxesDue: name.default('taxes_due'), taxesSettled: name.default('taxes_settled'), missing: name.default('missing'), decidedAt: name.default('decided_at'), digest: name.default('digest'),
      })
      .prefault({}),
    batch: z.number().int().min(1).max(2_000).default(200),
    /** Rows owed for longer than this are an alarm. */
    alarmAfterMs: z.number().int().min(1).default(900_000),
  })
  .prefault({});
export type WriteBackSettings = z.output<typeof writeBackSchema>;
