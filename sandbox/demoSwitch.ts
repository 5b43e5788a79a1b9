/** `npm run demo -- switch`: a clinic of 60 people moves from one sandbox to another and back, by the commands that operators use. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { adapters } from '../adapters';
import { linksCommand } from '../src/cli/links';
import { runProgram } from '../src/cli/program';
import { switchCommand } from '../src/cli/switch';
import { member } from '../src/lib/json';
import { createLog } from '../src/ops/log';
import { type RunningGateway, serve } from '../src/serve';
import { createClinikapiSandbox } from './clinikapi';
import { SANDBOX_CREDENTIALS } from './credentials';
import { bold, dim, green, red } from './demoPrint';
import { makePeople } from './people';
import { seedPeople } from './seedPeople';
import { createVitalisSandbox } from './vitalis';

const PEOPLE = 60;
const KEY = 'demo-key-north';
const [HERE, THERE] = ['clinikapi-main', 'vitalis-centro'] as const;

/** What a command has to end with for the play to go on. */
type Step = readonly [title: string, exitCode: number, ...args: string[]];

/** Plays all of it. @returns whether everything ended as it should */
export async function demoSwitch(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-demo-'));
  const seeded = seedPeople(makePeople(PEOPLE));
  const clinikapi = createClinikapiSandbox(seeded.clinikapi);
  const vitalis = createVitalisSandbox({ seeds: seeded.vitalis });
  const listening = await Promise.all([clinikapi.listen(), vitalis.listen()]);
  const [here, there] = [listening[0].url, listening[1].url];
  const stage = { folder, here, there, configPath: join(folder, 'gateway.yaml') };
  let gateway: RunningGateway | undefined;
  try {
    await configure(stage, { vendor: HERE });
    await writeFile(join(folder, 'links.csv'), linksFile(seeded.clinikapi.roles));
    gateway = await serve({ configPath: stage.configPath, env: {}, adapters, log: createLog('silent') });
    return await play(stage, gateway);
  } finally {
    await gateway?.close();
    await Promise.all(listening.map((server) => server.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

interface Stage {
  folder: string;
  here: string;
  there: string;
  configPath: string;
}

async function play(stage: Stage, gateway: RunningGateway): Promise<boolean> {
  const found = join(stage.folder, 'new-links.csv');
  const undo = join(stage.folder, 'undo.ndjson');
  const copy = ['switch', 'copy', 'north', THERE, '--apply', '--overwrite', '--undo', undo];
  const before: Step[] = [
    ['The clinic’s own links', 0, 'links', 'import', join(stage.folder, 'links.csv')],
    ['2 Link: who is the same person there?', 0, 'links', 'suggest', 'north', THERE, '--out', found],
    ['…', 0, 'links', 'import', found],
    ['3 Rehearse: what would become of everything?', 2, 'switch', 'rehearse', 'north', THERE],
  ];
  let right = await all(stage, before);
  print(bold('\n4 Mirror: from now on every confirmed update is written there too'));
  await configure(stage, { vendor: HERE, mirror: THERE });
  await gateway.reload();
  right = (await patch(gateway, 'st-1', '+54 11 4000-1111', HERE)) && right;
  await mirrored(stage);
  right =
    (await all(stage, [
      ['5 Copy: by the same path as any update', 2, ...copy],
      ['6 Compare: every field on both sides', 0, 'switch', 'compare', 'north', THERE],
      ['7 Switch: what would the guard say?', 0, 'switch', 'status', 'north'],
    ])) && right;
  print(bold('\nThe one line is changed: clinics.north.vendor'));
  await configure(stage, { vendor: THERE, mirror: HERE });
  await gateway.reload();
  right = (await patch(gateway, 'st-2', '+54 11 4000-2222', THERE)) && right;
  await mirrored(stage);
  right = (await all(stage, [['Back: nothing is lost', 0, 'switch', 'compare', 'north', HERE]])) && right;
  await configure(stage, { vendor: HERE, mirror: THERE });
  await gateway.reload();
  right = (await patch(gateway, 'st-3', '+54 11 4000-3333', HERE)) && right;
  print(right ? green('\nMoved, and moved back.') : red('\nSomething was not as it should be.'));
  return right;
}

async function all(stage: Stage, steps: readonly Step[]): Promise<boolean> {
  let right = true;
  for (const [title, exitCode, ...args] of steps) {
    if (title !== '…') print(bold(`\n${title}`));
    print(dim(`$ npm run cli -- ${args.map((arg) => arg.replace(`${stage.folder}/`, '')).join(' ')}`));
    right = (await run(stage, args)) === exitCode && right;
  }
  return right;
}

/** What was sent last has reached the mirror. */
async function mirrored(stage: Stage): Promise<void> {
  for (;;) {
    const out = new PassThrough();
    const said = text(out);
    await run(stage, ['switch', 'status', 'north', '--json'], out);
    out.end();
    if (member(member(JSON.parse(await said), 'mirrorQueue'), 'queued') === 0) return;
    await sleep(100);
  }
}

async function run(
  { configPath }: Stage,
  args: readonly string[],
  out: Writable = process.stdout,
): Promise<number> {
  let code = 0;
  await runProgram(
    [linksCommand, switchCommand],
    {
      ...{ adapters, env: {}, out, err: out, input: process.stdin },
      isTerminal: false,
      exit: (ended) => {
        code = ended;
      },
    },
    ['-c', configPath, ...args],
  );
  return code;
}

/** An update as an app sends it, before, while and after the clinic moves. */
async function patch(
  { url }: RunningGateway,
  staffId: string,
  phone: string,
  vendor: string,
): Promise<boolean> {
  const response = await fetch(`${url}/staff/${staffId}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ phone }),
  });
  const answer: unknown = await response.json();
  const meta = member(answer, 'meta');
  print(dim(`$ PATCH /staff/${staffId} {"phone":"${phone}"}`));
  print(`${response.status} ${member(meta, 'vendor')} ${JSON.stringify(member(meta, 'receipt'))}`);
  return response.status === 200 && member(meta, 'vendor') === vendor;
}

async function configure({ folder, here, there, configPath }: Stage, clinic: object): Promise<void> {
  const { clinikapi, vitalis } = SANDBOX_CREDENTIALS;
  await writeFile(
    configPath,
    stringify({
      server: { host: '127.0.0.1', port: 0, drainMs: 0 },
      ops: { host: '127.0.0.1', port: 0 },
      store: { url: `sqlite:${join(folder, 'gateway.db')}` },
      vendors: {
        [HERE]: { adapter: 'clinikapi', baseUrl: here, credentials: { apiKey: clinikapi.liveKey } },
        [THERE]: {
          ...{ adapter: 'vitalis', baseUrl: there, credentials: { ...vitalis.admin } },
          codes: {
            specialty: { '394579002': 1, '394537008': 2, '419192003': 3 },
            gender: { male: 'Masculino', female: 'Femenino', other: 'Otro', unknown: 'No informado' },
          },
        },
      },
      clinics: { north: { ...clinic, switchGuard: 'enforce' } },
      callers: [
        {
          ...{ name: 'north-app', clinic: 'north', scopes: ['staff:read', 'staff:write'] },
          keySha256: createHash('sha256').update(KEY).digest('hex'),
        },
      ],
    }),
  );
}

function linksFile(roles: readonly { id: string }[]): string {
  const rows = roles.slice(0, PEOPLE).map(({ id }, index) => `north,st-${index + 1},${HERE},${id}`);
  return `clinic,staffId,vendor,vendorRecordId\n${rows.join('\n')}\n`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
