/** Switching a clinic's vendor by changing one line of the configuration while requests are coming in. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { openDatabase } from '../../src/store/database';
import { createLinks } from '../../src/store/links';
import { KEYS, openStage, type Reply, type Stage, type StageConfig } from '../support/stage';

/** How often is looked for something that has no event to wait for, and how long before that counts as never. */
const LOOK_EVERY = 10;
const PATIENCE = 15_000;

/** The provider that the north is linked to at the other vendor. */
const ROBIN = 'bcd234efa5678901bcdefa2345678901';

async function until(found: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await found())) {
    if (Date.now() > end) throw new Error('it never happened');
    await pause(LOOK_EVERY);
  }
}

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ clinikapi: { rateLimit: 1_000_000 } });
  // The north may use either vendor: its staff member is linked at both.
  // Another clinic uses the other vendor, so the operator links there.
  const database = await openDatabase(stage.config.store.url);
  await createLinks(database).put({
    clinic: 'north',
    staffId: 'st-1',
    vendor: 'cobalt-main',
    vendorRecordId: ROBIN,
  });
  await database.close();
});
afterAll(() => stage.close());
beforeEach(async () => {
  await stage.rewrite(stage.config);
  await stage.gateway.reload();
  for (const sandbox of [stage.clinikapi, stage.vitalis, stage.cobalt]) sandbox.reset();
  stage.lines.length = 0;
});

function withVendor(vendor: string): StageConfig {
  return { ...stage.config, clinics: { ...stage.config.clinics, north: { vendor, identity: 'linked' } } };
}

const vendorOf = (reply: Reply): string => reply.body.meta.vendor;
const read = () => stage.call('GET', '/staff/st-1');
const update = (status: string) => stage.patch(KEYS.north, { status });
const said = (message: string) =>
  stage.lines.filter((line) => line.includes(message) && JSON.parse(line).msg === message);
const REPLACED = 'configuration replaced';
const REFUSED = 'new configuration refused, the old one stays in use';

test('the file moves the next request to the other vendor, without a restart', async () => {
  expect(vendorOf(await read())).toBe('clinikapi-main');
  await stage.rewrite(withVendor('cobalt-main'));
  await until(() => said(REPLACED).length > 0);

  expect(vendorOf(await read())).toBe('cobalt-main');
  const reply = await update('active');
  expect([reply.status, vendorOf(reply), reply.body.meta.vendorRecordId]).toEqual([
    200,
    'cobalt-main',
    ROBIN,
  ]);
  expect(stage.cobalt.state.providers.get(ROBIN)?.status).toBe('active');
  expect(stage.clinikapi.writes).toBe(0);
  const { body } = await stage.call('GET', '/capabilities');
  expect([body.data.vendor, body.data.adapter]).toEqual(['cobalt-main', 'cobalt']);
  // The other clinics go on as before.
  expect(vendorOf(await stage.call('GET', '/staff/st-1', { key: KEYS.centro }))).toBe('vitalis-centro');
});

test('five times back and forth under load: no request fails, none goes astray', async () => {
  const statuses = ['inactive', 'active'];
  const replies: { reply: Reply; asked: string }[] = [];
  let running = true;
  const worker = async (number: number) => {
    for (let turn = 0; running; turn += 1) {
      const asked = turn % 4 === 0 ? (statuses[(turn / 4 + number) % 2] ?? 'active') : '';
      replies.push({ asked, reply: asked === '' ? await read() : await update(asked) });
    }
  };
  const load = Array.from({ length: 8 }, (_, number) => worker(number));
  for (const [index, vendor] of Array.from({ length: 5 }, () => ['cobalt-main', 'clinikapi-main'])
    .flat()
    .entries()) {
    const before = replies.length;
    await stage.rewrite(withVendor(vendor));
    await until(() => said(REPLACED).length > index);
    // The load reaches the new vendor before the next switch.
    await until(() => replies.slice(before).some(({ reply }) => reply.body.meta?.vendor === vendor));
  }
  running = false;
  await Promise.all(load);

  const failed = replies.filter(({ reply }) => reply.status !== 200).map(({ reply }) => reply.body);
  expect(failed).toEqual([]);
  expect(said(REPLACED)).toHaveLength(10);
  expect(said(REFUSED)).toEqual([]);
  for (const { reply } of replies) {
    const { vendor, vendorRecordId } = reply.body.meta;
    expect([
      ['clinikapi-main', 'pr_abc123'],
      ['cobalt-main', ROBIN],
    ]).toContainEqual([vendor, vendorRecordId]);
  }
  const updates = replies.filter(({ asked }) => asked !== '');
  const of = (vendor: string) => updates.filter(({ reply }) => vendorOf(reply) === vendor).length;
  expect(of('clinikapi-main')).toBeGreaterThan(0);
  expect(of('cobalt-main')).toBeGreaterThan(0);
  // Each update was written once, at the vendor that its answer names.
  expect([stage.clinikapi.writes, stage.cobalt.writes]).toEqual([of('clinikapi-main'), of('cobalt-main')]);
});

