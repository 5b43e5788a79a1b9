/**
 * Test files that run together in one module registry: loading the gateway, and warming its code up, takes longer than most of
 * the files themselves. Each runs alone as well: `npm test -- links` runs the files whose path holds that word.
 */
import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';

/**
 * Files or folders of test/, by what they wait for, so that batches that run at once do not all want the processor; each takes
 * about as long as the others.
 */
const BATCHES = {
  hostile: ['hostile/generated', 'hostile/hostile', 'hostile/fuzz', 'switch'],
  faults: [
    'faults/faults',
    'connection',
    'conformance',
    'update/settling',
    'update/replicas',
    'callers',
    'store/outage',
    'adapters/matrix',
  ],
  // Child processes, PostgreSQL, a browser: mostly waiting.
  processes: [
    'faults/crashes',
    'faults/outage',
    'cli',
    'http/browser',
    'client',
    'store/failover',
    'store/pooler',
    'store/readiness',
    'store/backup',
    'packaging',
  ],
  deliveries: ['queue', 'update/idempotency', 'store/links', 'runtime', 'console'],
} as const satisfies Record<string, readonly string[]>;

type BatchName = keyof typeof BATCHES | 'others';

const FOLDER = join(__dirname, '..');

const TESTS = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.split(sep).join('/').slice(0, -'.test.ts'.length))
  .sort();

function isIn(name: string, file: string): boolean {
  return file === name || file.startsWith(`${name}/`);
}

function filesOf(batch: BatchName): readonly string[] {
  if (batch !== 'others') return BATCHES[batch].flatMap((name) => TESTS.filter((file) => isIn(name, file)));
  const named = Object.values(BATCHES).flat();
  return TESTS.filter((file) => !named.some((name) => isIn(name, file)));
}

/** Declares the tests of a batch, each file's within a `describe` of its own, which bounds its hooks. */
export function runBatch(batch: BatchName): void {
  for (const file of filesOf(batch)) describe(file, () => void require(join(FOLDER, `${file}.test.ts`)));
}
