import type { Settings } from '../domain/settings.js';
import { ReturnTable } from '../reconciliation/return-table.adapter.js';
import { fault, good, type CheckLine } from './check-line.js';
import { exitCodes } from './cli-context.js';
import { describeAddress, describeError } from '../platform/describe-error.js';

/** The bureau's return table: whether it answers and has the columns. That it takes rows is seen only by writing one. */
export async function checkReturnTable(settings: Settings): Promise<CheckLine[]> {
  const area = 'return table';
  const { url, ...rest } = settings.writeBack;
  if (url === undefined) return [good(area, 'none is configured (writeBack.url): clearances are answered over HTTP only')];
  const address = describeAddress(url);
  let table: ReturnTable;
  try {
    table = await ReturnTable.open({ ...rest, url }, settings.bureau);
  } catch (error) {
    return [fault(area, `${address} cannot be reached: ${describeError(error)}`, 'check writeBack.url (BUREAU_RETURN_URL), the network and the account; what is owed is kept', exitCodes.unavailable)];
  }
  try {
    await table.probe();
    return [good(area, `${address} answers, ${rest.table} has its columns`)];
  } catch (error) {
    return [fault(area, `${address}: ${rest.table} cannot be read: ${describeError(error)}`, `make the table (config/bureau has it for both engines) or name its columns under writeBack.columns, and grant SELECT and INSERT on it`)];
  } finally {
    await table.close();
  }
}
