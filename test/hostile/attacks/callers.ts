/** Attacks with a key or token that is good: for more than its share, or for what it may not. */
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { openDatabase } from '../../../src/store/database';
import { createJournal } from '../../../src/store/journal';
import { KEYS } from '../../support/stage';
import { until } from '../../support/until';
import { createGate } from '../../support/wire';
import { type Attack, openConnection, same } from './attack';
import { ATTACKERS, type Field } from './field';

export const CALLER_ATTACKS: readonly Attack[] = [
  {
    name: 'fill all slots with bodies that are never sent whole',
    run: async ({ stage }) => {
      const head = [
        'PATCH /staff/st-1 HTTP/1.1',
        'host: gateway',
        `authorization: Bearer ${KEYS.south}`,
        'content-type: application/json',
        'content-length: 50',
      ].join('\r\n');
      const wires = await Promise.all(Array.from({ length: 15 }, () => openConnection(stage.url)));
      for (const wire of wires) wire.write(`${head}\r\n\r\n{"st`);
      // Half of 20 are a caller's share; the others hear so.
      const refused = () => wires.filter((wire) => wire.received().startsWith('HTTP/1.1 429'));
      await until(
        async () => refused().length,
        (count) => count === 5,
      );
      same((await stage.call('GET', '/staff/st-1')).status, 200);
      for (const wire of wires) wire.socket.destroy();
      await until(
        () => stage.call('GET', '/staff/st-1', { key: KEYS.south }),
        ({ status }) => status === 200,
      );
    },
  },
  {
    name: 'go on reading the audit by a stream whose key is taken back',
    run: async (field) => {
      const { stage } = field;
      await fillAudit(field, 40_000);
      const streams = await Promise.all(Array.from({ length: 5 }, () => openStream(stage.url)));
      same(streams.map(({ status }) => status).sort(), [200, 200, 200, 200, 429]);
      const { callers, ...rest } = stage.config;
      await stage.rewrite({ ...rest, callers: callers.filter(({ name }) => name !== 'north-app') });
      await stage.gateway.reload();
      const read = await Promise.all(streams.map((stream) => stream.read()));
      await stage.rewrite(stage.config);
      await stage.gateway.reload();
      same(read.filter((whole) => whole).length, 1);
    },
  },
  {
    name: 'use up, as a client of one clinic, what the same client of another one may',
    run: async ({ stage, token }) => {
      const north = await token();
      for (let count = 0; count < 5; count += 1) await stage.call('GET', '/staff/st-1', { key: north });
      same((await stage.call('GET', '/staff/st-1', { key: north })).status, 429);
      same((await stage.call('GET', '/staff/st-1', { key: await token({ clinic: 'centro' }) })).status, 200);
    },
  },
  {
    name: 'come in with a token that is no access token, or that lives for a year',
    run: async ({ stage, token }) => {
      const ask = async (key: string) => (await stage.call('GET', '/staff/st-1', { key })).status;
      same(await ask(await token({ client_id: 'b' }, 'logout+jwt')), 401);
      const exp = Math.floor(Date.now() / 1000) + 365 * 86_400;
      same(await ask(`${await token({ client_id: 'b', clinic: 'nowhere', exp })}`), 401);
    },
  },
  {
    name: 'have an update delivered for a clinic that the issuer no longer speaks for',
    run: async ({ stage, token }) => {
      const held = createGate();
      stage.vitalis.faults.next({ kind: 'hook', run: () => held.wait() });
      await stage.patch(KEYS.centro, { phone: '+54 11 5555-0001' }, { prefer: 'respond-async' });
      await held.reached;
      const key = await token({ clinic: 'centro', client_id: 'leaver' });
      const queued = await stage.call('PATCH', '/staff/st-1', {
        key,
        body: { phone: '+54 11 5555-0000' },
        headers: { prefer: 'respond-async' },
      });
      same(queued.status, 202);
      const { tokens, ...rest } = Object(stage.config);
      await stage.rewrite({ ...rest, tokens: [{ ...tokens[0], clinics: { north: 'north' } }] });
      await stage.gateway.reload();
      held.open();
      const ended = await until(
        () => stage.call('GET', queued.headers.get('location') ?? '', { key: KEYS.centro }),
        ({ body }) => ['succeeded', 'failed', 'dead'].includes(body.data.status),
      );
      await stage.rewrite(stage.config);
      await stage.gateway.reload();
      same([ended.body.data.status, ended.body.data.lastError?.code], ['failed', 'forbidden']);
    },
  },
  {
    name: 'pause a shared connection for another clinic by updates that the vendor fails at',
    run: async ({ stage, link }) => {
      await link({ clinic: 'east', staffId: 'e-1', vendor: 'shared', vendorRecordId: 'pr_abc123' });
      await link({ clinic: 'west', staffId: 'w-1', vendor: 'shared', vendorRecordId: 'pr_ghi789' });
      stage.clinikapi.faults.add({ kind: 'answer', status: 500 });
      for (let count = 0; count < 4; count += 1) {
        await stage.call('GET', '/staff/e-1', { key: ATTACKERS.east });
      }
      stage.clinikapi.faults.clear();
      same((await stage.call('GET', '/staff/e-1', { key: ATTACKERS.east })).status, 503);
      same((await stage.call('GET', '/staff/w-1', { key: 'key-of-west' })).status, 200);
    },
  },
  {
    name: 'hide behind the request id of another caller',
    run: async ({ stage }) => {
      const headers = { 'x-request-id': 'shared-id' };
      const body = { role: 'nurse' };
      const first = await stage.call('PATCH', '/staff/st-1', { headers, body });
      const second = await stage.call('PATCH', '/staff/st-1', { headers, body, key: ATTACKERS.writer });
      same(
        [first, second].map((reply) => reply.body.meta.requestId === 'shared-id'),
        [true, false],
      );
      const { data } = (await stage.call('GET', '/changes?limit=2')).body;
      same(new Set(data.map(({ requestId }: { requestId: string }) => requestId)).size, 2);
    },
  },
  {
    name: 'have thousands of empty blocks looked at one by one',
    run: async ({ stage }) => {
      const reply = await stage.patch(KEYS.north, { availableTime: Array(4_999).fill({}) });
      same(
        [reply.status, reply.body.errors.map(({ pointer, code }: Record<string, string>) => [pointer, code])],
        [422, [['/availableTime', 'too_long']]],
      );
    },
  },
];

