/** Attacks without any key. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startGatewayProcess } from '../../support/gatewayProcess';
import { KEYS } from '../../support/stage';
import { until } from '../../support/until';
import { type Attack, openConnection, same } from './attack';

/** The largest file that anyone may fetch. */
async function largestAsset(url: string): Promise<string> {
  const page = await (await fetch(`${url}/docs`)).text();
  return /\/docs\/reference\.[\w-]+\.js/.exec(page)?.[0] ?? '';
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: gateway\r\n\r\n`;

/** A socket that asks and, when the answer begins, reads no further; gives the answer's status. */
function askAndStall(url: string, path: string): Promise<{ status: number; socket: Socket }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(get(path));
  return new Promise((resolve) => {
    socket.once('close', () => resolve({ status: 0, socket }));
    socket.once('data', (begin) => {
      socket.pause();
      resolve({ status: Number(begin.toString('latin1').slice(9, 12)), socket });
    });
  });
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

export const STRANGER_ATTACKS: readonly Attack[] = [
  {
    name: 'fill the memory with 300 requests for the largest file',
    run: async ({ stage }) => {
      const path = join(stage.folder, 'alone.yaml');
      const store = { url: `sqlite:${join(stage.folder, 'alone.db')}` };
      // With the limits that a production configuration has by default.
      await writeFile(
        path,
        stringify({ ...stage.config, store, server: { host: '127.0.0.1', port: 0, drainMs: 0 } }),
      );
      const gateway = await startGatewayProcess(path);
      try {
        const asset = await largestAsset(gateway.url);
        await (await fetch(gateway.url + asset)).arrayBuffer();
        const before = residentMb(gateway.pid);
        const asked = await Promise.all(Array.from({ length: 300 }, () => askAndStall(gateway.url, asset)));
        const grown = residentMb(gateway.pid) - before;
        const taken = asked.filter(({ status }) => status === 200).length;
        for (const { socket } of asked) socket.destroy();
        if (taken > 32 || grown > 20) throw new Error(`${taken} taken, ${grown.toFixed(0)} MB more`);
      } finally {
        await gateway.kill();
      }
    },
  },
  {
    name: 'hold all places of readers who take nothing, and keep the health checks out',
    run: async ({ stage }) => {
      const asset = await largestAsset(stage.url);
      const stalled = await Promise.all(Array.from({ length: 6 }, () => askAndStall(stage.url, asset)));
      same(stalled.map(({ status }) => status).sort(), [200, 200, 200, 200, 429, 429]);
      same((await stage.call('GET', '/healthz', { key: null })).status, 200);
      // They are cut off, and their places are free again.
      await until(
        () => stage.call('GET', '/openapi.json', { key: null }),
        ({ status }) => status === 200,
      );
      for (const { socket } of stalled) socket.destroy();
    },
  },
  {
    name: 'fill the server with idle connections',
    run: async ({ stage }) => {
      const known = await openConnection(stage.url);
      const authorized = `GET /staff/st-1 HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${KEYS.north}\r\n\r\n`;
      known.write(authorized);
      await known.until(() => known.answers().length === 1);
      const idle = await Promise.all(Array.from({ length: 100 }, () => openConnection(stage.url)));
      known.write(authorized);
      await known.until(() => known.answers().length === 2);
      same(
        known.answers().map(({ status }) => status),
        [200, 200],
      );
      const late = await openConnection(stage.url);
      late.write(authorized);
      await late.until(() => late.answers().length === 1);
      same(
        late.answers().map(({ status }) => status),
        [200],
      );
      for (const wire of [known, late, ...idle]) wire.socket.destroy();
    },
  },
  {
    name: 'learn the names of connections from /readyz',
    run: async ({ stage }) => {
      const { body } = await stage.call('GET', '/readyz', { key: null });
      same(Object.keys(body).sort(), ['certificate', 'checks', 'configFile', 'status']);
    },
  },
];
