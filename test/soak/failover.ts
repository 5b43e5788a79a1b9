/** The database's primary is lost under load and its standby takes over: nothing is lost, and nothing is done twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../src/store/database';
import { verifyChain } from '../../src/store/verify';
import { openCluster } from '../support/cluster';
import { openQueue, type Queue, STAFF } from '../support/queue';
import { openRelay } from '../support/relay';
import { KEYS } from '../support/stage';

export interface FailoverOptions {
  /** Keyed updates, half of them delivered later. */
  updates: number;
}

export interface FailoverResult {
  /** Answers that an update was not taken on. */
  refused: number;
  /** Updates that the vendor got other than exactly once. */
  notOnce: number;
  /** Updates without a row of the audit that says that they were applied. */
  withoutRow: number;
  chain: 'whole' | 'broken';
}

const DATABASE = 'postgres';

export async function runFailover({ updates }: FailoverOptions): Promise<FailoverResult> {
  const cluster = await openCluster();
  const relay = await openRelay(cluster.primary);
  const queue = await openQueue({
    engine: 'sqlite',
    configure: (config) => {
      config.store.url = `postgres://gateway@127.0.0.1:${relay.port}/${DATABASE}`;
    },
  });
  let refused = 0;
  let answered = 0;
  let told = () => {};
  const failing = new Promise<void>((resolve) => {
    told = resolve;
  });
  const note = (status: number) => {
    if (status === 503) {
      refused += 1;
      told();
    }
  };
  /** A client that does not give up, with one key. */
  const client = async (first: number, step: number) => {
    for (let index = first; index < updates; index += step) {
      const id = STAFF[first] ?? '';
      const last = await persist(queue, { id, index, note });
      const operation = last.headers.get('location')?.replace('/operations/', '');
      if (operation !== undefined) await queue.reaches(operation, 'succeeded').catch(() => undefined);
      answered += 1;
      if (answered === Math.floor(updates / 3)) failOver();
    }
  };
  let failedOver: Promise<void> | undefined;
  const failOver = () => {
    failedOver = (async () => {
      await cluster.crash();
      await relay.cut();
      await failing;
      await cluster.promote();
      await relay.restore(cluster.standby);
    })();
  };
  try {
    await Promise.all(STAFF.map((_, first) => client(first, STAFF.length)));
    await failedOver;
    return { refused, ...(await judge(queue, updates, cluster.standby.port)) };
  } finally {
    await queue.close();
    await relay.cut();
    await cluster.close();
  }
}

interface Update {
  id: string;
  index: number;
  note: (status: number) => void;
}

async function persist(queue: Queue, { id, index, note }: Update): Promise<Response> {
  for (;;) {
    const response = await fetch(`${queue.url}/staff/${id}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${KEYS.north}`,
        'content-type': 'application/json',
        'idempotency-key': `key-${index}`,
        'x-request-id': `request-${index}`,
        ...(index % 2 === 1 && { prefer: 'respond-async' }),
      },
      body: JSON.stringify({ role: roleOf(index) }),
    });
    await response.arrayBuffer();
    if (response.ok) return response;
    note(response.status);
    await sleep(50);
  }
}

function roleOf(index: number): string {
  return `role-${index}`;
}

async function judge(queue: Queue, updates: number, port: number): Promise<Omit<FailoverResult, 'refused'>> {
  const written = queue.written('role');
  const all = Array.from({ length: updates }, (_, index) => index);
  const database = await openDatabase(`postgres://gateway@127.0.0.1:${port}/${DATABASE}`);
  try {
    const rows = () =>
      database.db.selectFrom('changes').select('request_id').where('outcome', '=', 'success').execute();
    // What was owed to the store while it was away is paid within half a second.
    let missing = all;
    for (let tries = 0; missing.length > 0 && tries < 200; tries += 1) {
      const known = new Set((await rows()).map(({ request_id }) => request_id));
      missing = all.filter((index) => !known.has(`request-${index}`));
      if (missing.length > 0) await sleep(50);
    }
    return {
      notOnce: all.filter((index) => written.filter((role) => role === roleOf(index)).length !== 1).length,
      withoutRow: missing.length,
      chain: (await verifyChain(database)).valid ? 'whole' : 'broken',
    };
  } finally {
    await database.close();
  }
}
