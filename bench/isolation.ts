/**
 * One vendor is black-holed; what does the other vendor's clinic notice? Measures the latency of clinic B with vendor A well
 * and with vendor A silent, in turns on the same gateway, and prints the ratio of the 99th percentiles.
 *
 * `node dist/bench/isolation.js [rounds]`
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { stringify } from 'yaml';
import { adapters } from '../adapters';
import { createClinikapiSandbox } from '../sandbox/clinikapi';
import { SANDBOX_CREDENTIALS } from '../sandbox/credentials';
import { createLog } from '../src/ops/log';
import { serve } from '../src/serve';

const REQUESTS = 600;
/** Requests per second, of each clinic, sent whether or not earlier ones were answered. */
const RATE = 50;

async function main(rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-isolation-'));
  const vendorA = createClinikapiSandbox({ rateLimit: 1_000_000 });
  const vendorB = createClinikapiSandbox({ rateLimit: 1_000_000 });
  const listening = await Promise.all([vendorA.listen(), vendorB.listen()]);
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, stringify(configOf(folder, listening[0].url, listening[1].url)));
  const gateway = await serve({ configPath, env: {}, adapters, log: createLog('silent') });
  const client = new Pool(gateway.url, { connections: 2000 });
  try {
    await measure(client, 'b');
    const ratios: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      vendorA.faults.clear();
      const [well] = await Promise.all([measure(client, 'b'), measure(client, 'a')]);
      vendorA.faults.add({ kind: 'delay', milliseconds: 3_600_000 });
      const [silent] = await Promise.all([measure(client, 'b'), measure(client, 'a')]);
      const ratio = silent.p99 / well.p99;
      ratios.push(ratio);
      process.stdout.write(
        `round ${round}: B p99 ${well.p99.toFixed(1)} ms with A well, ${silent.p99.toFixed(1)} ms with A silent, ratio ${ratio.toFixed(2)}\n`,
      );
      // Until A's circuit has closed again.
      vendorA.faults.clear();
      await sleep(1500);
      await measure(client, 'a');
    }
    const median = [...ratios].sort((a, b) => a - b)[ratios.length >> 1] ?? Number.NaN;
    process.stdout.write(`isolation: median ratio ${median.toFixed(2)} of ${rounds} rounds (at most 2)\n`);
    process.exitCode = median <= 2 ? 0 : 1;
  } finally {
    await client.destroy();
    await gateway.close();
    await Promise.all(listening.map((server) => server.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(client: Pool, clinic: 'a' | 'b'): Promise<{ p99: number }> {
  const times: number[] = [];
  const pending: Promise<void>[] = [];
  const started = performance.now();
  for (let index = 0; index < REQUESTS; index += 1) {
    const due = started + (index * 1000) / RATE;
    await sleep(Math.max(0, due - performance.now()));
    pending.push(
      client
        .request({
          path: '/staff/pr_abc123',
          method: 'GET',
          headers: { authorization: `Bearer key-of-${clinic}` },
        })
        .then(async ({ body, statusCode }) => {
          await body.dump();
          // From when it was due, so that a stalled sender hides nothing.
          times.push(performance.now() - due);
          if (clinic === 'b' && statusCode !== 200) throw new Error(`clinic B got ${statusCode}`);
        }),
    );
  }
  await Promise.all(pending);
  times.sort((x, y) => x - y);
  return { p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN };
}

function configOf(folder: string, urlA: string, urlB: string) {
  const vendor = (baseUrl: string) => ({
    adapter: 'clinikapi',
    baseUrl,
    credentials: { apiKey: SANDBOX_CREDENTIALS.clinikapi.liveKey },
    timeoutMs: 2000,
    breaker: { failures: 10, openMs: 500 },
  });
  const caller = (clinic: string) => ({
    name: clinic,
    keySha256: createHash('sha256').update(`key-of-${clinic}`).digest('hex'),
    clinic,
    scopes: ['staff:read'],
  });
  return {
    server: { host: '127.0.0.1', port: 0, drainMs: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: `sqlite:${join(folder, 'gateway.db')}` },
    vendors: { a: vendor(urlA), b: vendor(urlB) },
    clinics: { a: { vendor: 'a', identity: 'direct' }, b: { vendor: 'b', identity: 'direct' } },
    callers: [caller('a'), caller('b')],
  };
}

void main(Number(process.argv[2] ?? 5));