test('what is under way ends on the old configuration, what comes later begins on the new one', async () => {
  let arrived = () => {};
  let release = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  stage.clinikapi.faults.next(
    {
      kind: 'hook',
      when: 'commit',
      run: async () => {
        arrived();
        await gate;
      },
    },
    { method: 'PATCH' },
  );
  const early = update('inactive');
  await arrival;
  // The old connection is not only out of use: the new configuration does not have it any more.
  const next = withVendor('cobalt-main');
  const { 'clinikapi-main': _gone, ...vendors } = next.vendors;
  await stage.rewrite({ ...next, vendors });
  await until(() => said(REPLACED).length > 0);
  const late = await update('active');
  expect([late.status, vendorOf(late)]).toEqual([200, 'cobalt-main']);
  expect(stage.clinikapi.writes).toBe(0);

  release();
  const reply = await early;
  expect([reply.status, vendorOf(reply)]).toEqual([200, 'clinikapi-main']);
  expect(reply.body.meta.receipt).toEqual([{ pointer: '/status', outcome: 'verified' }]);
  expect(stage.clinikapi.state.roles.get('pr_abc123')?.status).toBe('inactive');
});

test('a slow answer too is waited for by the configuration that asked', async () => {
  stage.clinikapi.faults.next({ kind: 'delay', milliseconds: 400, when: 'after' }, { method: 'PATCH' });
  const early = update('inactive');
  await until(() => stage.clinikapi.log.length > 0);
  await stage.rewrite(withVendor('cobalt-main'));
  await stage.gateway.reload();
  expect(vendorOf(await read())).toBe('cobalt-main');
  const reply = await early;
  expect([reply.status, vendorOf(reply)]).toEqual([200, 'clinikapi-main']);
});

test.each<[string, () => unknown, RegExp]>([
  ['no YAML', () => 'clinics: [', /./],
  ['empty', () => '', /empty/],
  ['a vendor that is not there', () => withVendor('cobalt-mian'), /clinics\.north\.vendor/],
  ['a misspelt key', () => ({ ...stage.config, clincs: {} }), /clincs/],
  [
    'a missing variable',
    () =>
      stringify(withVendor('cobalt-main')).replace(
        'SANDBOXFAKEACCESSTOKEN',
        ['$', '{NOT_SET_ANYWHERE}'].join(''),
      ),
    /NOT_SET_ANYWHERE/,
  ],
])('a bad file (%s) keeps the old configuration, and a log line says so', async (_name, content, problem) => {
  await stage.rewrite(content());
  await stage.gateway.reload();

  const [line = ''] = said(REFUSED);
  expect(JSON.parse(line).problems).toMatch(problem);
  expect(said(REPLACED)).toEqual([]);
  for (const reply of [await read(), await update('inactive')])
    expect([reply.status, vendorOf(reply)]).toEqual([200, 'clinikapi-main']);
  for (const secret of ['clk_live_', 'cs_live_', 'SANDBOXFAKEACCESSTOKEN'])
    expect(stage.lines.join('')).not.toContain(secret);
});

