/** What an update is made up of: the gateway as it is beside one that lacks a part, in turns, for each part. */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CLINIKAPI } from './bodies';
import { ask, Children, cpuMicros, originOf } from './children';
import {
  gatewayTraffic,
  MODULES,
  prepareGateway,
  type RunningGateway,
  staffIds,
  startGateway,
} from './gateway';
import type { LoadReport } from './load';
import { markdownTable } from './report';
import { spread } from './statistics';
import { PARTS } from './subjects/without';
import { workFolder } from './workFolder';

/** Of the gateway as it is. */
const NOTHING = 'nothing';

const CONNECTIONS = 32;
const WARM_UP = 8000;
const ROUNDS = 5;
const REQUESTS = 2000;

interface Lacking {
  part: string;
  gateway: RunningGateway;
  costs: number[];
}

/** A table: which share of the CPU time of an update goes with each part. */
export async function breakdown(say: (line: string) => void): Promise<string> {
  const children = new Children();
  const { folder, remove } = workFolder(children);
  try {
    const vendorUrl = await originOf(children.fork('vendor stub', 'stub.js'));
    const load = children.fork('load', 'load.js');
    const all: Lacking[] = [];
    for (const part of [NOTHING, ...Object.keys(PARTS)]) {
      say(`warming up: without ${part}`);
      const own = join(folder, String(all.length));
      mkdirSync(own);
      await prepareGateway({ folder: own, vendorUrl, links: 1000, providers: 32 });
      const gateway = await startGateway(children, own, {
        // Parts can be told apart only in modules.
        main: MODULES,
        nodeArgs: ['--require', join(__dirname, 'subjects/without.js')],
        env: { BENCH_WITHOUT: part },
      });
      await cost(load, gateway, WARM_UP);
      all.push({ part, gateway, costs: [] });
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      say(`round ${round + 1} of ${ROUNDS}`);
      const turns = [...all.slice(round % all.length), ...all.slice(0, round % all.length)];
      for (const { gateway, costs } of turns) costs.push(await cost(load, gateway, REQUESTS));
    }
    return table(all);
  } finally {
    await children.stopAll();
    remove();
  }
}

function table([whole, ...lacking]: readonly Lacking[]): string {
  const of = whole?.costs ?? [];
  const least = Math.min(...of);
  const rows = lacking.map(({ part, costs }) => {
    const ratios = spread(costs.map((cost, round) => cost / (of[round] ?? Number.NaN)));
    return [
      part,
      `${ratios.median.toFixed(2)} (${ratios.min.toFixed(2)} … ${ratios.max.toFixed(2)})`,
      (Math.min(...costs) / least).toFixed(2),
      (least - Math.min(...costs)).toFixed(0),
    ];
  });
  const header = ['An update without', 'takes of its CPU time', 'least ÷ least', 'µs less, by the least'];
  return markdownTable(header, rows);
}

/** CPU microseconds for each update. */
async function cost(load: ChildProcess, { origin, pid }: RunningGateway, requests: number): Promise<number> {
  const traffic = gatewayTraffic(origin, 'clinikapi', staffIds(1000), CLINIKAPI);
  const before = cpuMicros(pid);
  const report = await ask<LoadReport>(load, { kind: 'closed', traffic, connections: CONNECTIONS, requests });
  if (report.complaints.length > 0) throw new Error(report.complaints.join('; '));
  return (cpuMicros(pid) - before) / report.requests;
}
