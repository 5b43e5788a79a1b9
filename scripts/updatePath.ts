#!/usr/bin/env node
/**
 * Counts what one warm update of a status runs through: files, functions and calls of the gateway's own code, as V8 counts
 * them. `node dist/scripts/updatePath.js` after `npm run build`; `--files` lists the files.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapters } from '../adapters';
import { createClinikapiSandbox } from '../sandbox/clinikapi';
import { SANDBOX_CREDENTIALS } from '../sandbox/credentials';
import { createLog } from '../src/ops/log';
import { serve } from '../src/serve';

const KEY = 'key-of-the-count';
const OWN = /\/dist\/((?:src|adapters)\/.*)\.js$/;
const WARM_UP = 50;
const TRIES = 20;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-path-'));
  const sandbox = await createClinikapiSandbox().listen();
  const configPath = join(folder, 'gateway.yaml');
  writeFileSync(configPath, JSON.stringify(configuration(folder, sandbox.url)));
  const gateway = await serve({ configPath, env: {}, adapters, log: createLog('silent') });
  const session = new Session();
  session.connect();
  try {
    const url = `${gateway.url}/staff/st-1`;
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const link = `${url}/links/vendor`;
    await call(link, { method: 'PUT', headers, body: JSON.stringify({ vendorRecordId: 'pr_abc123' }) });
    const update = (index: number) => {
      const body = JSON.stringify({ status: index % 2 === 0 ? 'inactive' : 'active' });
      return call(url, { method: 'PATCH', headers, body });
    };
    for (let index = 0; index < WARM_UP; index += 1) await update(index);
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    const counts: Row[][] = [];
    for (let index = WARM_UP; index < WARM_UP + TRIES; index += 1) {
      await session.post('Profiler.takePreciseCoverage');
      await update(index);
      counts.push(rowsIn((await session.post('Profiler.takePreciseCoverage')).result));
    }
    // Jobs of the background run beside some of them; the least is what the update itself takes.
    const [least = []] = counts.sort((a, b) => total(a, 'calls') - total(b, 'calls'));
    report(least);
  } finally {
    session.disconnect();
    await gateway.close();
    await sandbox.close();
    rmSync(folder, { recursive: true });
  }
}

type Coverage = readonly { url: string; functions: readonly { ranges: readonly { count: number }[] }[] }[];

interface Row {
  file: string;
  functions: number;
  calls: number;
}

function rowsIn(coverage: Coverage): Row[] {
  return coverage
    .map(({ url, functions }) => {
      const counts = functions.map(({ ranges: [range] }) => range?.count ?? 0).filter((count) => count > 0);
      const calls = counts.reduce((sum, count) => sum + count, 0);
      return { file: OWN.exec(url)?.[1] ?? '', functions: counts.length, calls };
    })
    .filter(({ file, calls }) => file !== '' && calls > 0)
    .sort((a, b) => b.calls - a.calls);
}

function total(rows: readonly Row[], of: 'functions' | 'calls'): number {
  return rows.reduce((sum, row) => sum + row[of], 0);
}

function report(rows: readonly Row[]): void {
  if (process.argv.includes('--files')) {
    for (const { file, calls } of rows) process.stdout.write(`${String(calls).padStart(5)}  ${file}\n`);
  }
  process.stdout.write(
    `One warm update: ${rows.length} files, ${total(rows, 'functions')} functions, ${total(rows, 'calls')} calls\n`,
  );
}

async function call(url: string, request: RequestInit): Promise<void> {
  const response = await fetch(url, request);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

function configuration(folder: string, baseUrl: string) {
  return {
    server: { host: '127.0.0.1', port: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: `sqlite:${join(folder, 'gateway.db')}` },
    vendors: {
      vendor: {
        adapter: 'clinikapi',
        baseUrl,
        credentials: { apiKey: SANDBOX_CREDENTIALS.clinikapi.liveKey },
      },
    },
    clinics: { north: { vendor: 'vendor' } },
    callers: [
      {
        name: 'count',
        keySha256: createHash('sha256').update(KEY).digest('hex'),
        clinic: 'north',
        scopes: ['staff:read', 'staff:write', 'links:write'],
      },
    ],
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
