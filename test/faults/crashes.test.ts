/** Power failures, in small; `npm run soak` runs the full count. */

import { runCrashSoak } from '../soak/crashes';
import { ENGINES } from '../support/engines';

test.each(ENGINES)(
  'updates end exactly once, and in the audit, however often the gateway is killed (%s)',
  async (engine) => {
    const result = await runCrashSoak({ engine, updates: 24, kills: 1, clients: 8 });
    expect(result).toMatchObject({ kills: 1, notOnce: 0, withoutRow: 0, chain: 0 });
    expect(result.auditRows).toBeGreaterThanOrEqual(24);
  },
  60_000,
);
