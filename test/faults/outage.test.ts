/** A vendor that is away, in small; `npm run soak -- outage` runs the full count on both engines. */
import { runOutage } from '../soak/outage';

test('what was queued while the vendor was away is delivered once, in order, within its limit', async () => {
  const result = await runOutage({ engine: 'sqlite', updates: 24, staff: 6, downMs: 100, perSecond: 30 });
  expect(result).toMatchObject({ queued: 24, notOnce: 0, outOfOrder: 0 });
  expect(result.fastest).toBeLessThanOrEqual(30);
}, 60_000);
