/** A clinic is made ready for another vendor on the console: the same steps as by commands, begun and watched through the API. */
import { readFile, writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { makePeople } from '../../sandbox/people';
import { type ConsoleClient, consoleClient, OPERATOR_KEYS, withOperators } from '../support/console';
import { type Movable, openMovable } from '../support/movable';
import { until } from '../support/until';

jest.setTimeout(60_000);

const PEOPLE = makePeople(24);

let stage: Movable;
let olga: ConsoleClient;
let vera: ConsoleClient;
/** Everything that was answered outside of the review. */
let said = '';

beforeAll(async () => {
  stage = await openMovable(PEOPLE, { configure: withOperators });
  await stage.link('centro', 'vitalis-centro');
  [olga, vera] = [consoleClient(stage.gateway.opsUrl), consoleClient(stage.gateway.opsUrl)];
  await olga.signIn(OPERATOR_KEYS.olga);
  await vera.signIn(OPERATOR_KEYS.vera);
});
afterAll(() => stage.close());

const CONNECTION = { connection: 'cobalt-main' };

async function status() {
  const reply = await vera.api('GET', '/switch/centro?connection=cobalt-main');
  said += reply.text;
  return reply.body.data;
}

/** Begins a step and waits for its end. */
async function run(task: string, body: object = CONNECTION) {
  const begun = await olga.api('POST', `/switch/centro/${task}`, { body });
  expect({ task, status: begun.status }).toEqual({ task, status: 202 });
  const ended = await until(status, ({ jobs }) => jobs[0].state !== 'running');
  expect(ended.jobs[0]).toMatchObject({ id: begun.body.data.id, task, state: 'done', by: 'olga' });
  return ended.jobs[0].result;
}

test('links are suggested, reviewed one by one, and accepted', async () => {
  expect(await run('check')).toMatchObject({ complete: true, counts: { linked: 0, missing: 24 } });
  const { counts } = await run('suggest');
  expect(counts.accept + counts.review).toBeGreaterThan(0);
  const { rows, sure, left } = (await olga.api('POST', '/switch/centro/review', { body: CONNECTION })).body
    .data;
  expect([rows.length, sure.length]).toEqual([left, counts.accept]);
  const decisions = [...sure, ...rows].map(({ staffId, vendorRecordId }, index) => ({
    staffId,
    vendorRecordId,
    decision: index === 0 ? 'reject' : 'accept',
  }));
  const decided = await olga.api('POST', '/switch/centro/decide', { body: { ...CONNECTION, decisions } });
  expect(decided.body.data).toMatchObject({ accepted: decisions.length - 1, rejected: 1, failed: 0 });
  // Nobody is linked to what was never suggested, nor twice.
  const again = await olga.api('POST', '/switch/centro/decide', { body: { ...CONNECTION, decisions } });
  expect(again.body.data).toMatchObject({ accepted: 0, failed: decisions.length });
  expect((await status()).links.linked).toBe(decisions.length - 1);
  const audit = (await vera.api('GET', '/changes?clinic=centro&kind=operator')).body.data;
  expect(audit).toContainEqual(
    expect.objectContaining({
      caller: 'operator:olga',
      detail: { act: 'switch_review', shown: rows.length },
    }),
  );
});

test('every look at the review is in the audit, and its answer is kept nowhere', async () => {
  await run('suggest');
  const looks = async () =>
    (await vera.api('GET', '/changes?clinic=centro&kind=operator')).body.data.filter(
      ({ detail }: { detail: { act: string } }) => detail.act === 'switch_review',
    ).length;
  const before = await looks();
  const look = () =>
    olga.api('POST', '/switch/centro/review', {
      body: CONNECTION,
      headers: { 'idempotency-key': 'one-look' },
    });
  expect((await look()).status).toBe(200);
  const again = await look();
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, null]);
  expect((await looks()) - before).toBe(2);
});

test('who was linked since it was suggested stays linked so', async () => {
  await stage.command('links', 'remove', 'centro', 'cobalt-main', 'st-5', 'st-6', '--yes');
  await run('suggest');
  const { rows, sure } = (await olga.api('POST', '/switch/centro/review', { body: CONNECTION })).body.data;
  const [pair, other] = [...sure, ...rows];
  await stage.linkTo('centro', 'cobalt-main', pair.staffId, other.vendorRecordId);
  const { staffId, vendorRecordId } = pair;
  const decisions = [{ staffId, vendorRecordId, decision: 'accept' }];
  const decided = await olga.api('POST', '/switch/centro/decide', { body: { ...CONNECTION, decisions } });
  expect(decided.body.data.results).toEqual([{ ...decisions[0], result: 'taken' }]);
  await stage.command('links', 'remove', 'centro', 'cobalt-main', pair.staffId, '--yes');
});

test('a wrong link is taken away, none that is in use and none that was not meant', async () => {
  await stage.linkTo('centro', 'clinikapi-main', 'st-9', 'pr_wrong01');
  const unlink = (vendor: string, vendorRecordId: string, client = olga) =>
    client.api('POST', '/staff/centro/st-9/unlink', { body: { vendor, vendorRecordId } });
  const own = stage.records['vitalis-centro'][8] ?? '';
  const refused = [
    await unlink('vitalis-centro', own),
    await unlink('clinikapi-main', 'pr_other'),
    await unlink('clinikapi-main', 'pr_wrong01', vera),
  ];
  expect(refused.map(({ status: answered }) => answered)).toEqual([409, 409, 403]);
  const links = async () => (await vera.api('GET', '/staff/centro/st-9')).body.data.links.length;
  const before = await links();
  expect((await unlink('clinikapi-main', 'pr_wrong01')).status).toBe(200);
  expect([before - (await links()), (await unlink('clinikapi-main', 'pr_wrong01')).status]).toEqual([1, 409]);
  const [row] = (await vera.api('GET', '/changes?clinic=centro&kind=link_removed')).body.data;
  expect(row).toMatchObject({ staffId: 'st-9', vendor: 'clinikapi-main', caller: 'operator:olga' });
});

