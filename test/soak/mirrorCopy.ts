/** The mirror of `mirrorCost.ts` in a process of its own, as a vendor's is: what it takes is not taken from the clinic's own vendor. */
import { createClinikapiSandbox } from '../../sandbox/clinikapi';

const OPEN_LIMIT = 1_000_000;

async function main([target = '', ...staff]: string[]): Promise<void> {
  const copy = createClinikapiSandbox({ logLimit: OPEN_LIMIT, rateLimit: OPEN_LIMIT });
  const seed = copy.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  for (const id of staff) copy.state.roles.set({ ...seed, id });
  if (target === 'failing') copy.faults.add({ kind: 'answer', status: 500 }, {});
  const { url } = await copy.listen();
  process.on('message', () => process.send?.({ writes: copy.writes }));
  process.send?.({ url });
}

process.once('disconnect', () => process.exit());
void main(process.argv.slice(2));
