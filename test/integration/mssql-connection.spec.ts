import { createServer, type AddressInfo, type Server } from 'node:net';
import { DatabaseAdapter } from '../../src/platform/database/database.adapter.js';
import { mssqlDialect } from '../../src/platform/database/mssql-dialect.adapter.js';

/** What the driver of SQL Server does where no SQL Server is. */

let server: Server;
let url: string;
beforeAll(async () => {
  // Takes every connection and says nothing, as a host that froze.
  server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `mssql://nobody:x@127.0.0.1:${(server.address() as AddressInfo).port}/gateway`;
});
afterAll(() => { server.close(); });

const open = (address: string): Promise<unknown> => DatabaseAdapter.open({ engine: 'mssql', url: address, poolSize: 1, statementTimeoutMs: 200, applicationName: 'gateway test' }).then(() => undefined, (error: unknown) => error);

it('waits for a server no longer than a statement may take, and takes its silence for passing', async () => {
  const error = (await open(url)) as Error;
  expect(error.message).toContain('200ms');
  expect(mssqlDialect.isTransient(error)).toBe(true);
});

it('takes a server that is not there for passing', async () => {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  expect(mssqlDialect.isTransient(await open(`mssql://nobody:x@127.0.0.1:${port}/gateway`))).toBe(true);
});
