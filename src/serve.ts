/** One running gateway: configuration, store, application and listener, put together and taken down in order. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '../config/load';
import { problemLine } from '../config/problem';
import type { Environment } from '../config/substitute';
import { type ConfigWatch, restartNeeded, watchConfig } from '../config/watch';
import { createApp } from './app';
import { createLocks } from './gateway/locks';
import { Runtime } from './gateway/runtime';
import type { Log } from './ops/log';
import { cachedLinks } from './store/cachedLinks';
import { openDatabase } from './store/database';
import { createLinks } from './store/links';
import type { AdapterModule } from './vendor/contract';

export interface ServeOptions {
  configPath: string;
  env: Environment;
  adapters: readonly AdapterModule[];
  log: Log;
}

export interface RunningGateway {
  /** `http://host:port` as bound. */
  url: string;
  /** Reads the configuration file again, as SIGHUP does. */
  reload(): Promise<void>;
  /** Takes no new work, finishes what is under way, closes everything. */
  close(): Promise<void>;
}

/** How long requests in flight may take after a stop was asked for, in milliseconds. */
const DRAIN_MS = 15_000;

/** @throws ConfigError when the configuration is not usable; nothing listens then */
export async function serve({ configPath, env, adapters, log }: ServeOptions): Promise<RunningGateway> {
  const { config, warnings } = await loadConfig(configPath, { adapters, env });
  for (const warning of warnings) log.notice(warning);
  const database = await openDatabase(config.store.url);
  const links = cachedLinks(createLinks(database), { ttlSeconds: 5, maxKeys: 100_000 });
  const runtime = new Runtime(config, adapters);
  let draining = false;
  const ready = async () => {
    if (draining) throw new Error('draining');
    await database.check();
  };
  const app = createApp({ runtime, links, locks: createLocks(), log, ready });
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 },
    app,
  );
  await listen(server, config.server.port, config.server.host);
  const watch = await follow({ configPath, env, adapters, log }, runtime);
  return {
    url: urlOf(server, config.server.host),
    reload: () => watch.reload(),
    close: async () => {
      draining = true;
      await watch.close();
      await drain(server);
      await runtime.close();
      await database.close();
    },
  };
}

async function follow(
  { configPath, env, adapters, log }: ServeOptions,
  runtime: Runtime,
): Promise<ConfigWatch> {
  return watchConfig(configPath, {
    adapters,
    env,
    current: runtime.setup.config,
    onChange: (config, warnings) => {
      const later = restartNeeded(runtime.setup.config, config);
      runtime.replace(config);
      log.notice('configuration replaced', { restartNeededFor: later.join(', ') });
      for (const warning of warnings) log.notice(warning);
    },
    onRejected: (error) => {
      log.notice('new configuration refused, the old one stays in use', {
        problems: error.problems.map(problemLine).join('; '),
      });
    },
  });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = isAddressInfo(address) ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}
