/**
 * (c) Express with http-proxy-middleware, forwarding untouched. `BENCH_KEEP_ALIVE=no` leaves the agent out, as the
 * package's own examples do: it then opens a connection for every request.
 */
import { Agent, createServer } from 'node:http';
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { announce, vendorUrl } from './announce';

const keepAlive = process.env.BENCH_KEEP_ALIVE !== 'no';
const app = express();
app.use(
  createProxyMiddleware({
    target: vendorUrl(),
    ...(keepAlive && { agent: new Agent({ keepAlive: true }) }),
  }),
);

announce(createServer(app));
