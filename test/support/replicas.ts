/** A stage whose clinic north may be at two connections, and further gateways on its store, each with a file of its own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { createLog } from '../../src/ops/log';
import { type RunningGateway, serve } from '../../src/serve';
import { type Database, openDatabase } from '../../src/store/database';
import { createLinks } from '../../src/store/links';
import { createPostgresDatabase } from './postgres';
import type { EngineName } from './queue';
import { KEYS, openStage, type Reply, type StageConfig, WATCH } from './stage';

/** The provider that the north is linked to at the other vendor. */
export const ROBIN = 'bcd234efa5678901bcdefa2345678901';

export const HERE = 'clinikapi-main';
export const THERE = 'cobalt-main';

export interface Replica {
  gateway: RunningGateway;
  /** Its configuration file. */
  path: string;
  lines: string[];
  /** What its file says of the north from now on; taken over when this resolves. */
  put(north: NorthClinic): Promise<void>;
  /** An update of `st-1`. */
  patch(body: unknown, key?: string, headers?: Record<string, string>): Promise<Reply>;
  get(path: string): Promise<Reply>;
}

export interface NorthClinic {
  vendor: string;
  identity?: 'linked' | 'direct';
  switchGuard?: string;
  mirror?: string;
}

export async function openReplicas(engine: EngineName, configure: (config: StageConfig) => void = () => {}) {
  const postgres = engine === 'postgres' ? await createPostgresDatabase() : undefined;
  const stage = await openStage({
    clinikapi: { rateLimit: 1_000_000 },
    configure: (config) => {
      if (postgres) config.store.url = postgres.url;
      Object.assign(config, { deliveries: { baseDelayMs: 20, maxDelayMs: 100, pollMs: 20 } });
      configure(config);
    },
  });
  // The tests start their own.
  await stage.gateway.close();
  const database = await openDatabase(stage.config.store.url);
  const links = createLinks(database);
  await links.put(
    { clinic: 'north', staffId: 'st-1', vendor: THERE, vendorRecordId: ROBIN },
    { checked: true },
  );
  const fileOf = (north: NorthClinic) => ({
    ...stage.config,
    clinics: { ...stage.config.clinics, north: { identity: 'linked', ...north } },
  });
  const others: RunningGateway[] = [];
  let started = 0;
  const closeOthers = async () => {
    await Promise.all(others.splice(0).map((gateway) => gateway.close()));
  };

  const replica = (gateway: RunningGateway, path: string, lines: string[]): Replica => ({
    gateway,
    path,
    lines,
    put: async (north) => {
      await writeFile(path, stringify(fileOf(north)));
      await gateway.reload();
    },
    patch: async (body, key = KEYS.north, headers = {}) => {
      const response = await fetch(`${gateway.url}/staff/st-1`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    get: async (path) => {
      const response = await fetch(gateway.url + path, {
        headers: { authorization: `Bearer ${KEYS.north}` },
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
  });

  return {
    stage,
    database,
    /** One more gateway. @throws ConfigError if it refuses to start */
    start: async (north: NorthClinic): Promise<Replica> => {
      const path = join(stage.folder, `replica-${started}.yaml`);
      await writeFile(path, stringify(fileOf(north)));
      started += 1;
      const lines: string[] = [];
      const log = createLog('info', { write: (line: string) => void lines.push(line) });
      const gateway = await serve({ configPath: path, env: {}, adapters, log, watch: WATCH });
      others.push(gateway);
      return replica(gateway, path, lines);
    },
    closeOthers,
    close: async () => {
      await closeOthers();
      await stage.close();
      await database.close();
      await postgres?.drop();
    },
  };
}

export type Replicas = Awaited<ReturnType<typeof openReplicas>>;

export function said({ lines }: Pick<Replica, 'lines'>, message: RegExp): string[] {
  return lines.map((line): string => JSON.parse(line).msg).filter((text) => message.test(text));
}

/** The rows of the audit of this kind, oldest first. */
export async function auditOf({ db }: Database, kind: string) {
  const rows = await db.selectFrom('changes').selectAll().where('kind', '=', kind).orderBy('seq').execute();
  return rows.map((row) => ({ ...row, detail: JSON.parse(row.detail ?? '{}') }));
}
