import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Children } from './children';

/** The folder of package.json, seen from dist/bench. */
export const ROOT = join(__dirname, '../..');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A folder for one run. It goes, and so do the children, however the run ends. */
export function workFolder(children: Children): { folder: string; remove: () => void } {
  // On the disk where a gateway that is started here keeps its data, not in a temporary folder, which may be memory.
  const data = join(ROOT, 'data');
  mkdirSync(data, { recursive: true });
  const folder = mkdtempSync(join(data, 'bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const cleanUp = () => {
    children.killAll();
    remove();
  };
  const interrupted = () => process.exit(130);
  process.once('exit', cleanUp);
  for (const signal of SIGNALS) process.once(signal, interrupted);
  return {
    folder,
    remove: () => {
      process.off('exit', cleanUp);
      for (const signal of SIGNALS) process.off(signal, interrupted);
      remove();
    },
  };
}
