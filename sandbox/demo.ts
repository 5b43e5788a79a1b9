/**
 * `npm run demo`: the sandboxes and the gateway on the loopback interface, the documents' own examples sent
 * through, and everything that travelled printed side by side. `--once` stops after the examples.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { adapters } from '../adapters';
import { isObject, member, sameJson } from '../src/lib/json';
import { createLog } from '../src/ops/log';
import { type RunningGateway, serve } from '../src/serve';
import { createClinikapiSandbox } from './clinikapi';
import { PRACTITIONERS, ROLES } from './clinikapi/seeds';
import { createCobaltSandbox } from './cobalt';
import { SANDBOX_CREDENTIALS } from './credentials';
import { beginSwitch, buildPage, consoleLines, LIKELY, makeTrouble, TROUBLE } from './demoConsole';
import { DEMO_CLINICS, type DemoClinic, EXAMPLES, type Example } from './demoExamples';
import { bold, dim, green, grid, red } from './demoPrint';
import { demoSwitch } from './demoSwitch';
import { createFhirSandbox, FHIR_BASE } from './fhir';
import { NATIONAL_ID_SYSTEM } from './fhir/seeds';
import type { Listening, Sandbox } from './kit';
import { readPort } from './port';
import { createVitalisSandbox } from './vitalis';

interface Vendors {
  listening: readonly Listening[];
  urls: Readonly<Record<DemoClinic['adapter'], string>>;
  /** What each sandbox has received. */
  logs: Readonly<Record<DemoClinic['adapter'], Sandbox<{ reset(): void }>['log']>>;
}

async function startVendors(): Promise<Vendors> {
  const [clinikapi, vitalis, cobalt, fhir] = [
    createClinikapiSandbox({
      roles: [...ROLES, LIKELY.role],
      practitioners: [...PRACTITIONERS, LIKELY.practitioner],
    }),
    createVitalisSandbox(),
    createCobaltSandbox(),
    createFhirSandbox(),
  ];
  const [first, second, third, fourth] = await Promise.all([
    clinikapi.listen(),
    vitalis.listen(),
    cobalt.listen(),
    fhir.listen(),
  ]);
  return {
    listening: [first, second, third, fourth],
    urls: { clinikapi: first.url, vitalis: second.url, cobalt: third.url, fhir: fourth.url + FHIR_BASE },
    logs: { clinikapi: clinikapi.log, vitalis: vitalis.log, cobalt: cobalt.log, fhir: fhir.log },
  };
}

function configuration(folder: string, { urls }: Vendors, port: number): string {
  const vendors = {
    'clinikapi-main': {
      adapter: 'clinikapi',
      baseUrl: urls.clinikapi,
      credentials: { apiKey: SANDBOX_CREDENTIALS.clinikapi.liveKey },
    },
    'vitalis-centro': {
      adapter: 'vitalis',
      baseUrl: urls.vitalis,
      credentials: { ...SANDBOX_CREDENTIALS.vitalis.admin },
      codes: { specialty: { '394579002': 1, '394537008': 2, '419192003': 3 } },
    },
    'cobalt-main': {
      adapter: 'cobalt',
      baseUrl: urls.cobalt,
      credentials: { ...SANDBOX_CREDENTIALS.cobalt },
      codes: { location: { centro: '095f8067-d3fc-4e13-b771-32f87cd0c3f2' } },
    },
    'fhir-west': {
      adapter: 'fhir',
      baseUrl: urls.fhir,
      credentials: { token: SANDBOX_CREDENTIALS.fhir.token },
      options: { nationalIdSystem: NATIONAL_ID_SYSTEM },
    },
  };
  return stringify({
    server: { host: '127.0.0.1', port, drainMs: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: `sqlite:${join(folder, 'gateway.db')}` },
    vendors: { ...vendors, ...TROUBLE.vendor },
    clinics: {
      ...Object.fromEntries(DEMO_CLINICS.map(({ name, vendor }) => [name, { vendor }])),
      ...TROUBLE.clinic,
    },
    operators: TROUBLE.operators,
    deliveries: TROUBLE.deliveries,
    callers: [
      ...DEMO_CLINICS.map(({ name, key }) => ({
        name: `${name}-app`,
        keySha256: createHash('sha256').update(key).digest('hex'),
        clinic: name,
        scopes: ['staff:read', 'staff:write', 'links:write', 'changes:read'],
      })),
      TROUBLE.caller,
    ],
  });
}

interface Reply {
  status: number;
  body: unknown;
}

async function send(url: string, key: string, method: string, path: string, body: unknown): Promise<Reply> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  return { status: response.status, body: answer };
}

/** Sends one example through and prints its four messages. @returns true where everything was as it should be */
async function show(gateway: RunningGateway, vendors: Vendors, example: Example): Promise<boolean> {
  const { clinic, patch } = example;
  const log = vendors.logs[clinic.adapter];
  const seen = log.at(-1)?.number ?? 0;
  const reply = await send(gateway.url, clinic.key, 'PATCH', `/staff/${clinic.staffId}`, patch);
  const calls = log.filter((exchange) => exchange.number > seen);
  const write = calls.find(({ method }) => method === 'PATCH' || method === 'PUT');
  const right = reply.status === 200 && write !== undefined && isDocumented(write.body, example);

  print(bold(`${example.title}`));
  print(
    dim(
      `clinic ${clinic.name}, vendor ${clinic.vendor}; vendor calls: ${calls.map((call) => call.method).join(', ')}`,
    ),
  );
  print(
    grid([
      [
        { title: `app → gateway  PATCH /staff/${clinic.staffId}`, content: patch },
        { title: `gateway → vendor  ${write?.method} ${write?.path}`, content: write?.body },
      ],
      [
        { title: `gateway → app  ${reply.status}`, content: reply.body },
        { title: `vendor → gateway  ${write?.status}`, content: write?.answer },
      ],
    ]),
  );
  print(
    right ? green('✓ the vendor received exactly the documented body\n') : red('✗ not what was expected\n'),
  );
  return right;
}

