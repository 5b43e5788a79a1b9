/**
 * Loaded before the gateway's own modules: writes a line to the file `BENCH_HELD` when the main thread was held up, with its end
 * (milliseconds of the epoch), how long by the clock, and how much of that the thread was computing. What a neighbour on the machine takes is in the
 * first of the two only, and so is what the thread waits for on the disk.
 */
import { appendFileSync } from 'node:fs';

const EVERY_MS = 4;
const LEAST_MS = 4;

const file = process.env.BENCH_HELD;
let before = performance.now();
let used = process.threadCpuUsage();

if (file !== undefined) {
  setInterval(() => {
    const now = performance.now();
    const { user, system } = process.threadCpuUsage(used);
    const [clock, cpu] = [now - before - EVERY_MS, (user + system) / 1000];
    if (clock > LEAST_MS || cpu > LEAST_MS)
      appendFileSync(file, `${Date.now()} ${clock.toFixed(2)} ${cpu.toFixed(2)}\n`);
    before = performance.now();
    used = process.threadCpuUsage();
  }, EVERY_MS).unref();
}
