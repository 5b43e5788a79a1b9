/**
 * The load, in a process of its own: a closed loop by autocannon, and an open loop by the clock. Every answer is checked;
 * one that is wrong fails the run.
 */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import autocannon from 'autocannon';
import { Pool } from 'undici';
import { quantile } from './statistics';
import { complaint, type Shot, shotsOf, type Traffic } from './traffic';

export interface ClosedLoop {
  kind: 'closed';
  traffic: Traffic;
  connections: number;
  /** Exactly this many requests, however long they take. */
  requests: number;
}

export interface OpenLoop {
  kind: 'open';
  traffic: Traffic;
  /** Requests per second, sent by the clock whether or not earlier ones were answered. */
  rate: number;
  seconds: number;
}

export type LoadOrder = ClosedLoop | OpenLoop;

export interface LoadReport {
  requests: number;
  seconds: number;
  /** Open loop only, in milliseconds, from when the request was due to the last byte of its answer. */
  latency?: { p50: number; p99: number };
  /** The first wrong answers. */
  complaints: string[];
}

async function closedLoop({ traffic, connections, requests }: ClosedLoop): Promise<LoadReport> {
  const complaints: string[] = [];
  const check = (shot: Shot) => (status: number, body: string) => {
    const found = complaint(shot, status, body);
    if (found !== undefined && complaints.length < 3) complaints.push(found);
  };
  let connection = 0;
  const started = performance.now();
  const result = await autocannon({
    url: traffic.origin,
    connections,
    amount: requests,
    // autocannon looks only so often, in milliseconds, whether it is done; by default once a second.
    sampleInt: 20,
    timeout: 30,
    setupClient(client) {
      const shots = shotsOf(traffic, connection, connections);
      connection += 1;
      client.setRequests(shots.map((shot) => ({ ...shot, onResponse: check(shot) })));
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const answered = result['2xx'];
  if (answered !== requests) {
    complaints.push(
      `${answered} of ${requests} requests were answered; ${result.errors} errors, ${result.timeouts} timeouts`,
    );
  }
  return { requests: answered, seconds, complaints };
}

async function openLoop({ traffic, rate, seconds }: OpenLoop): Promise<LoadReport> {
  // Unlimited connections: a slow answer never holds back the next request.
  const pool = new Pool(traffic.origin, { connections: null, pipelining: 1 });
  const shots = shotsOf(traffic, 0, 1);
  const complaints: string[] = [];
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const send = async (shot: Shot, due: number) => {
    const { statusCode, body } = await pool.request(shot);
    const text = await body.text();
    latencies.push(performance.now() - due);
    const found = complaint(shot, statusCode, text);
    if (found !== undefined && complaints.length < 3) complaints.push(found);
  };
  const started = performance.now() + 5;
  const total = Math.round(rate * seconds);
  for (let index = 0; index < total; index += 1) {
    const due = started + (index * 1000) / rate;
    await until(due);
    const shot = shots[index % shots.length];
    if (shot) {
      pending.push(
        send(shot, due).catch((error: unknown) => {
          complaints.push(String(error));
        }),
      );
    }
  }
  await Promise.all(pending);
  await pool.close();
  // The first requests pay for opening connections, which belongs to no subject.
  const sorted = latencies.slice(Math.min(20, total / 10)).sort((a, b) => a - b);
  return {
    requests: latencies.length,
    seconds: (performance.now() - started) / 1000,
    latency: { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) },
    complaints,
  };
}

/** Timers are late by up to a millisecond, so the last one is waited for by looking at the clock. */
async function until(due: number): Promise<void> {
  const left = due - performance.now();
  if (left > 2) await sleep(left - 1.5);
  while (performance.now() < due) await turn();
}

process.on('disconnect', () => process.exit(0));
process.on('message', (order: LoadOrder) => {
  const running = order.kind === 'closed' ? closedLoop(order) : openLoop(order);
  running.then(
    (report) => process.send?.(report),
    (error: unknown) => {
      const report: LoadReport = { requests: 0, seconds: 0, complaints: [String(error)] };
      process.send?.(report);
    },
  );
});
