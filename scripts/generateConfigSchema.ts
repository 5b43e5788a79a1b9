/**
 * Writes `config/gateway.schema.json`, which editors check a configuration by. With `--check` it writes nothing and fails if the
 * file is stale.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adapters } from '../adapters';
import { configJsonSchema } from './configSchema';
import { formatted } from './generatedParts';

/** The root of the checkout, seen from dist/scripts. */
const ROOT = join(__dirname, '../..');
const FILE = 'config/gateway.schema.json';

const path = join(ROOT, FILE);
const after = formatted(ROOT, FILE, JSON.stringify(configJsonSchema(adapters)));
const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
if (before !== after && process.argv.includes('--check')) {
  process.stderr.write(`${FILE} is stale; run: npm run generate\n`);
  process.exitCode = 1;
} else if (before !== after) writeFileSync(path, after);
