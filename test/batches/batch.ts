/**
 * Test files that run together in one module registry: loading the gateway, and warming its code up, takes longer than most of
 * the files themselves. Each runs alone as well: `npx jest test/links.test.ts`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** By what they wait for, so that batches that run at the same time do not all want the processor. */
const BATCHES = {
  hostile: ['hostile.generated', 'hostile', 'fuzz'],
  faults: ['faults', 'resilience', 'resilience.limits', 'conformance', 'settling'],
  // Child processes, PostgreSQL, a browser: mostly waiting. With one more, so that all batches take about as long.
  processes: [
    'crashes',
    'cli',
    'replicas',
    'browser',
    'client',
    'state.outage',
    'state.backup',
    'outage',
    'deliveries.cli',
    'deploy',
    'packaging',
    'matrix',
  ],
  deliveries: ['deliveries', 'idempotency', 'links', 'switching'],
} as const satisfies Record<string, readonly string[]>;

type BatchName = keyof typeof BATCHES | 'others';

function filesOf(batch: BatchName): readonly string[] {
  if (batch !== 'others') return BATCHES[batch];
  const named = new Set<string>(Object.values(BATCHES).flat());
  return readdirSync(join(__dirname, '..'))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -'.test.ts'.length))
    .filter((file) => !named.has(file));
}

/** Declares the tests of a batch, each file's within a `describe` of its own, which bounds its hooks. */
export function runBatch(batch: BatchName): void {
  for (const file of filesOf(batch))
    describe(file, () => void require(join(__dirname, '..', `${file}.test.ts`)));
}
