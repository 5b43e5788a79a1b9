/**
 * Clients that keep their connections, under a gateway that is stopped again and again: until the drain is over whatever was
 * sent is answered, and whatever reached the vendor is answered in any case.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { member } from '../../src/lib/json';
import { startGatewayProcess } from '../support/gatewayProcess';
import { KEY, soakConfiguration } from './configuration';

export interface StopSoakOptions {
  stops: number;
  clients: number;
  drainMs: number;
  onProgress?: (stops: number, answers: number) => void;
}

export interface StopSoakResult {
  answers: number;
  /** Requests that were written at the vendor and got no answer. */
  unanswered: number;
  /** Requests that were sent before a drain was over, and failed or were refused. */
  lost: number;
  /** Those that were sent later, to a gateway that was gone, which is allowed. */
  late: number;
  /** Gateways that did not exit with 0. */
  failedExits: number;
}

interface Sent {
  role: string;
  url: string;
  at: number;
  /** Undefined without an answer. */
  status: number | undefined;
}

export async function runStopSoak(options: StopSoakOptions): Promise<StopSoakResult> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-stops-'));
  const vendor = createClinikapiSandbox({ logLimit: 1_000_000, rateLimit: 1_000_000_000 });
  const listening = await vendor.listen();
  const seed = vendor.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  let started = 0;
  /** Each with a store of its own: nothing here needs what another one has written. */
  const start = async () => {
    started += 1;
    const path = join(folder, `gateway-${started}.yaml`);
    const config = parse(soakConfiguration(`sqlite:${join(folder, `${started}.db`)}`, listening.url));
    Object.assign(config.server, { drainMs: options.drainMs });
    await writeFile(path, stringify(config));
    return startGatewayProcess(path);
  };

  let gateway = await start();
  const sent: Sent[] = [];
  let done = false;
  const work = async (client: number) => {
    const id = `pr_stops${client}`;
    vendor.state.roles.set({ ...seed, id });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let count = 0; !done; count += 1) {
      const one: Sent = {
        role: `c${client}-${count}`,
        url: gateway.url,
        at: performance.now(),
        status: undefined,
      };
      sent.push(one);
      one.status = await update(agent, one.url, id, one.role).catch(() => undefined);
      // A connection has to be idle too at times; and a gateway that is gone is not asked in a tight loop.
      await sleep(one.status === undefined ? 10 : Math.random() * 10);
    }
    agent.destroy();
  };
  const clients = Array.from({ length: options.clients }, (_, client) => work(client));
  /** Until when each gateway had to answer. */
  const drained = new Map<string, number>();
  let failedExits = 0;
  try {
    for (let stops = 0; stops < options.stops; stops += 1) {
      options.onProgress?.(stops, sent.length);
      await sleep(Math.random() * 200);
      const old = gateway;
      const next = await start();
      drained.set(old.url, performance.now() + options.drainMs);
      old.signal('SIGTERM');
      // Longer than the old one takes requests: whoever sends them learns of it late.
      await sleep(options.drainMs + 700);
      gateway = next;
      if ((await old.exited) !== 0) failedExits += 1;
    }
    done = true;
    await Promise.all(clients);
    const failed = sent.filter(({ status }) => status !== 200);
    const inTime = failed.filter(({ at, url }) => at < (drained.get(url) ?? Number.POSITIVE_INFINITY));
    const written = new Set(vendor.log.map(({ body }) => member(body, 'role')));
    return {
      answers: sent.filter(({ status }) => status !== undefined).length,
      unanswered: sent.filter(({ status, role }) => status === undefined && written.has(role)).length,
      lost: inTime.length,
      late: failed.length - inTime.length,
      failedExits,
    };
  } finally {
    done = true;
    await gateway.kill();
    await Promise.all(clients);
    await listening.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The status of the answer, when all of it has come. */
async function update(agent: Agent, url: string, id: string, role: string): Promise<number | undefined> {
  const body = JSON.stringify({ role });
  const sending: ClientRequest = request(`${url}/staff/${id}`, {
    agent,
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/merge-patch+json',
      'content-length': body.length,
    },
  });
  sending.end(body);
  const [response]: IncomingMessage[] = await once(sending, 'response');
  response?.resume();
  if (response) await once(response, 'end');
  return response?.statusCode;
}
