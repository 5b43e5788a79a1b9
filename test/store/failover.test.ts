import { runFailover } from '../soak/failover';

it('a standby that is promoted under load: nothing lost, nothing doubled, refused in between', async () => {
  const { refused, ...rest } = await runFailover({ updates: 96 });
  expect(rest).toEqual({ notOnce: 0, withoutRow: 0, chain: 'whole' });
  expect(refused).toBeGreaterThan(0);
}, 90_000);
