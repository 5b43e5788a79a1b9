/** A crash, and then a backup instead of what it has left behind; `npm run soak -- restore` runs the full count on both engines. */
import { runRestoreSoak } from '../soak/restores';
import { PROGRAM } from '../support/gatewayProcess';

test('a backup made under load is restored after a crash: all of it, nothing else, and updates go on', async () => {
  const result = await runRestoreSoak({ engine: 'sqlite', cycles: 1, clients: 2, program: PROGRAM });
  const { updates, crashes, lines, auditRows, ...wrong } = result;
  expect(crashes).toBe(1);
  for (const count of [updates, lines, auditRows]) expect(count).toBeGreaterThan(0);
  expect(Object.entries(wrong).filter(([, count]) => count !== 0)).toEqual([]);
}, 60_000);
