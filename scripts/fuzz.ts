/**
 * `npm run fuzz`: a gateway and three vendor sandboxes in this process, and requests over real keep-alive connections that are
 * bent in every place: body, bytes, headers, path, framing. Fails on a crash, a 5xx, a refusal without a problem document, or
 * no answer at all.
 *
 *   node dist/scripts/fuzz.js [--count 100000] [--seed 1] [--connections 8] [--minutes 30]
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { adapters } from '../adapters';
import { createClinikapiSandbox } from '../sandbox/clinikapi';
import { createCobaltSandbox } from '../sandbox/cobalt';
import { SANDBOX_CREDENTIALS } from '../sandbox/credentials';
import { createVitalisSandbox } from '../sandbox/vitalis';
import { createLog } from '../src/ops/log';
import { serve } from '../src/serve';
import { CLINICS, dice, fuzzRequest, keyOf } from './fuzzRequests';
import { Line, type RawAnswer, type RawRequest } from './rawHttp';

export interface FuzzOptions {
  count: number;
  seed: number;
  connections: number;
  /** The run ends then, however much is done. */
  milliseconds: number;
  progress?: (done: number) => void;
}

export interface FuzzTotals {
  requests: number;
  /** Answers by status. */
  statuses: Readonly<Record<string, number>>;
  crashes: number;
  serverErrors: number;
  /** Answers that are no success and no problem document. */
  bare: number;
  /** Whole requests without any answer in ten seconds, or on whose connection the server hung up. */
  unanswered: number;
  /** The first few requests that went wrong, as they were sent. */
  examples: readonly string[];
}

