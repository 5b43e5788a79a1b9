/** The adapter that docs/adding-an-adapter.md shows works, through the whole gateway. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { AdapterModule, VendorRecord } from '../../src/adapter';
import { createLog } from '../../src/ops/log';
import { serve } from '../../src/serve';
import { ejemplo } from '../support/exampleAdapter';
import { openReplay, type RecordedExchange } from '../support/replay';

const KEY = 'key-of-the-example';

async function update(
  body: object,
  exchanges: RecordedExchange[],
  { prefer = 'handling=strict', adapter = ejemplo }: { prefer?: string; adapter?: AdapterModule } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-example-'));
  const vendor = await openReplay(exchanges);
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(
    configPath,
    stringify({
      server: { port: 0, drainMs: 0 },
      ops: { port: 0 },
      store: { url: `sqlite:${join(folder, 'data', 'gateway.db')}` },
      vendors: { example: { adapter: 'ejemplo', baseUrl: vendor.url, credentials: { apiKey: 'k-1' } } },
      clinics: { clinic: { vendor: 'example', identity: 'direct' } },
      callers: [
        {
          name: 'app',
          clinic: 'clinic',
          scopes: ['staff:write'],
          keySha256: createHash('sha256').update(KEY).digest('hex'),
        },
      ],
    }),
  );
  const gateway = await serve({ configPath, env: {}, adapters: [adapter], log: createLog('silent') });
  try {
    const response = await fetch(`${gateway.url}/staff/7`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', prefer },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json(), complaints: vendor.complaints() };
  } finally {
    await gateway.close();
    await vendor.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const request = (path: string, body?: object) => ({
  method: body === undefined ? 'GET' : 'PATCH',
  path,
  headers: { 'x-api-key': 'k-1' },
  ...(body && { body }),
});
const answer = (body: object, status = 200) => ({ status, body });
const STAFF = { id: 7, estado: 'A', sede: null, persona: 3 };
const PERSONA = { id: 3, telefono: '+54 11 5555-0000' };
/** The person behind a staff record is found through it. */
const found: RecordedExchange = { request: request('/staff/7'), response: answer(STAFF) };

test('an update is translated both ways and verified', async () => {
  const reply = await update(
    { status: 'Inactive', phone: null, email: 'a@example.test' },
    [
      found,
      // What is cleared is looked at first: it may be something that cannot be read.
      { request: request('/personas/3'), response: answer(PERSONA) },
      {
        request: request('/staff/7', { estado: 'I' }),
        response: answer({ ...STAFF, estado: 'I' }),
      },
      {
        request: request('/personas/3', { telefono: null }),
        response: answer({ ...PERSONA, telefono: null }),
      },
    ],
    { prefer: 'handling=lenient' },
  );
  expect(reply).toMatchObject({ status: 200, complaints: [] });
  expect(reply.body).toMatchObject({
    data: { id: '7', status: 'inactive', phone: null },
    meta: {
      receipt: [
        { pointer: '/status', outcome: 'verified' },
        { pointer: '/phone', outcome: 'verified' },
        { pointer: '/email', outcome: 'dropped', detail: 'Ejemplo holds no email' },
      ],
    },
  });
});

test('what it cannot hold is refused before anything is sent', async () => {
  const reply = await update({ status: 'on-leave', email: 'a@example.test' }, []);
  expect(reply).toMatchObject({ status: 422, complaints: [], body: { code: 'unsupported_field' } });
});

test('a complaint of the vendor points at the field', async () => {
  const reply = await update({ phone: '+54 11 5555-0000' }, [
    found,
    {
      request: request('/personas/3', { telefono: '+54 11 5555-0000' }),
      response: answer({ campo: 'telefono', mensaje: 'Teléfono inválido' }, 422),
    },
  ]);
  expect(reply).toMatchObject({
    status: 422,
    complaints: [],
    body: {
      code: 'vendor_rejected',
      errors: [{ pointer: '/phone', code: 'invalid_format' }],
      vendor: { message: 'Teléfono inválido' },
    },
  });
});

describe('a vendor that answers a write with 204', () => {
  /** The example, whose persons are written with this said of the answer. */
  const saying = (mayAnswerNothing: boolean | 204): AdapterModule => ({
    ...ejemplo,
    connect: (settings) => {
      const adapter = ejemplo.connect({ ...settings, credentials: { apiKey: 'k-1' } });
      const also = (adapter.also ?? []).map((resource) => ({
        ...resource,
        answers: 'acknowledgement' as const,
        write: (id: string, body: VendorRecord) => ({
          method: 'PATCH' as const,
          path: `/personas/${id}`,
          body,
          mayAnswerNothing,
        }),
      }));
      return { ...adapter, also };
    },
  });
  const phone = '+54 11 5555-0001';
  const exchanges: RecordedExchange[] = [
    found,
    { request: request('/personas/3', { telefono: phone }), response: { status: 204 } },
    { request: request('/personas/3'), response: answer({ ...PERSONA, telefono: phone }) },
  ];

  test('is asked what it holds now, if its contract says so', async () => {
    const reply = await update({ phone }, exchanges, { adapter: saying(204) });
    const receipt = [{ pointer: '/phone', outcome: 'verified' }];
    expect(reply).toMatchObject({ status: 200, complaints: [], body: { meta: { receipt } } });
  });

  test('breaks its contract if that says nothing of it', async () => {
    const reply = await update({ phone }, exchanges, { adapter: saying(true) });
    expect(reply).toMatchObject({
      status: 502,
      body: { code: 'vendor_unexpected_response', outcome: 'applied' },
    });
  });
});
