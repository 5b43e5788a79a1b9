/** What a connection that is kept open keeps of the requests that were answered on it: nothing. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { serveRequests } from '../../src/http/server';
import { openWire } from '../support/wire';

const answered: WeakRef<IncomingMessage | ServerResponse>[] = [];
const server = createServer();
const connections = serveRequests(server, { maxConnections: 10, stallMs: 60_000 }, (req, res) => {
  answered.push(new WeakRef(req), new WeakRef(res));
  req.on('data', () => {}).on('end', () => res.end('done'));
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => connections.close(0));

test('neither a request nor its answer, which would be carried along until the next one comes', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const wire = await openWire(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  wire.write('PATCH / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
  await wire.until(() => wire.answers().length === 1);
  // What is under way keeps its objects until its turn has ended.
  for (let turn = 0; turn < 3; turn += 1) await setImmediate();
  collectGarbage();
  expect(answered).toHaveLength(2);
  expect(answered.filter((message) => message.deref() !== undefined)).toEqual([]);
  wire.socket.destroy();
});