/** Rows enough that no socket's buffers hold them all. */
async function fillAudit({ stage }: Field, count: number): Promise<void> {
  const database = await openDatabase(stage.config.store.url);
  const journal = createJournal(database, { values: { kind: 'full' }, keyTtlMs: 1_000 });
  const requestId = createHash('sha512').update('').digest('hex');
  await Promise.all(
    Array.from({ length: count }, () =>
      journal.end({
        change: {
          at: new Date(0).toISOString(),
          requestId,
          clinic: 'north',
          caller: 'somebody',
          staffId: 'st-many',
          vendor: 'main',
          vendorRecordId: 'pr_1',
          outcome: 'success',
          status: 200,
          code: null,
          durationMs: 1,
          fields: { '/status': 'verified' },
          values: {},
        },
      }),
    ),
  );
  await journal.close();
  await database.close();
}

/** A stream of the audit that is not read until it is asked for; `read` tells whether it came to its end. */
async function openStream(url: string) {
  const headers = { authorization: `Bearer ${KEYS.north}`, accept: 'application/x-ndjson' };
  return new Promise<{ status: number; read: () => Promise<boolean> }>((resolve, reject) => {
    request(`${url}/changes`, { headers, agent: false }, (response) => {
      const read = () =>
        new Promise<boolean>((done) => {
          response.on('close', () => done(response.complete));
          response.on('error', () => undefined);
          response.resume();
        });
      resolve({ status: response.statusCode ?? 0, read });
    })
      .on('error', reject)
      .end();
  });
}
