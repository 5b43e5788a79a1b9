/** The bundle that `npm start` runs, made from the sources as they are now, for runs that are about the program itself. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TYPESCRIPT } from '../support/gatewayProcess';

const ROOT = join(__dirname, '../..');

export interface Bundle {
  /** What Node runs as the program. */
  program: readonly string[];
  remove(): void;
}

export function makeBundle(): Bundle {
  // As deep below the project as the real one, from where it finds its packages and its version.
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'dist/bundle-soak-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  execFileSync(process.execPath, [...TYPESCRIPT, join(ROOT, 'scripts/bundle.ts'), folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { program: ['--max-semi-space-size=8', join(folder, 'gateway.js')], remove };
}
