/** A gateway that is killed again and again under clients that retry: every update happens once, and is in the audit. */
import { verifyChain } from '../src/store/changes';
import { type Database, openDatabase } from '../src/store/database';
import { createTestDatabase, ENGINES, type TestDatabase } from './support/engines';
import { type GatewayProcess, startGatewayProcess } from './support/gatewayProcess';
import { KEYS, openStage, type Stage } from './support/stage';
import { until } from './support/until';

/** One client each, so that what a client has written is still there when it asks again. */
const RECORDS = ['pr_abc123', 'pr_def456', 'pr_ghi789'];
const UPDATES = 6;
/** At which of the vendor's PATCH requests the gateway dies, and how far that one has come. */
const DEATHS = [
  [3, 'request'],
  [8, 'answer'],
  [13, 'commit'],
] as const;

describe.each(ENGINES)('kill -9 on %s', (engine) => {
  let test: TestDatabase;
  let stage: Stage;
  let database: Database;
  let gateway: GatewayProcess;
  let rising: Promise<void> | undefined;

  beforeAll(async () => {
    test = await createTestDatabase(engine);
    stage = await openStage({
      configure: (config) => {
        config.store.url = test.url;
        config.vendors['clinikapi-main'].timeoutMs = 500;
        config.clinics.north = { vendor: 'clinikapi-main', identity: 'direct' };
      },
    });
    database = await openDatabase(test.url);
    gateway = await startGatewayProcess(stage.configPath);
  }, 60_000);
  afterAll(async () => {
    await rising;
    await gateway.kill();
    await database.close();
    await stage.close();
    await test.drop();
  });

  /** Resolves when it is dead; the next one starts by itself, as a service manager would have it. */
  const die = async () => {
    await gateway.kill();
    rising = startGatewayProcess(stage.configPath).then((next) => {
      gateway = next;
    });
  };

  const send = async (record: string, key: string, role: string): Promise<number> => {
    try {
      const response = await fetch(`${gateway.url}/staff/${record}`, {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${KEYS.north}`,
          'content-type': 'application/json',
          'idempotency-key': key,
          'x-request-id': key,
        },
        body: JSON.stringify({ role }),
      });
      await response.text();
      return response.status;
    } catch {
      return 0;
    }
  };

  const client = async (record: string): Promise<string[]> => {
    const keys: string[] = [];
    for (let index = 0; index < UPDATES; index += 1) {
      const key = `${record}-${index}`;
      await until(
        () => send(record, key, `role-${key}`),
        (status) => status === 200,
      );
      keys.push(key);
    }
    return keys;
  };

  it('leaves every update done once, none missing in the audit, and the chain whole', async () => {
    let arrived = 0;
    const deaths = new Map<number, string>(DEATHS);
    for (const when of ['request', 'commit', 'answer'] as const) {
      stage.clinikapi.faults.add(
        {
          kind: 'hook',
          when,
          run: async () => {
            if (when === 'request') arrived += 1;
            if (deaths.get(arrived) !== when) return;
            deaths.delete(arrived);
            await die();
            if (when !== 'answer') throw new Error('the write is lost with the connection');
          },
        },
        { method: 'PATCH' },
      );
    }
    const keys = (await Promise.all(RECORDS.map(client))).flat();
    expect(deaths.size).toBe(0);
    await until(
      () => database.db.selectFrom('attempts').select('id').execute(),
      (left) => left.length === 0,
    );
    expect(stage.clinikapi.writes).toBe(keys.length);
    const rows = await database.db.selectFrom('changes').selectAll().orderBy('seq').execute();
    const succeeded = new Set(
      rows.filter(({ status }) => Number(status) === 200).map((row) => row.request_id),
    );
    expect(succeeded).toEqual(new Set(keys));
    expect(rows.filter(({ code }) => code === 'settled_by_reading').length).toBeGreaterThanOrEqual(
      DEATHS.length,
    );
    expect(await verifyChain(database)).toEqual({ valid: true, rows: rows.length });
  }, 120_000);
});
