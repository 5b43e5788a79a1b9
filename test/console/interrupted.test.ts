/** Work on a switch in a process that ends: the others see it, and an operator begins it again. */
import { sql } from 'kysely';
import { adapters } from '../../adapters';
import { createLog } from '../../src/ops/log';
import { type RunningGateway, serve } from '../../src/serve';
import { openDatabase } from '../../src/store/database';
import { LOST_MS } from '../../src/store/switchJobs';
import { type ConsoleClient, consoleClient, OPERATOR_KEYS, withOperators } from '../support/console';
import { startGatewayProcess } from '../support/gatewayProcess';
import { type Movable, openMovable } from '../support/movable';
import { until } from '../support/until';

jest.setTimeout(60_000);

const PEOPLE = 12;
const THERE = { connection: 'cobalt-main' };

let stage: Movable;
/** Another process's console is asked for work, and this one about it. */
let here: ConsoleClient;

beforeAll(async () => {
  stage = await openMovable(2 * PEOPLE, {
    configure: (config) => {
      withOperators(config);
      // What was not answered is waited for so long.
      config.vendors['vitalis-centro'].timeoutMs = 1_000;
    },
  });
  const indexes = [...Array(2 * PEOPLE).keys()];
  for (const vendor of ['clinikapi-main', 'vitalis-centro'] as const)
    await stage.link('north', vendor, indexes.slice(0, PEOPLE));
  for (const vendor of ['vitalis-centro', 'cobalt-main'] as const)
    await stage.link('centro', vendor, indexes.slice(PEOPLE));
  here = await signedIn(stage.gateway.opsUrl);
});
afterAll(() => stage.close());
afterEach(() => {
  stage.cobalt.faults.clear();
  stage.vitalis.faults.clear();
});

async function signedIn(opsUrl: string): Promise<ConsoleClient> {
  const client = consoleClient(opsUrl);
  await client.signIn(OPERATOR_KEYS.olga);
  return client;
}

async function newest(clinic = 'centro') {
  return (await here.api('GET', `/switch/${clinic}`)).body.data.jobs[0];
}

async function begin(
  client: ConsoleClient,
  task: string,
  body: object = THERE,
  clinic = 'centro',
): Promise<string> {
  const reply = await client.api('POST', `/switch/${clinic}/${task}`, { body });
  expect({ task, status: reply.status }).toEqual({ task, status: 202 });
  return reply.body.data.id;
}

/** As if so much time had gone by: nobody has to wait for it. */
async function silentFor(milliseconds: number): Promise<void> {
  const database = await openDatabase(stage.config.store.url);
  const since = new Date(Date.now() - milliseconds).toISOString();
  await sql`update switch_jobs set seen_at = ${since} where state = 'running'`.execute(database.db);
  await database.close();
}

/** Held at the vendor until it is released. */
function held(): () => void {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  stage.cobalt.faults.add({ kind: 'hook', run: () => released });
  return release;
}

describe('another process', () => {
  let other: RunningGateway;
  let there: ConsoleClient;

  beforeEach(async () => {
    other = await serve({ configPath: stage.configPath, env: {}, adapters, log: createLog('silent') });
    there = await signedIn(other.opsUrl);
  });
  afterEach(() => other.close());

  test('shows what it does everywhere, one at a time for each clinic, and it can be stopped from anywhere', async () => {
    const release = held();
    const id = await begin(there, 'rehearse');
    expect(await newest()).toMatchObject({ id, state: 'running', by: 'olga' });
    const second = await here.api('POST', '/switch/centro/compare', { body: THERE });
    expect([second.status, second.body.code]).toEqual([409, 'conflict']);
    expect((await here.api('POST', '/switch/centro/stop', { body: { id } })).status).toBe(200);
    // It has heard of it by its next sign of life, and ends where nothing is half done.
    await until(
      () => newest(),
      ({ step }) => step !== undefined,
    );
    release();
    await until(
      () => newest(),
      ({ state }) => state !== 'running',
    );
    expect(await newest()).toMatchObject({ id, state: 'stopped' });
  });

  test('says so itself if it is ended', async () => {
    const release = held();
    const id = await begin(there, 'rehearse');
    const ended = other.close();
    release();
    await ended;
    expect(await newest()).toMatchObject({ id, state: 'interrupted' });
  });

  test('that was taken for gone does not go on beside the one that took its place', async () => {
    const release = held();
    const lost = await begin(there, 'copy');
    await silentFor(LOST_MS + 1_000);
    const id = await begin(here, 'check');
    release();
    await until(
      () => newest(),
      ({ state }) => state !== 'running',
    );
    const { jobs } = (await here.api('GET', '/switch/centro')).body.data;
    expect(jobs.slice(0, 2)).toMatchObject([
      { id, state: 'done' },
      { id: lost, state: 'interrupted' },
    ]);
  });
});

test('a process that is killed leaves work that is seen as interrupted, and that is begun again', async () => {
  const { vitalis } = stage;
  const elsewhere = { address: 'Elsewhere 1' };
  const people = vitalis.state.professionals.all().slice(0, PEOPLE);
  for (const { id } of people) vitalis.state.professionals.change(id, elsewhere);
  const overwritten = () =>
    vitalis.state.professionals
      .all()
      .slice(0, PEOPLE)
      .filter(({ address }) => address !== elsewhere.address).length;
  const killed = await startGatewayProcess(stage.configPath);
  const there = await signedIn(killed.opsUrl);
  vitalis.faults.add(
    // Whoever asked for it is gone before any more is answered.
    {
      ...{ kind: 'hook', when: 'commit' },
      run: async () => {
        killed.signal('SIGKILL');
        await killed.gone;
      },
    },
    { method: 'PATCH', after: 3 },
  );
  const asked = { connection: 'vitalis-centro', overwrite: true };
  const id = await begin(there, 'copy', asked, 'north');
  await killed.gone;
  vitalis.faults.clear();
  const before = overwritten();
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(PEOPLE);
  // Nobody can know yet.
  expect(await newest('north')).toMatchObject({ id, state: 'running' });
  expect((await here.api('POST', '/switch/north/copy', { body: asked })).status).toBe(409);
  await silentFor(LOST_MS + 1_000);
  const left = await newest('north');
  expect(left).toMatchObject({ id, state: 'interrupted', task: 'copy', overwrite: true });
  const noted = async () =>
    (await here.api('GET', '/now')).body.data.items.filter(
      ({ kind }: { kind: string }) => kind === 'job_interrupted',
    );
  expect(await noted()).toContainEqual(
    expect.objectContaining({ urgency: 'act', name: 'north', detail: 'copy' }),
  );
  expect((await here.api('POST', '/switch/north/stop', { body: { id } })).status).toBe(409);
  const resumed = await begin(here, 'copy', asked, 'north');
  const ended = await until(
    () => newest('north'),
    ({ state }) => state !== 'running',
  );
  expect(ended).toMatchObject({ id: resumed, state: 'done', result: { applied: true, complete: true } });
  expect(overwritten()).toBe(PEOPLE);
  expect((await noted()).filter(({ name }: { name: string }) => name === 'north')).toEqual([]);
});
