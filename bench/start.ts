#!/usr/bin/env node
/**
 * What a start costs: in modules, and as the bundle that `npm start` runs. The two take turns, so that what else the machine does
 * is the same for both. After `npm run build`: `node dist/bench/start.js [rounds] [links]`.
 */
import { Children, cpuMicros, memoryMb } from './children';
import { BUNDLE, MODULES, prepareGateway, startGateway } from './gateway';
import { markdownTable } from './report';
import { spread } from './statistics';
import { workFolder } from './workFolder';

const WAYS = [
  { title: 'modules', main: MODULES },
  { title: 'bundle', main: BUNDLE },
].map((way) => ({ ...way, cpuMs: [] as number[], seconds: [] as number[], rssMb: [] as number[] }));

async function main(rounds: number, links: number): Promise<void> {
  const children = new Children();
  const { folder, remove } = workFolder(children);
  try {
    await prepareGateway({ folder, vendorUrl: 'http://127.0.0.1:9', links, providers: 32 });
    for (let round = 0; round < rounds; round += 1) {
      for (const way of WAYS) {
        const { child, pid, startSeconds } = await startGateway(children, folder, way);
        way.cpuMs.push(cpuMicros(pid) / 1000);
        way.rssMb.push(memoryMb(pid, 'VmRSS'));
        way.seconds.push(startSeconds);
        await children.stop(child);
      }
    }
  } finally {
    await children.stopAll();
    remove();
  }
  const rows = WAYS.map(({ title, cpuMs, seconds, rssMb }) => [
    title,
    shown(cpuMs, 0),
    shown(seconds, 2),
    shown(rssMb, 0),
  ]);
  console.log(`${links} links\n`);
  console.log(markdownTable(['started from', 'CPU ms', 'start to ready, s', 'RSS MB'], rows));
}

function shown(figures: readonly number[], digits: number): string {
  const { median, min, max } = spread(figures);
  return `${median.toFixed(digits)} (${min.toFixed(digits)} … ${max.toFixed(digits)})`;
}

main(Number(process.argv[2] ?? 7), Number(process.argv[3] ?? 1000)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : 'failed');
  process.exitCode = 1;
});
