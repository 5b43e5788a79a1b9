import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the README says of a suite is what the suite prints. */
export function expectInReadme(line: string): void {
  const readme = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8');
  if (!readme.includes(`\`${line}\``)) throw new Error(`the README does not say: ${line}`);
}
