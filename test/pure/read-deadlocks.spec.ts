import { readDeadlocks } from '../../src/simulator/chaos/read-deadlocks.js';

const once = (a: number, b: number): string => `2026-11-26 07:45:48.959 UTC [${a}] ERROR:  deadlock detected
2026-11-26 07:45:48.959 UTC [${a}] DETAIL:  Process ${a} waits for ShareLock on transaction 21236; blocked by process ${b}.
\tProcess ${b} waits for ShareLock on transaction 21223; blocked by process ${a}.
\tProcess ${a}: update counter set value = value + $1 where name = $2
\tProcess ${b}: select stream, id
\t      from exchange e  where case_no in ($1, $2, $3)
\t      order by id for update
2026-11-26 07:45:48.959 UTC [${a}] HINT:  See server log for query details.
2026-11-26 07:45:48.959 UTC [${a}] CONTEXT:  while updating tuple (0,54) in relation "counter"
2026-11-26 07:45:48.959 UTC [${a}] STATEMENT:  update counter set value = value + $1 where name = $2
`;

test('says which statements waited for each other, whichever was the victim, and how often', () => {
  const log = `2026-11-26 07:44:46.535 UTC [10542] FATAL:  terminating connection due to administrator command\n${once(11, 12)}2026-11-26 07:45:52.248 UTC [11015] ERROR:  could not extend file: No space left on device\n${once(98, 7)}`;
  expect(readDeadlocks(log)).toEqual([{ statements: ['select stream, id from exchange e where case_no in ($1, $2, $3) order by id for update', 'update counter set value = value + $1 where name = $2'], times: 2 }]);
});

test('a log without any says nothing', () => {
  expect(readDeadlocks('')).toEqual([]);
  expect(readDeadlocks('2026-11-26 07:45:52.248 UTC [1] DETAIL:  Key (id)=(1) already exists.\n')).toEqual([]);
});
