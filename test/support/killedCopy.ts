/** `switch copy` in a process of its own, killed while it writes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PROGRAM } from './gatewayProcess';
import type { Movable } from './movable';

const ROOT = join(__dirname, '../..');

/** Where a write is when the process dies: not judged yet, judged and not stored yet, stored and not answered yet. */
export type Moment = 'request' | 'commit' | 'answer';

/**
 * Begins to copy, and kills it as a power failure would while the vendor has its n-th write.
 * @param args of `switch copy`
 */
export async function copyKilledAt(
  stage: Movable,
  args: readonly string[],
  nth: number,
  when: Moment,
): Promise<void> {
  const program = [...PROGRAM, '-c', stage.configPath, 'switch', 'copy', ...args];
  const child = spawn(process.execPath, program, { cwd: ROOT, stdio: 'ignore' });
  const gone = once(child, 'exit');
  const remove = stage.vitalis.faults.add(
    { kind: 'hook', when, run: () => void child.kill('SIGKILL') },
    { method: 'PATCH', after: nth - 1 },
  );
  await gone;
  remove();
}
