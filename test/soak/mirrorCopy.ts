/**
 * A vendor of `mirrorCost.ts` in a process of its own, as a vendor is. It is told by messages what to do, and answers each with what
 * it holds when that is done.
 */
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import type { Listening } from '../../sandbox/kit';

/** `hung` takes calls and never answers, `failing` answers 500, `shut` takes no connections. */
export type Condition = 'works' | 'hung' | 'failing' | 'shut';

export interface Told {
  condition?: Condition;
}

export interface Holding {
  url: string;
  writes: number;
  /** The role of each staff member. */
  roles: Record<string, unknown>;
}

const OPEN_LIMIT = 1_000_000;
const FOREVER_MS = 2 ** 31 - 1;

async function main(staff: readonly string[]): Promise<void> {
  const sandbox = createClinikapiSandbox({ logLimit: 1, rateLimit: OPEN_LIMIT });
  const seed = sandbox.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  for (const id of staff) sandbox.state.roles.set({ ...seed, id });
  let listening: Listening | undefined = await sandbox.listen();
  const { url } = listening;
  const become = async (condition: Condition) => {
    sandbox.faults.clear();
    if (condition === 'hung') sandbox.faults.add({ kind: 'delay', milliseconds: FOREVER_MS }, {});
    if (condition === 'failing') sandbox.faults.add({ kind: 'answer', status: 500 }, {});
    // What hangs ends with its connections.
    await listening?.close();
    listening = condition === 'shut' ? undefined : await sandbox.listen(Number(new URL(url).port));
  };
  const tell = () => {
    const roles = Object.fromEntries(staff.map((id) => [id, sandbox.state.roles.get(id)?.role]));
    process.send?.({ url, writes: sandbox.writes, roles } satisfies Holding);
  };
  process.on('message', async ({ condition }: Told) => {
    if (condition) await become(condition);
    tell();
  });
  tell();
}

process.once('disconnect', () => process.exit());
void main(process.argv.slice(2));
