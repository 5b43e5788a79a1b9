/** Two replicas under one ceiling on calls to a vendor, with more updates than that allows. */
import { setInterval as ticks } from 'node:timers/promises';
import { adapters } from '../../adapters';
import { createLog } from '../../src/ops/log';
import { type RunningGateway, serve } from '../../src/serve';
import { openQueue, STAFF } from '../support/queue';
import { KEYS } from '../support/stage';

export interface CeilingOptions {
  /** Calls that the vendor may get in one second. */
  requests: number;
  /** Updates offered in one second, to both replicas in turns. */
  offered: number;
  seconds: number;
}

export interface CeilingResult {
  /** Calls that the vendor got, over all. */
  calls: number;
  /** The most of them in any second. */
  most: number;
  /** The most of them in any three seconds. */
  mostInThree: number;
  /** Answers by status. */
  answers: Record<number, number>;
}

const TICK_MS = 50;

export async function runCeilingSoak({ requests, offered, seconds }: CeilingOptions): Promise<CeilingResult> {
  const queue = await openQueue({
    engine: 'postgres',
    configure: (config) => {
      Object.assign(config.vendors['clinikapi-main'], {
        timeoutMs: 5_000,
        rateLimit: { requests, perSeconds: 1 },
      });
    },
  });
  let second: RunningGateway | undefined;
  try {
    second = await serve({ configPath: queue.configPath, env: {}, adapters, log: createLog('silent') });
    const arrivals: number[] = [];
    queue.vendor.faults.add({
      kind: 'hook',
      when: 'request',
      run: () => void arrivals.push(performance.now()),
    });
    const statuses = await offer([queue.url, second.url], offered, seconds);
    const answers: Record<number, number> = {};
    for (const status of statuses) answers[status] = (answers[status] ?? 0) + 1;
    return {
      calls: arrivals.length,
      most: mostWithin(arrivals, 1_000),
      mostInThree: mostWithin(arrivals, 3_000),
      answers,
    };
  } finally {
    await second?.close();
    await queue.close();
  }
}

async function offer(urls: readonly string[], perSecond: number, seconds: number): Promise<number[]> {
  const answers: Promise<number>[] = [];
  const started = performance.now();
  for await (const _tick of ticks(TICK_MS)) {
    const passed = Math.min(seconds, (performance.now() - started) / 1000);
    while (answers.length < passed * perSecond) {
      answers.push(send(urls[answers.length % urls.length] ?? '', answers.length));
    }
    if (passed === seconds) break;
  }
  return Promise.all(answers);
}

async function send(url: string, index: number): Promise<number> {
  const response = await fetch(`${url}/staff/${STAFF[index % STAFF.length]}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${KEYS.north}`, 'content-type': 'application/json' },
    body: JSON.stringify({ role: `role-${index}` }),
  });
  await response.arrayBuffer();
  return response.status;
}

function mostWithin(times: readonly number[], milliseconds: number): number {
  let first = 0;
  let most = 0;
  for (const [index, time] of times.entries()) {
    while (time - (times[first] ?? time) >= milliseconds) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