test('a file that was refused is read again, and taken once nothing is against it', async () => {
  const text = await readFile(stage.configPath, 'utf8');
  const config = parse(text);
  Object.assign(config.clinics.south, { vendor: 'vitalis-centro', switchGuard: 'enforce' });
  await writeFile(stage.configPath, stringify(config));
  const state = async () => (await vera.api('GET', '/configuration')).body.data;
  const refused = await until(state, (found) => found.refused);
  expect(refused.reloads[0].lines[0]).toMatch(/^clinics\.south\.vendor: .*cobalt-main → vitalis-centro/);
  const reload = (client: ConsoleClient) => client.api('POST', '/configuration/reload');
  expect((await reload(vera)).status).toBe(403);
  expect((await reload(olga)).body.data.refused).toBe(true);
  const there = { body: { connection: 'vitalis-centro' } };
  expect((await olga.api('POST', '/switch/south/compare', there)).status).toBe(202);
  await until(
    async () => (await vera.api('GET', '/switch/south?connection=vitalis-centro')).body.data,
    ({ jobs, guard }) => jobs[0].state === 'done' && guard.open,
  );
  // Nothing in the file has changed, so nobody else would look at it again.
  expect((await state()).refused).toBe(true);
  expect((await reload(olga)).body.data).toMatchObject({
    refused: false,
    reloads: [{ outcome: 'taken' }, {}, {}],
  });
  await writeFile(stage.configPath, text);
  await until(state, (found) => found.config.clinics.south.vendor === 'cobalt-main');
});

test('work that is under way is not forgotten over much that is finished', async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  stage.cobalt.faults.add({ kind: 'hook', run: () => released });
  const begun = await olga.api('POST', '/switch/centro/rehearse', { body: CONNECTION });
  for (let count = 0; count < 51; count += 1) {
    const other = await olga.api('POST', '/switch/north/check', { body: { connection: 'vitalis-centro' } });
    expect(other.status).toBe(202);
    const looked = () => vera.api('GET', '/switch/north');
    await until(looked, ({ body }) => body.data.jobs[0].state !== 'running');
  }
  expect((await olga.api('POST', '/switch/centro/rehearse', { body: CONNECTION })).status).toBe(409);
  const { id } = begun.body.data;
  expect((await olga.api('POST', '/switch/centro/stop', { body: { id } })).status).toBe(200);
  stage.cobalt.faults.clear();
  release();
  await until(status, ({ jobs }) => jobs[0].state !== 'running');
});

test('it is rehearsed, copied and compared, and the status says what the guard would', async () => {
  await stage.link('centro', 'cobalt-main');
  const rehearsed = await run('rehearse');
  expect(rehearsed).toMatchObject({ complete: true, counts: { no_record: 0 } });
  expect(rehearsed.groups.length).toBeGreaterThan(0);
  const writes = () => stage.cobalt.log.filter(({ method }) => method !== 'GET').length;
  const before = writes();
  expect(await run('preview')).toMatchObject({ applied: false });
  expect(writes()).toBe(before);
  expect(await run('copy')).toMatchObject({ applied: true, complete: true });
  const compared = await run('compare');
  const found = await status();
  expect(found.comparison).toMatchObject({ complete: true, differences: compared.differences });
  expect(found.guard.open).toBe(found.guard.reasons.length === 0);
  expect(found.links).toMatchObject({ missing: 0 });
});

test('what is under way is stopped, one at a time for each clinic, and a viewer only watches', async () => {
  for (const task of [
    'check',
    'suggest',
    'rehearse',
    'preview',
    'copy',
    'compare',
    'review',
    'decide',
    'stop',
  ]) {
    const reply = await vera.api('POST', `/switch/centro/${task}`, { body: CONNECTION });
    expect({ task, status: reply.status }).toEqual({ task, status: 403 });
  }
  stage.vitalis.faults.add({ kind: 'delay', milliseconds: 500 });
  const begun = await olga.api('POST', '/switch/centro/rehearse', { body: CONNECTION });
  const { id } = begun.body.data;
  const other = await olga.api('POST', '/switch/centro/compare', { body: CONNECTION });
  expect([other.status, other.body.code]).toEqual([409, 'conflict']);
  const now = (await vera.api('GET', '/now')).body.data.items;
  expect(now).toContainEqual(expect.objectContaining({ kind: 'job', name: 'centro' }));
  expect((await olga.api('POST', '/switch/centro/stop', { body: { id } })).status).toBe(200);
  const ended = await until(status, ({ jobs }) => jobs[0].state !== 'running');
  expect(ended.jobs[0]).toMatchObject({ id, state: 'stopped' });
  stage.vitalis.faults.clear();
  const here = await olga.api('POST', '/switch/centro/compare', { body: { connection: 'vitalis-centro' } });
  expect(here.status).toBe(409);
  expect((await olga.api('POST', '/switch/nowhere/compare', { body: CONNECTION })).status).toBe(404);
});

test('nothing of a person is said outside of the review', () => {
  expect(said.length).toBeGreaterThan(1_000);
  for (const { name, nationalId, email } of PEOPLE) {
    for (const value of [name?.family, nationalId, email]) expect(said).not.toContain(value ?? '–');
  }
});
