/** What is remembered of callers: as much as they do, and no longer than it matters. */
import { CallerLimits } from '../../src/callers/limits';
import { SlidingLimit } from '../../src/lib/limits';

const headers = { setHeader: () => undefined as never };

test('a client that does little costs little, and one that is idle is forgotten', () => {
  const limits = new CallerLimits();
  const ask = (name: string, perSeconds: number) =>
    limits.admit({ name, clinic: 'north', rateLimit: { requests: 36_000, perSeconds } }, headers);
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 400; count += 1) ask(`login/client-${count}`, 1e-9);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  // Their periods are over, so all but the last few have been dropped meanwhile.
  expect(limits.remembered).toBeLessThan(100);
});

test('no more clients are remembered than is good', () => {
  const limits = new CallerLimits();
  for (let count = 0; count < 12_000; count += 1) {
    const rateLimit = { requests: 10, perSeconds: 3_600 };
    limits.admit({ name: `login/client-${count}`, clinic: 'north', rateLimit }, headers);
  }
  expect(limits.remembered).toBeLessThanOrEqual(10_000);
});

test('a ceiling is as strict when its turns are made room for one after the other', () => {
  const limit = new SlidingLimit({ requests: 100, perSeconds: 1 });
  for (let count = 0; count < 100; count += 1) {
    expect(limit.state(count)).toMatchObject({ remaining: 100 - count });
    expect(limit.take(0, count)).toBe(0);
  }
  expect([limit.take(0, 100), limit.state(100).remaining]).toEqual([900, 0]);
  expect([limit.take(0, 1_000), limit.take(0, 1_000), limit.isIdle(1_999), limit.isIdle(2_000)]).toEqual([
    0,
    1,
    false,
    true,
  ]);
});
