/** What goes on between the requests of one connection: their order, bytes that are none, and a body that is not sent yet. */
import { requestBytes } from '../support/hostile';
import { KEYS, openStage, type Stage } from '../support/stage';
import { createGate, type Gate, openWire, type Wire } from '../support/wire';

let stage: Stage;
const wires: Wire[] = [];
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(() => stage.clinikapi.reset());
afterEach(() => {
  for (const { socket } of wires.splice(0)) socket.destroy();
});

async function open(): Promise<Wire> {
  const wire = await openWire(stage.url);
  wires.push(wire);
  return wire;
}

/** The vendor keeps the next write waiting, before or after it is made. */
function holdWrite(when: 'request' | 'answer' = 'answer'): Gate {
  const gate = createGate();
  stage.clinikapi.faults.next({ kind: 'hook', when, run: () => gate.wait() }, { method: 'PATCH' });
  return gate;
}

/** Whatever was written before on another connection has been read by then. */
async function roundTrips(): Promise<void> {
  for (let trip = 0; trip < 3; trip += 1) await stage.call('GET', '/healthz');
}

const update = (role: string, headers: [string, string][] = []) => requestBytes({ json: { role }, headers });
const HEALTH = requestBytes({ method: 'GET', path: '/healthz', key: null });
const roles = () =>
  stage.clinikapi.log.filter(({ method }) => method === 'PATCH').map(({ body }) => JSON.stringify(body));

describe('bytes that are no request, while an update is under way', () => {
  test.each<[string, string | Buffer]>([
    ['a stray byte', 'x'],
    ['a stray line', 'what is this\r\n\r\n'],
    ['a head that is too large', `GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(17_000)}\r\n\r\n`],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a request that is broken', 'GET /healthz HTTP/1.1\r\nno header\r\n\r\n'],
    ['CONNECT', 'CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n'],
    ['a stray byte, and more later', Buffer.concat([Buffer.from('x'), update('second')])],
  ])('%s: its own answer comes, and then the connection ends', async (_name, bytes) => {
    const held = holdWrite();
    const wire = await open();
    wire.write(update('first'));
    await held.reached;
    wire.write(bytes);
    await roundTrips();
    wire.write('and more');
    await roundTrips();
    expect(wire.received()).toBe('');
    held.open();
    expect(await wire.ended).toBeUndefined();
    expect(wire.answers().map(({ status, headers }) => [status, headers.connection])).toEqual([
      [200, 'close'],
    ]);
    expect(wire.answers()[0]?.text).toContain('"role":"first"');
    expect(roles()).toHaveLength(1);
  });

  test('a next request whose body is broken is refused after it', async () => {
    const held = holdWrite();
    const wire = await open();
    wire.write(update('first'));
    await held.reached;
    const chunked: [string, string][] = [['transfer-encoding', 'chunked']];
    const head = update('', chunked)
      .toString('latin1')
      .split('\r\n\r\n')[0]
      ?.replace(/content-length.*\r\n/, '');
    wire.write(`${head}\r\n\r\nzz\r\n`);
    await roundTrips();
    expect(wire.received()).toBe('');
    held.open();
    await wire.ended;
    expect(wire.answers().map(({ status }) => status)).toEqual([200, 400]);
    expect(roles()).toHaveLength(1);
  });

  test('without one they are answered 400', async () => {
    const wire = await open();
    wire.write(update('first'));
    await wire.until(() => wire.answers().length === 1);
    wire.write('what is this\r\n\r\n');
    await wire.ended;
    expect(wire.answers().map(({ status }) => status)).toEqual([200, 400]);
  });
});

describe('several requests at once', () => {
  test('are carried out in their order', async () => {
    const wire = await open();
    // Those with a key have more to do before they are sent.
    const sent = Array.from({ length: 8 }, (_, index) =>
      update(`role-${index}`, index % 2 === 0 ? [['idempotency-key', `in-order-${index}`]] : []),
    );
    wire.write(Buffer.concat(sent));
    await wire.until(() => wire.answers().length === sent.length);
    expect(roles()).toEqual(sent.map((_, index) => JSON.stringify({ role: `role-${index}` })));
    for (const [index, { text }] of wire.answers().entries())
      expect(text).toContain(`"role":"role-${index}"`);
  });

  test('a read shows what the update before it has made', async () => {
    const held = holdWrite('request');
    const wire = await open();
    wire.write(Buffer.concat([update('newest'), requestBytes({ method: 'GET' })]));
    await held.reached;
    await roundTrips();
    expect(stage.clinikapi.log.filter(({ method }) => method === 'GET')).toEqual([]);
    held.open();
    await wire.until(() => wire.answers().length === 2);
    expect(wire.answers()[1]?.text).toContain('"role":"newest"');
  });

  test('are not begun once the client has gone', async () => {
    const held = holdWrite();
    const wire = await open();
    wire.write(Buffer.concat([update('first'), update('second')]));
    await held.reached;
    wire.socket.destroy();
    await roundTrips();
    held.open();
    await roundTrips();
    expect(roles()).toHaveLength(1);
  });

  test('more than a client would ever send: those that were taken are answered, then the connection ends', async () => {
    const held = holdWrite();
    const wire = await open();
    wire.write(update('first'));
    await held.reached;
    wire.write(Buffer.concat(Array.from({ length: 500 }, () => HEALTH)));
    await roundTrips();
    held.open();
    await wire.until(() => wire.answers().at(-1)?.headers.connection === 'close');
    const answers = wire.answers();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers.length).toBeGreaterThan(50);
    expect(answers.length).toBeLessThan(150);
  });
});

describe('Expect: 100-continue', () => {
  const head = (headers: string, key: string | null = KEYS.north) =>
    [
      'PATCH /staff/st-1 HTTP/1.1',
      'host: gateway',
      ...(key === null ? [] : [`authorization: Bearer ${key}`]),
      'expect: 100-continue',
      headers,
      '\r\n',
    ].join('\r\n');

  test.each<[string, number, string]>([
    ['a body that is too large', 413, head('content-type: application/json\r\ncontent-length: 200000')],
    ['another media type', 415, head('content-type: text/plain\r\ncontent-length: 20')],
    [
      'a compressed body',
      415,
      head('content-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 20'),
    ],
    ['no key', 401, head('content-type: application/json\r\ncontent-length: 20', null)],
    [
      'a key without the right',
      403,
      head('content-type: application/json\r\ncontent-length: 20', KEYS.reader),
    ],
  ])('%s is refused before the body is sent', async (_name, status, bytes) => {
    const wire = await open();
    wire.write(bytes);
    await wire.until(() => wire.answers().length === 1);
    expect(wire.received()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(wire.answers()[0]?.headers.connection).toBe('close');
  });

  test('what may be sent is asked for', async () => {
    const wire = await open();
    const body = '{"role":"expected"}';
    wire.write(head(`content-type: application/json\r\ncontent-length: ${body.length}`));
    await wire.until((received) => received.includes('\r\n\r\n'));
    expect(wire.received()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    wire.write(body);
    await wire.until(() => wire.answers().length === 1);
    expect(wire.answers()[0]).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } });
    expect(roles()).toHaveLength(1);
  });
});