/** Of a resource that is written whole, the members that the example changes, beside others. */
function isDocumented(body: unknown, { vendorBody, isWhole = false }: Example): boolean {
  if (!isWhole || !isObject(body)) return sameJson(body, vendorBody);
  const named = Object.keys(Object(vendorBody)).map((name) => [name, body[name]]);
  return named.length < Object.keys(body).length && sameJson(Object.fromEntries(named), vendorBody);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function printNextSteps(url: string): void {
  print(bold('Try it yourself'));
  for (const { name, key, staffId, try: body } of DEMO_CLINICS) {
    print(dim(`# ${name}`));
    print(`curl -sX PATCH ${url}/staff/${staffId} \\`);
    print(`  -H 'Authorization: Bearer ${key}' \\`);
    print(`  -H 'Content-Type: application/json' \\`);
    print(`  -d '${JSON.stringify(body)}'`);
  }
  print(dim('# what would be sent, without sending it; and what each clinic can hold'));
  print(`curl -sX PATCH '${url}/staff/st-43?dryRun=true' -H 'Authorization: Bearer demo-key-centro' \\`);
  print(`  -H 'Content-Type: application/json' -d '{"phone":"+54 11 5555-0000"}'`);
  print(`curl -s ${url}/capabilities -H 'Authorization: Bearer demo-key-south'`);
}

/** Where everything listens, and who can be asked for. */
function printPlaces({ url, opsUrl }: RunningGateway, { urls }: Vendors): void {
  print(bold('Listening'));
  const places = { gateway: url, 'metrics, health': opsUrl, ...urls };
  for (const [name, place] of Object.entries(places)) print(`${name.padEnd(16)} ${place}`);
  print(bold('\nStaff'));
  for (const { name, staffId, vendor, vendorRecordId } of DEMO_CLINICS) {
    print(`${staffId.padEnd(6)} of clinic ${name.padEnd(7)} is ${vendorRecordId} at ${vendor}`);
  }
  print('');
}

async function demo({ once, port }: { once: boolean; port: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-demo-'));
  const vendors = await startVendors();
  const stopVendors = async () => {
    await Promise.all(vendors.listening.map((server) => server.close()));
    await rm(folder, { recursive: true, force: true });
  };
  let gateway: RunningGateway;
  try {
    const configPath = join(folder, 'gateway.yaml');
    await writeFile(configPath, configuration(folder, vendors, once ? 0 : port));
    gateway = await serve({ configPath, env: {}, adapters, log: createLog('silent') });
  } catch (error) {
    await stopVendors();
    throw member(error, 'code') === 'EADDRINUSE' ? new Error(portInUse(port)) : error;
  }
  const stop = async () => {
    await gateway.close();
    await stopVendors();
  };
  let right: boolean;
  try {
    right = await play(gateway, vendors);
  } catch (error) {
    await stop();
    throw error;
  }
  if (once) {
    await stop();
    print(right ? green('All examples were right.') : red('Some examples were not right.'));
    process.exitCode = right ? 0 : 1;
    return;
  }
  await Promise.all([makeTrouble(gateway.url), beginSwitch(gateway.opsUrl), buildPage()]);
  printPlaces(gateway, vendors);
  printNextSteps(gateway.url);
  const [place, ...keys] = consoleLines(gateway.opsUrl);
  print(bold('\nOperators’ console'));
  print(place ?? '');
  for (const line of keys) print(dim(line));
  print(`\nAPI documentation: ${gateway.url}/docs\nServing until Ctrl-C.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

/** Links the staff and sends all examples. @returns true if all were right */
async function play(gateway: RunningGateway, vendors: Vendors): Promise<boolean> {
  for (const { key, staffId, vendor, vendorRecordId } of DEMO_CLINICS) {
    await send(gateway.url, key, 'PUT', `/staff/${staffId}/links/${vendor}`, { vendorRecordId });
  }
  let right = true;
  for (const example of EXAMPLES) right = (await show(gateway, vendors, example)) && right;
  return right;
}

function portInUse(port: number): string {
  return `Port ${port} is in use. Choose another one: npm run demo -- --port <number>, 0 for any free one.`;
}

const program = new Command('demo')
  .option('--once', 'stop after the examples; exit code 0 only if all were right', false)
  .option('--port <number>', 'port of the gateway; 0 for any free one', readPort, 8080)
  .action(demo);
program
  .command('switch')
  .description('move a clinic to another vendor and back')
  .action(async () => {
    process.exitCode = (await demoSwitch()) ? 0 : 1;
  });
program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'failed'}\n`);
  // What a start that failed has left open would keep the process alive.
  process.exit(1);
});
