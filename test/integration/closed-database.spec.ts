import { sql } from '../../src/platform/database/sql.js';
import { onEveryEngine } from '../support/engines.js';

/** Work that is still under way when a process stops must hear that it came too late. */
onEveryEngine((engine) => {
  it('a database that was closed refuses at once, and takes it for passing', async () => {
    const db = await engine.open(await engine.fresh('closed'));
    await db.run(sql`select 1 as one`);
    await db.close();
    await db.close();
    for (const late of [(): Promise<unknown> => db.run(sql`select 1 as one`), (): Promise<unknown> => db.transaction((runner) => runner.run(sql`select 1 as one`))]) {
      const error: unknown = await late().then(() => undefined, (e: unknown) => e);
      expect(error).toMatchObject({ message: 'Connection terminated: the database was closed' });
      expect(db.dialect.isTransient(error)).toBe(true);
    }
  });
});