test('a bad file is noticed by itself, and so is the good one after it', async () => {
  await stage.rewrite('clinics: [');
  await until(() => said(REFUSED).length > 0);
  expect(vendorOf(await read())).toBe('clinikapi-main');
  await stage.rewrite(withVendor('cobalt-main'));
  await until(() => said(REPLACED).length > 0);
  expect(vendorOf(await read())).toBe('cobalt-main');
});

test('reload, as SIGHUP asks for it, has taken effect when it resolves; also with a file renamed over the old one', async () => {
  for (const vendor of ['cobalt-main', 'clinikapi-main', 'cobalt-main']) {
    const next = join(stage.folder, 'next.yaml');
    await writeFile(next, stringify(withVendor(vendor)));
    await rename(next, stage.configPath);
    await stage.gateway.reload();
    expect(vendorOf(await read())).toBe(vendor);
  }
  await stage.rewrite('vendors: 1');
  await stage.gateway.reload();
  expect(said(REFUSED).length).toBeGreaterThan(0);
  expect(vendorOf(await read())).toBe('cobalt-main');
});

test('names for the same records are told in one log line each, without a credential', async () => {
  const { vendors, clinics } = stage.config;
  await stage.rewrite({
    ...stage.config,
    vendors: { ...vendors, 'clinikapi-copy': vendors['clinikapi-main'] },
    clinics: { ...clinics, open: { vendor: 'cobalt-main', identity: 'direct' } },
  });
  await until(() => said(REPLACED).length > 0);
  const warned = stage.lines
    .map((line): string => JSON.parse(line).msg)
    .filter((text) => /^(vendors|clinics)\./.test(text));
  expect(warned).toEqual([
    'vendors.clinikapi-copy: has the adapter and the origin of vendors.clinikapi-main; if both lead to the same records, one of them can get two staff ids, in two clinics',
    'clinics.open.identity: direct reaches every record of cobalt-main, also those of south, which uses it too',
    expect.stringMatching(/^vendors.cobalt-main: is used by south, open, so only an operator can link/),
  ]);
  expect(stage.lines.join('')).not.toMatch(/clk_live_|SANDBOXFAKEACCESSTOKEN/);
});

test('a key that is taken out of the file opens nothing any more, a new one does', async () => {
  const callers = stage.config.callers.filter(({ name }) => name !== 'reader');
  expect((await stage.call('GET', '/staff/st-1', { key: KEYS.reader })).status).toBe(200);
  await stage.rewrite({ ...stage.config, callers });
  await stage.gateway.reload();
  expect((await stage.call('GET', '/staff/st-1', { key: KEYS.reader })).status).toBe(401);
  await stage.rewrite(stage.config);
  await stage.gateway.reload();
  expect((await stage.call('GET', '/staff/st-1', { key: KEYS.reader })).status).toBe(200);
});

test('an update whose client has left is still confirmed over the old connection', async () => {
  const { credentials, ...south } = stage.config.vendors['cobalt-main'];
  stage.cobalt.faults.next({ kind: 'delay', milliseconds: 300 }, { method: 'PATCH' });
  const leaving = new AbortController();
  const sent = fetch(`${stage.url}/staff/st-1`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${KEYS.south}`, 'content-type': 'application/json' },
    body: JSON.stringify({ status: 'inactive' }),
    signal: leaving.signal,
  }).catch((error: Error) => error.name);
  await until(() => stage.cobalt.log.some(({ method }) => method === 'PATCH'));
  leaving.abort();
  expect(await sent).toBe('AbortError');
  // Another timeout makes another connection, so that the old one is closed once nobody needs it.
  const vendors = { ...stage.config.vendors, 'cobalt-main': { ...south, credentials, timeoutMs: 9_000 } };
  await stage.rewrite({ ...stage.config, vendors });
  await stage.gateway.reload();

  // The read that confirms the write, over the connection that the update began with.
  await until(() => stage.cobalt.log.at(-1)?.method === 'GET' && stage.cobalt.log.at(-1)?.status === 200);
  expect(stage.cobalt.log.map(({ method }) => method)).toEqual(['PATCH', 'GET']);
});
