/** One running gateway: configuration, store, application and listener, put together and taken down in order. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdapterModule } from './adapter/contract';
import { Authenticator } from './callers/callers';
import { InFlight } from './callers/limits';
import { loadConfig } from './config/load';
import type { Environment } from './config/substitute';
import { auditSecrets, type GatewayConfig, storeSecrets } from './config/types';
import { createObserver } from './connection/telemetry';
import { createConsole, type OperatorsConsole } from './console/app';
import { createApp } from './http/app';
import { messagesOf } from './http/messages';
import { createRefusals } from './http/refusals';
import { serveRequests, serverOptions } from './http/server';
import { createListener, type Listener } from './http/tls';
import { every } from './lib/every';
import { shared } from './lib/shared';
import { checkHealth } from './ops/health';
import type { Log } from './ops/log';
import { createMetrics, type Metrics } from './ops/metrics';
import { createOpsHandler, OPS_SERVER_OPTIONS } from './ops/server';
import { createDeliveries, GIVE_BACK_MS } from './queue/deliver';
import { settleAbandoned } from './queue/recover';
import { createHeadTeller } from './runtime/auditHead';
import { type Following, follow } from './runtime/follow';
import { registerGauges } from './runtime/gauges';
import { OwnPresence } from './runtime/presence';
import { Runtime } from './runtime/runtime';
import { cachedLinks } from './store/cachedLinks';
import { createCeilings } from './store/ceilings';
import { createChanges } from './store/changes';
import { type Cipher, createCipher } from './store/cipher';
import { type Database, openDatabase } from './store/database';
import { evidenceOf } from './store/evidence';
import { guardedLinks } from './store/guardedLinks';
import { createJournal, type Journal } from './store/journal';
import { createLinks } from './store/links';
import type { Locks } from './store/locks';
import { createOperations } from './store/operations';
import { createRecordLocks } from './store/recordLocks';
import { BEAT_MS, createReplicas } from './store/replicas';
import { timedLinks } from './store/timedLinks';
import { createTrail, type TrailOptions, trailOptions } from './store/trail';
import { createWhereabouts } from './store/whereabouts';
import { createRelocation, type Relocation } from './switch/relocation';

export interface ServeOptions {
  configPath: string;
  env: Environment;
  adapters: readonly AdapterModule[];
  log: Log;
  /**
   * How soon a change on disk is seen: milliseconds between two looks, and of quiet before a file is read; and how often is looked
   * where clinics are.
   */
  watch?: { pollMs: number; quietMs: number; beatMs?: number };
  /** The time by which sessions of the console end. */
  now?: () => Date;
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
/** Well below what a vendor is given for a call: who has to wait for the store hears so while anybody is listening. */
const STORE_WAIT_MS = 2_000;
/** For how long what was found out about the store is told again: anybody may ask. */
const CHECK_MS = 1_000;
/** Pauses between two looks for updates that a crash has left behind, and for rows that are too old. */
const SETTLE_MS = 1_000;
const TIDY_MS = 60_000;
/** Between two times that the newest row of the audit is told. */
const HEAD_MS = 600_000;

