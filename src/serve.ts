/** One running gateway: configuration, store, application and listener, put together and taken down in order. */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdapterModule } from './adapter/contract';
import { Authenticator } from './callers/callers';
import { InFlight } from './callers/limits';
import { loadConfig } from './config/load';
import { problemLine } from './config/problem';
import type { Environment } from './config/substitute';
import type { GatewayConfig } from './config/types';
import { type ConfigWatch, restartNeeded, watchConfig } from './config/watch';
import { createObserver } from './connection/telemetry';
import { createApp } from './http/app';
import { messagesOf } from './http/messages';
import { serveRequests, serverOptions } from './http/server';
import { createListener, type Listener } from './http/tls';
import { every } from './lib/every';
import { shared } from './lib/shared';
import { checkHealth } from './ops/health';
import type { Log } from './ops/log';
import { createMetrics, type Metrics } from './ops/metrics';
import { createOpsServer } from './ops/server';
import { createDeliveries, GIVE_BACK_MS } from './queue/deliver';
import { settleAbandoned } from './queue/recover';
import { registerGauges } from './runtime/gauges';
import { Runtime } from './runtime/runtime';
import { cachedLinks } from './store/cachedLinks';
import { createChanges, installationSalt } from './store/changes';
import { type Database, openDatabase } from './store/database';
import { guardedLinks } from './store/guardedLinks';
import { createJournal, type Journal } from './store/journal';
import { createLinks } from './store/links';
import { createOperations } from './store/operations';
import { createRecordLocks } from './store/recordLocks';
import { timedLinks } from './store/timedLinks';

export interface ServeOptions {
  configPath: string;
  env: Environment;
  adapters: readonly AdapterModule[];
  log: Log;
}

