/** A vendor that is away, in small; `npm run soak -- outage` runs the full count. */
import { runOutage } from './soak/outage';
import { ENGINES } from './support/engines';

test.each(ENGINES)(
  'what was queued while the vendor was away is delivered once, in order, within its limit (%s)',
  async (engine) => {
    const result = await runOutage({ engine, updates: 40, staff: 8, downMs: 300, perSecond: 30 });
    expect(result).toMatchObject({ queued: 40, notOnce: 0, outOfOrder: 0 });
    expect(result.fastest).toBeLessThanOrEqual(30);
  },
  60_000,
);
