/** The mirror of a clinic: another vendor stub that the gateway keeps equal. What it is sent after the answers is waited for and checked. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { openForReading } from '../src/store/database';
import { mirrorLags } from '../src/store/mirrorLag';
import { ask, type Children, originOf } from './children';
import { CLINICS, MIRROR, type RunningGateway, storeUrlOf } from './gateway';
import type { StubCommand, StubCounts } from './stub';

const LOOK_EVERY_MS = 50;
/** A mirror that has stopped taking anything would never be done. */
const PATIENCE_MS = 120_000;

export interface Mirror {
  url: string;
  stub: ChildProcess;
}

export interface Mirrored {
  mirror: Mirror;
  gateway: RunningGateway;
}

export async function startMirror(children: Children): Promise<Mirror> {
  const stub = children.fork('mirror stub', 'stub.js');
  return { stub, url: await originOf(stub) };
}

/**
 * Waits until the mirror has all that its clinic's own vendor has confirmed.
 * @throws Error if something will never get there
 */
export async function untilMirrored({ gateway: { folder } }: Mirrored): Promise<void> {
  const database = await openForReading(storeUrlOf({ folder }));
  try {
    const started = performance.now();
    for (;;) {
      const mirror = { clinic: CLINICS.clinikapi.clinic, connection: MIRROR };
      const [lag] = await mirrorLags(database, [mirror]);
      if (lag === undefined || lag.counts.dead + lag.counts.diverged > 0)
        throw new Error('the mirror does not get every update');
      if (lag.counts.queued + lag.counts.running === 0) return;
      if (performance.now() - started > PATIENCE_MS) throw new Error('the mirror is not done');
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    await database.close();
  }
}

/**
 * After the wait: the records are equal, and each of so many updates was written at the mirror too. If updates were put together there
 * while many of them wait, the load of a benchmark would make a mirror look cheaper than it is: that would have to be shown.
 * @throws Error if that is not so
 */
export async function checkMirror(
  { mirror }: Mirrored,
  vendor: ChildProcess,
  updates: number,
): Promise<void> {
  const [here, there] = [await rolesOf(vendor), await rolesOf(mirror.stub)];
  const { writes, refused } = (await takeCounts(mirror.stub)).clinikapi;
  if (writes !== updates || refused > 0 || here !== there) {
    throw new Error(
      `the mirror did not do its work: of ${updates} updates it saw ${writes}, refused ${refused}, ` +
        `and its records are ${here === there ? 'equal' : 'others'}`,
    );
  }
}

function rolesOf(stub: ChildProcess): Promise<string> {
  const command: StubCommand = 'roles';
  return ask<string>(stub, command);
}

/** What a stub has counted since the last time; all its records are as in the beginning afterwards. */
export function takeCounts(stub: ChildProcess): Promise<StubCounts> {
  const command: StubCommand = 'reset';
  return ask<StubCounts>(stub, command);
}
