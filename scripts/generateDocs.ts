/**
 * Writes the parts of the documentation that come from code. With `--check` it writes nothing and fails where one is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILES, fill, formatted, generatedParts } from './generatedParts';

/** The root of the checkout, seen from dist/scripts. */
const ROOT = join(__dirname, '../..');

async function main(): Promise<void> {
  const check = process.argv.includes('--check');
  const parts = await generatedParts(ROOT);
  for (const file of FILES) {
    const path = join(ROOT, file);
    const before = readFileSync(path, 'utf8');
    const after = formatted(ROOT, file, fill(before, parts));
    if (before === after) continue;
    if (check) {
      process.stderr.write(`${file} is stale; run: npm run generate\n`);
      process.exitCode = 1;
    } else writeFileSync(path, after);
  }
}

void main();