export interface RunningGateway {
  /** `http://host:port` as bound, or `https://…`. */
  url: string;
  /** Where metrics and health are, likewise. */
  opsUrl: string;
  /** Reads the configuration file again, as SIGHUP does. */
  reload(): Promise<void>;
  /** Drains, finishes what is under way, closes everything. May be called again. */
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
/** For how long after the drain requests are taken that were sent before its end. */
const LINGER_MS = 500;
/** Anyone may ask whether the gateway is ready, so the store is asked once for all of them. */
const HEALTH_SHARED_MS = 1_000;
/** Pauses between two looks for updates that a crash has left behind, and for rows that are too old. */
const SETTLE_MS = 1_000;
const TIDY_MS = 60_000;

/** @throws ConfigError when the configuration is not usable; nothing listens then */
export async function serve({ configPath, env, adapters, log }: ServeOptions): Promise<RunningGateway> {
  const { config, warnings } = await loadConfig(configPath, { adapters, env });
  for (const warning of warnings) log.notice(warning);
  const metrics = createMetrics();
  const database = await openDatabase(config.store.url);
  const links = cachedLinks(guardedLinks(timedLinks(createLinks(database), metrics)), {
    ttlSeconds: 5,
    maxKeys: 100_000,
  });
  const runtime = new Runtime(config, adapters, createObserver(metrics, log));
  const inFlight = new InFlight(config.server.maxInFlight);
  let refused = false;
  let stopping = false;
  const configRefused = () => refused;
  const checkStore = shared(HEALTH_SHARED_MS, () => database.check());
  const health = () =>
    checkHealth({
      breakers: () => runtime.breakers(),
      stopping: () => stopping,
      configRefused,
      checkStore,
    });
  registerGauges(metrics, { runtime, inFlight: () => inFlight.count, database, configRefused });
  const journal = await openJournal(config, database, { log, metrics });
  const locks = createRecordLocks(config.store.url);
  const operations = createOperations(database);
  const parts = { links, locks, journal, operations, runtime, log };
  const deliveries = createDeliveries(parts);
  const app = createApp({
    ...parts,
    authenticator: new Authenticator(metrics.tokenRefused),
    inFlight,
    metrics,
    health,
    changes: createChanges(database),
  });
  const listener = createListener(config.server.tls, { ...serverOptions(config.server), ...messagesOf(app) });
  const { server } = listener;
  const connections = serveRequests(server, config.server, app);
  await listen(server, config.server.port, config.server.host);
  const opsServer = createOpsServer({ metrics, health });
  await listen(opsServer, config.ops.port, config.ops.host);
  deliveries.start();
  const housekeeping = keepHouse(journal, runtime, log);
  const watch = await follow({ configPath, env, adapters, log }, runtime, listener, (outcome) => {
    refused = outcome === 'refused';
  });
  const close = async () => {
    const { drainMs, shutdownMs } = config.server;
    stopping = true;
    connections.drain();
    // What is not done by then is cancelled where it was not sent yet, and given back.
    const delivering = deliveries.stop(Math.max(0, drainMs + shutdownMs - GIVE_BACK_MS));
    // Whoever sends requests here has to hear first that this process is not ready any more.
    await sleep(drainMs);
    const last = sleep(shutdownMs, undefined, { ref: false });
    const closed = connections.close(Math.min(drainMs, LINGER_MS)).then(() => inFlight.idle());
    await Promise.race([Promise.all([closed, watch.close(), delivering, housekeeping.stop()]), last]);
    await Promise.race([runtime.close(), last]);
    server.close().closeAllConnections();
    opsServer.close().closeAllConnections();
    await delivering;
    await journal.close();
    await locks.close();
    await database.close();
  };
  let closed: Promise<void> | undefined;
  return {
    url: urlOf(server, config.server.host, listener.scheme),
    opsUrl: urlOf(opsServer, config.ops.host),
    reload: () => watch.reload(),
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

async function openJournal(
  config: GatewayConfig,
  database: Database,
  { log, metrics }: { log: Log; metrics: Metrics },
): Promise<Journal> {
  const { values, salt, retentionDays } = config.audit;
  return createJournal(database, {
    values:
      values === 'full'
        ? { kind: 'full' }
        : { kind: 'hashed', salt: salt ?? (await installationSalt(database)) },
    keyTtlMs: config.idempotency.ttlHours * HOUR_MS,
    ...(retentionDays !== undefined && { retentionMs: retentionDays * 24 * HOUR_MS }),
    onTransaction: (milliseconds) => metrics.store('journal_commit', milliseconds),
    onFailure: ({ reason }) => log.notice('the store could not be written', { reason }),
  });
}

/** What crashes have left behind is settled, and what is too old is deleted. */
function keepHouse(journal: Journal, runtime: Runtime, log: Log): { stop(): Promise<unknown> } {
  const failed = (what: string) => (error: unknown) =>
    log.notice(what, { error: error instanceof Error ? error.name : typeof error });
  const jobs = [
    every(SETTLE_MS, () => settleAbandoned({ journal, runtime, log }), failed('settling has failed')),
    every(TIDY_MS, () => journal.tidy(), failed('deleting old rows has failed')),
  ];
  return { stop: () => Promise.all(jobs.map((job) => job.stop())) };
}

async function follow(
  { configPath, env, adapters, log }: ServeOptions,
  runtime: Runtime,
  listener: Listener,
  told: (outcome: 'taken over' | 'refused') => void,
): Promise<ConfigWatch> {
  return watchConfig(configPath, {
    adapters,
    env,
    current: runtime.current.config,
    onChange: (config, warnings) => {
      const later = restartNeeded(runtime.current.config, config);
      if (listener.refresh()) log.notice('certificate replaced');
      runtime.replace(config);
      log.notice('configuration replaced', { restartNeededFor: later.join(', ') });
      for (const warning of warnings) log.notice(warning);
      told('taken over');
    },
    onRejected: (error) => {
      told('refused');
      log.notice('new configuration refused, the old one stays in use', {
        problems: error.problems.map(problemLine).join('; '),
      });
    },
  });
}

function listen(server: Listener['server'], port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function urlOf(server: Listener['server'], host: string, scheme = 'http'): string {
  const address = server.address();
  const port = isAddressInfo(address) ? address.port : 0;
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