/** @throws ConfigError when the configuration is not usable; nothing listens then */
export async function serve({
  configPath,
  env,
  adapters,
  log,
  watch: timing,
  now = () => new Date(),
}: ServeOptions): Promise<RunningGateway> {
  const { config, warnings } = await loadConfig(configPath, { adapters, env });
  for (const warning of warnings) log.notice(warning);
  const metrics = createMetrics();
  const database = await openDatabase(config.store.url, {
    onNotice: (message) => log.notice(message),
    waitMs: STORE_WAIT_MS,
  });
  const kept = await trailOptions(database, { ...config.audit, key: auditSecrets(config.audit) });
  const trail = createTrail(database, kept);
  await trail.adopt();
  const cipher = createCipher(storeSecrets(config.store));
  const links = cachedLinks(guardedLinks(timedLinks(createLinks(database, undefined, trail), metrics)), {
    ttlSeconds: 5,
    maxKeys: 100_000,
  });
  const ceilings = createCeilings(database);
  const observer = createObserver(metrics, log);
  const runtime = new Runtime(config, adapters, { observer, ceilings });
  const presence = new OwnPresence();
  const relocation = createRelocation({
    runtime,
    presence,
    whereabouts: createWhereabouts(database, trail),
    replicas: createReplicas(database, randomUUID()),
    evidence: (clinic, here, there) => evidenceOf(database, clinic, here, there),
    log,
    onMove: metrics.clinicMoved,
  });
  await relocation.start();
  const inFlight = new InFlight(config.server.maxInFlight);
  let watch: Following | undefined;
  let stopping = false;
  const configRefused = () => watch?.configRefused === true;
  const certificateRefused = () => watch?.certificateRefused === true;
  const checkStore = shared(CHECK_MS, () => database.check());
  const health = () =>
    checkHealth({
      breakers: () => runtime.breakers(),
      stopping: () => stopping,
      configRefused,
      certificateRefused,
      checkStore,
    });
  registerGauges(metrics, {
    runtime,
    presence,
    inFlight: () => inFlight.count,
    database,
    configRefused,
    certificateRefused,
  });
  const journal = openJournal(config, database, { log, metrics, kept, cipher });
  const refusals = createRefusals((change) => journal.end({ change }));
  const locks = createRecordLocks(config.store.url);
  const operations = createOperations(database, { cipher, trail });
  const parts = { links, locks, journal, operations, runtime, presence, log };
  const changes = createChanges(database);
  const deliveries = createDeliveries(parts);
  const app = createApp({
    ...parts,
    authenticator: new Authenticator(metrics.tokenRefused),
    ceilings,
    inFlight,
    metrics,
    health,
    changes,
    refusals,
  });
  const listener = createListener(config.server.tls, { ...serverOptions(config.server), ...messagesOf(app) });
  const { server } = listener;
  const connections = serveRequests(server, config.server, app);
  await listen(server, config.server.port, config.server.host);
  const consoleParts = {
    ...parts,
    update: parts,
    adapters,
    database,
    cipher,
    changes,
    trail,
    refusals,
    observer,
    health,
    now,
  };
  let operatorsConsole: OperatorsConsole | undefined;
  const openConsole = () => {
    operatorsConsole ??= createConsole({
      ...consoleParts,
      following: () => watch,
      url: () => urlOf(opsServer, config.ops.host, opsListener.scheme),
    });
    return operatorsConsole;
  };
  const hasConsole = () => runtime.current.config.operators.length > 0 || config.ops.oidc !== undefined;
  const opsTls = { certFile: '', keyFile: '', ...config.ops.tls, clientCaFile: '', requireClientCert: false };
  const opsListener = createListener(opsTls, OPS_SERVER_OPTIONS, 'ops.tls');
  const opsServer = opsListener.server;
  const handleOps = createOpsHandler({
    metrics,
    health,
    console: () => (hasConsole() ? openConsole().handle : undefined),
  });
  opsServer.on('request', handleOps);
  await listen(opsServer, config.ops.port, config.ops.host);
  deliveries.start();
  const tellHead = createHeadTeller({ database, log, keys: kept.keys, headFile: config.audit.headFile });
  const housekeeping = keepHouse({
    journal,
    locks,
    runtime,
    log,
    tellHead,
    relocation,
    beatMs: timing?.beatMs ?? BEAT_MS,
  });
  const following = await follow({
    ...timing,
    configPath,
    env,
    adapters,
    log,
    runtime,
    replace: relocation.replace,
    certificate: certificatesOf([listener, opsListener]),
  });
  watch = following;
  const close = async () => {
    const { drainMs, shutdownMs } = config.server;
    stopping = true;
    const operatorsWork = operatorsConsole?.close();
    connections.drain();
    // What is not done by then is cancelled if it was not sent yet, and given back.
    const delivering = deliveries.stop(Math.max(0, drainMs + shutdownMs - GIVE_BACK_MS));
    // Whoever sends requests here has to hear first that this process is not ready any more.
    await sleep(drainMs);
    const last = sleep(shutdownMs, undefined, { ref: false });
    const closed = connections.close(Math.min(drainMs, LINGER_MS)).then(() => inFlight.idle());
    const ended = [closed, following.close(), delivering, housekeeping.stop(), operatorsWork];
    await Promise.race([Promise.all(ended), last]);
    await Promise.race([runtime.close(), last]);
    server.close().closeAllConnections();
    opsServer.close().closeAllConnections();
    await delivering;
    await relocation.leave().catch(() => {});
    await refusals.close();
    await journal.close();
    await tellHead().catch(() => {});
    await locks.close();
    await database.close();
  };
  let closed: Promise<void> | undefined;
  return {
    url: urlOf(server, config.server.host, listener.scheme),
    opsUrl: urlOf(opsServer, config.ops.host, opsListener.scheme),
    reload: () => following.reload(),
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

function openJournal(
  config: GatewayConfig,
  database: Database,
  { log, metrics, kept, cipher }: { log: Log; metrics: Metrics; kept: TrailOptions; cipher: Cipher },
): Journal {
  const { retentionDays } = config.audit;
  return createJournal(database, {
    ...kept,
    cipher,
    keyTtlMs: config.idempotency.ttlHours * HOUR_MS,
    ...(retentionDays !== undefined && { retentionMs: retentionDays * 24 * HOUR_MS }),
    onTransaction: (milliseconds) => metrics.store('journal_commit', milliseconds),
    onFailure: ({ reason }) => log.notice('the store could not be written', { reason }),
  });
}

/** What crashes have left behind is settled, and what is too old is deleted. */
interface House {
  journal: Journal;
  locks: Locks;
  runtime: Runtime;
  log: Log;
  tellHead: () => Promise<void>;
  relocation: Relocation;
  beatMs: number;
}

function keepHouse({ journal, locks, runtime, log, tellHead, relocation, beatMs }: House): {
  stop(): Promise<unknown>;
} {
  const failed = (what: string) => (error: unknown) =>
    log.notice(what, { error: error instanceof Error ? error.name : typeof error });
  const jobs = [
    every(SETTLE_MS, () => settleAbandoned({ journal, locks, runtime, log }), failed('settling has failed')),
    every(beatMs, () => relocation.beat(), failed('looking where clinics are has failed')),
    every(TIDY_MS, () => journal.tidy(), failed('deleting old rows has failed')),
    every(HEAD_MS, tellHead, failed('telling the newest row of the audit has failed')),
  ];
  return { stop: () => Promise.all(jobs.map((job) => job.stop())) };
}

/** Renewed files of one are taken over whatever becomes of those of the other. */
function certificatesOf(listeners: readonly Listener[]): Pick<Listener, 'files' | 'refresh'> {
  return {
    files: listeners.flatMap(({ files }) => files),
    refresh: () => {
      const outcomes = listeners.map((listener) => outcomeOf(() => listener.refresh()));
      for (const outcome of outcomes) if ('error' in outcome) throw outcome.error;
      return outcomes.some((outcome) => 'result' in outcome && outcome.result);
    },
  };
}

function outcomeOf<Result>(work: () => Result): { result: Result } | { error: unknown } {
  try {
    return { result: work() };
  } catch (error) {
    return { error };
  }
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
