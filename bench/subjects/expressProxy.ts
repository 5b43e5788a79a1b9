/**
 * (c) Express with http-proxy-middleware, forwarding untouched. The agent is more than the package's own examples have:
 * without one it opens a connection for every request, and makes its clients do the same.
 */
import { Agent, createServer } from 'node:http';
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { announce, vendorUrl } from './announce';

const app = express();
app.use(createProxyMiddleware({ target: vendorUrl(), agent: new Agent({ keepAlive: true }) }));

announce(createServer(app));
