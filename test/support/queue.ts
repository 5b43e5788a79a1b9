/** What the tests of queued updates share: a stage on either engine, with many staff members of one vendor. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { ROLES, type Role } from '../../sandbox/clinikapi/seeds';
import { createPostgresDatabase } from './postgres';
import { KEYS, openStage, type Reply, type StageConfig, type StageOptions } from './stage';

export type EngineName = 'sqlite' | 'postgres';

/** Record ids of the vendor, which in the clinic north are the staff ids as well. */
export const STAFF = Array.from({ length: 12 }, (_, index) => `pr_staff${String(index).padStart(2, '0')}`);

function roles(): Role[] {
  const [model] = ROLES;
  if (model === undefined) throw new Error('the sandbox has no seeds');
  return [...ROLES, ...STAFF.map((id) => ({ ...model, id }))];
}

export interface QueueOptions {
  engine: EngineName;
  whenVendorDown?: 'fail' | 'queue';
  deliveries?: Readonly<Record<string, number>>;
  configure?: (config: StageConfig) => void;
  /** As in `StageOptions`. */
  fhir?: StageOptions['fhir'];
  /** The time by which sessions of the console end. */
  now?: () => Date;
}

/** The stage with short pauses, and a vendor that can be switched off: connections to it are refused then. */
export async function openQueue({ engine, whenVendorDown, deliveries, configure, fhir, now }: QueueOptions) {
  const database = engine === 'postgres' ? await createPostgresDatabase() : undefined;
  const vendor = createClinikapiSandbox({ roles: roles(), rateLimit: 1_000_000, logLimit: 10_000 });
  let listening = await vendor.listen();
  const port = Number(new URL(listening.url).port);
  const stage = await openStage({
    ...(now && { now }),
    ...(fhir && { fhir }),
    configure: (config) => {
      if (database) config.store.url = database.url;
      config.vendors['clinikapi-main'].baseUrl = listening.url;
      config.vendors['clinikapi-main'].timeoutMs = 2_000;
      config.vendors['clinikapi-main'].breaker = { openMs: 200 };
      config.clinics.north = { vendor: 'clinikapi-main', identity: 'direct' };
      Object.assign(config.clinics.north, { whenVendorDown: whenVendorDown ?? 'fail' });
      Object.assign(config, {
        deliveries: { baseDelayMs: 20, maxDelayMs: 100, pollMs: 50, leaseSeconds: 2, ...deliveries },
      });
      configure?.(config);
    },
  });
  // Tests stop the gateway themselves, and the stage stops it again.
  const stop = stage.gateway.close;
  let stopping: Promise<void> | undefined;
  stage.gateway.close = () => {
    stopping ??= stop();
    return stopping;
  };
  const get = (id: string, key: string = KEYS.north) => stage.call('GET', `/operations/${id}`, { key });
  return {
    ...stage,
    vendor,
    databaseUrl: stage.config.store.url,
    get,
    /** Sends an update that is to be answered at once and delivered later. */
    queue: (id: string, body: unknown, headers: Record<string, string> = {}, key: string = KEYS.north) =>
      stage.patch(key, body, { prefer: 'respond-async', ...headers }, id),
    /** The operation, once it has this status. */
    reaches: async (id: string, status: string, key: string = KEYS.north): Promise<Reply> => {
      let reply = await get(id, key);
      await until(
        async () => {
          reply = await get(id, key);
          return reply.body.data?.status === status;
        },
        `${status}: ${JSON.stringify(reply.body)}`,
      );
      return reply;
    },
    switchOff: () => listening.close(),
    switchOn: async () => {
      listening = await vendor.listen(port);
    },
    /** What reached the vendor's records, in order. */
    written: (field: string, id?: string) =>
      vendor.log.filter(isWriteTo(id)).map((item) => fieldIn(item, field)),
    close: async () => {
      await stage.close();
      await listening.close();
      await database?.drop();
    },
  };
}

export type Queue = Awaited<ReturnType<typeof openQueue>>;

function isWriteTo(id: string | undefined): (exchange: Exchange) => boolean {
  return ({ method, path }) => method === 'PATCH' && (id === undefined || path.endsWith(`/${id}`));
}

function fieldIn({ body }: Exchange, field: string): unknown {
  return typeof body === 'object' && body !== null
    ? Object.entries(body).find(([key]) => key === field)?.[1]
    : undefined;
}

/** Looks again and again, because another process may be the one that acts. */
export async function until(isSo: () => Promise<boolean> | boolean, what = 'it'): Promise<void> {
  const deadline = Date.now() + 30_000;
  // Looking costs more than it waits where it is done often.
  for (let pause = 5; !(await isSo()); pause = Math.min(pause * 1.5, 100)) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(pause);
  }
}

type Exchange = ReturnType<typeof createClinikapiSandbox>['log'][number];
