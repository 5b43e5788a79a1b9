/**
 * Loaded before the gateway's own modules: writes a line to the file `BENCH_HELD` when the main thread was held up, with its end
 * (milliseconds of the epoch) and how long. What it has waited for a processor meanwhile, which is what else the machine does, is left out; what it
 * has waited for the disk is not.
 */
import { appendFileSync, readFileSync } from 'node:fs';

const EVERY_MS = 4;
const LEAST_MS = 4;

const file = process.env.BENCH_HELD;
let before = performance.now();
let waited = waitedMs();

if (file !== undefined) {
  setInterval(() => {
    const took = performance.now() - before;
    // Not all of the wait need have been while the timer was late: so this is the most that it can have been.
    const held = Math.min(took - EVERY_MS, took - (waitedMs() - waited));
    if (held > LEAST_MS) appendFileSync(file, `${Date.now()} ${held.toFixed(2)}\n`);
    before = performance.now();
    waited = waitedMs();
  }, EVERY_MS).unref();
}

/** How long the main thread has waited for a processor so far: Linux only. */
function waitedMs(): number {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1_000_000;
}
