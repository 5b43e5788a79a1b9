/** Express changes the prototype of what it handles; here it finds the one that it would set. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { messagesOf } from '../../src/http/messages';

const seen: object[][] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  const app = express();
  app.get('/:id', (req, res) => {
    seen.push([req, res].map((message): object => Object.getPrototypeOf(message)));
    res.json({ id: req.params.id, host: req.hostname });
  });
  server = createServer(messagesOf(app));
  // Before Express has seen them.
  server.on('request', (...messages) => seen.push(messages.map((message) => Object.getPrototypeOf(message))));
  server.on('request', app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

test('a request and its response keep the prototype that they are made with, and Express works on them', async () => {
  const answer = await fetch(`${url}/st-1`);
  expect(await answer.json()).toEqual({ id: 'st-1', host: '127.0.0.1' });
  const [before, inside] = seen;
  expect(inside).toHaveLength(2);
  expect(inside?.[0]).toBe(before?.[0]);
  expect(inside?.[1]).toBe(before?.[1]);
});
