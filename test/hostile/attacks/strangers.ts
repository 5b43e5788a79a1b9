/** Attacks without any key. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { askAndStall, largestAsset, measureAssets } from '../../support/assets';
import { KEYS } from '../../support/stage';
import { until } from '../../support/until';
import { type Attack, openConnection, same } from './attack';

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
      const { taken, grownMb } = await measureAssets(path, 300);
      if (taken > 32 || grownMb > 20) throw new Error(`${taken} taken, ${grownMb.toFixed(0)} MB more`);
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
