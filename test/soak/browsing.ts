/**
 * One operator of the console beside the hot path: the screens one after the other, each looked at again as the page does it, while
 * updates come at a steady rate. Rounds come in pairs, without and with the operator, so that what else the machine does tells
 * less.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsoleClient } from '../support/console';
import { sendSteadily } from './steady';

export interface BrowsingOptions {
  url: string;
  client: ConsoleClient;
  /** Paths below the console's API. */
  screens: readonly string[];
  staff: readonly string[];
  perSecond: number;
  /** Of each half of a pair. */
  seconds: number;
  pairs: number;
}

/** Milliseconds, of the updates. */
export interface BrowsingPair {
  without: number;
  with: number;
  /** What the operator's page has asked for meanwhile. */
  asked: number;
  /** Updates with another answer than they should have. */
  wrong: number;
}

const WARM_UP_S = 3;
/** As `useRead` of the page looks again. */
const FIRST_LOOK_MS = 500;
const LAST_LOOK_MS = 5_000;
/** An operator who reads fast. */
const STAY_MS = 4_000;

export async function measureBrowsing(
  options: BrowsingOptions,
  onPair: (pair: BrowsingPair) => void,
): Promise<BrowsingPair[]> {
  const { seconds, perSecond, pairs } = options;
  await sendSteadily({ ...options, count: WARM_UP_S * perSecond });
  const found: BrowsingPair[] = [];
  for (let round = 0; round < pairs; round += 1) {
    const half = async () => {
      const answers = await sendSteadily({ ...options, count: seconds * perSecond });
      const times = answers.map(({ ms }) => ms).sort((one, other) => one - other);
      return {
        p99: times[Math.floor(times.length * 0.99)] ?? 0,
        wrong: answers.filter(({ right }) => !right).length,
      };
    };
    const browsed = async () => {
      const stop = new AbortController();
      const browsing = browse(options, stop.signal, Math.ceil((round * seconds * 1000) / STAY_MS));
      const measured = await half();
      stop.abort();
      return { ...measured, asked: await browsing };
    };
    // Who comes first changes: the second half finds the machine as the first has left it.
    const [alone, beside] = round % 2 === 0 ? [await half(), await browsed()] : await swapped(browsed, half);
    const pair = {
      without: alone.p99,
      with: beside.p99,
      asked: beside.asked,
      wrong: alone.wrong + beside.wrong,
    };
    found.push(pair);
    onPair(pair);
  }
  return found;
}

async function swapped<One, Other>(
  first: () => Promise<One>,
  second: () => Promise<Other>,
): Promise<[Other, One]> {
  const one = await first();
  return [await second(), one];
}

/** @returns how many requests it has made */
async function browse(
  { client, screens }: BrowsingOptions,
  signal: AbortSignal,
  first: number,
): Promise<number> {
  let asked = 0;
  for (let turn = first; !signal.aborted; turn += 1) {
    const path = screens[turn % screens.length] ?? '';
    let etag = '';
    const until = performance.now() + STAY_MS;
    for (let pause = FIRST_LOOK_MS; performance.now() < until; ) {
      if (signal.aborted) return asked;
      const headers = { ...(etag !== '' && { 'if-none-match': etag, 'x-console-poll': '1' }) };
      const { status, headers: told } = await client.api('GET', path, { headers });
      if (status !== 200 && status !== 304) throw new Error(`${path}: ${status}`);
      asked += 1;
      if (status === 200) pause = FIRST_LOOK_MS;
      etag = told.get('etag') ?? '';
      await sleep(pause, undefined, { signal }).catch(() => {});
      pause = Math.min(pause * 2, LAST_LOOK_MS);
    }
  }
  return asked;
}
