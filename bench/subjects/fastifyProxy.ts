/** (d) Fastify with @fastify/http-proxy, forwarding untouched. */
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';
import { announcePort, vendorUrl } from './announce';

async function start(): Promise<void> {
  const app = fastify();
  await app.register(proxy, { upstream: vendorUrl() });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  announcePort(Number(new URL(url).port));
}

process.on('disconnect', () => process.exit(0));
void start();