async function openTarget() {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-fuzz-'));
  // The vendors keep no log of what arrives: a hundred thousand requests would be held in memory.
  const clinikapi = createClinikapiSandbox({ rateLimit: Number.MAX_SAFE_INTEGER, logLimit: 1 });
  const vendors = [clinikapi, createVitalisSandbox({ logLimit: 1 }), createCobaltSandbox({ logLimit: 1 })];
  const [first, second, third] = await Promise.all(vendors.map((vendor) => vendor.listen()));
  const config = {
    server: { host: '127.0.0.1', port: 0, drainMs: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: `sqlite:${join(folder, 'gateway.db')}` },
    vendors: {
      'clinikapi-main': {
        adapter: 'clinikapi',
        baseUrl: first?.url,
        credentials: { apiKey: SANDBOX_CREDENTIALS.clinikapi.liveKey },
      },
      'vitalis-centro': {
        adapter: 'vitalis',
        baseUrl: second?.url,
        credentials: { token: SANDBOX_CREDENTIALS.vitalis.staticAdminToken },
        codes: {
          specialty: { '394579002': 1, '394537008': 2 },
          gender: { male: 'Masculino', female: 'Femenino', other: 'Otro', unknown: 'No informado' },
        },
      },
      'cobalt-main': {
        adapter: 'cobalt',
        baseUrl: third?.url,
        credentials: { ...SANDBOX_CREDENTIALS.cobalt },
        codes: { location: { centro: '095f8067-d3fc-4e13-b771-32f87cd0c3f2' } },
      },
    },
    clinics: Object.fromEntries(
      Object.entries(CLINICS).map(([name, { vendor }]) => [name, { vendor, identity: 'linked' }]),
    ),
    callers: Object.keys(CLINICS).map((clinic) => ({
      name: `${clinic}-fuzz`,
      keySha256: createHash('sha256').update(keyOf(clinic)).digest('hex'),
      clinic,
      scopes: ['staff:read', 'staff:write', 'links:write', 'changes:read'],
    })),
  };
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, stringify(config));
  const log = createLog('fatal', { write: () => undefined });
  const gateway = await serve({ configPath, env: {}, adapters, log });
  for (const [clinic, { vendor, recordId }] of Object.entries(CLINICS)) {
    await fetch(`${gateway.url}/staff/st-1/links/${vendor}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${keyOf(clinic)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ vendorRecordId: recordId }),
    });
  }
  return {
    url: gateway.url,
    close: async () => {
      await gateway.close();
      await Promise.all([first, second, third].map((vendor) => vendor?.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Sends the requests; a defect in the gateway is counted, not thrown. */
export async function fuzz(options: FuzzOptions): Promise<FuzzTotals> {
  const target = await openTarget();
  const random = dice(options.seed);
  const statuses: Record<string, number> = {};
  const examples: string[] = [];
  const totals = { requests: 0, crashes: 0, serverErrors: 0, bare: 0, unanswered: 0 };
  const crashed = (error: unknown) => {
    totals.crashes += 1;
    examples.push(String(error instanceof Error ? error.stack : error));
  };
  process.on('uncaughtException', crashed);
  process.on('unhandledRejection', crashed);
  const until = performance.now() + options.milliseconds;

  const note = ({ bytes, bent: hasty }: RawRequest, answer: RawAnswer | 'closed' | 'hang') => {
    totals.requests += 1;
    const status = typeof answer === 'string' ? answer : String(answer.status);
    statuses[status] = (statuses[status] ?? 0) + 1;
    // A connection may be closed on what is no HTTP, or ends in the middle.
    const unanswered = answer === 'hang' || (answer === 'closed' && !hasty);
    const wrong = unanswered ? 'unanswered' : typeof answer === 'string' ? undefined : wrongWith(answer);
    if (wrong !== undefined) totals[wrong] += 1;
    if (wrong !== undefined && examples.length < 10) {
      examples.push(
        `${status} ${typeof answer === 'string' ? '' : answer.text.slice(0, 300)}\n${JSON.stringify(bytes.toString('latin1').slice(0, 1500))}`,
      );
    }
  };
  let begun = 0;
  const work = async () => {
    const line = new Line(target.url);
    while (begun < options.count && performance.now() < until) {
      begun += 1;
      const request = fuzzRequest(random);
      note(request, await line.ask(request));
      if (totals.requests % 1000 === 0) options.progress?.(totals.requests);
    }
    line.close();
  };
  try {
    await Promise.all(Array.from({ length: options.connections }, work));
    const alive = await fetch(`${target.url}/readyz`).catch(() => undefined);
    if (alive?.status !== 200) crashed('the gateway is not ready any more');
  } finally {
    await target.close();
    process.off('uncaughtException', crashed);
    process.off('unhandledRejection', crashed);
  }
  return { ...totals, statuses, examples };
}

function wrongWith({ status, headers, text }: RawAnswer): 'serverErrors' | 'bare' | undefined {
  if (status >= 500) return 'serverErrors';
  // Without a host, or with an unknown expectation, Node answers before the gateway sees anything.
  const isNodes = (status === 400 || status === 417) && text === '' && headers['x-request-id'] === undefined;
  const isProblem = headers['content-type']?.startsWith('application/problem+json');
  return status >= 400 && !isProblem && !isNodes ? 'bare' : undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      connections: { type: 'string', default: '8' },
      minutes: { type: 'string', default: '30' },
    },
  });
  const count = Number(values.count);
  const seed = Number(values.seed);
  const started = performance.now();
  process.stdout.write(`fuzz: seed ${seed}, ${count} requests over ${values.connections} connections\n`);
  const totals = await fuzz({
    count,
    seed,
    connections: Number(values.connections),
    milliseconds: Number(values.minutes) * 60_000,
    progress: (done) => {
      const seconds = (performance.now() - started) / 1000;
      if (done % 10_000 === 0) {
        process.stdout.write(`fuzz: ${done} of ${count}, ${Math.round(done / seconds)}/s\n`);
      }
    },
  });
  for (const example of totals.examples) process.stdout.write(`${example}\n`);
  process.stdout.write(`fuzz: answers ${JSON.stringify(totals.statuses)}\n`);
  process.stdout.write(
    `fuzz: ${totals.requests} requests, ${totals.crashes} crashes, ${totals.serverErrors} 5xx, ${totals.bare} without a problem document, ${totals.unanswered} without an answer\n`,
  );
  if (totals.requests < count) process.stdout.write('fuzz: the time was over before all were sent\n');
  const wrong = totals.crashes + totals.serverErrors + totals.bare + totals.unanswered;
  if (wrong > 0 || totals.requests < count) process.exitCode = 1;
}

if (require.main === module) void main();
