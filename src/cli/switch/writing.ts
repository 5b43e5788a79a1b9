/** What commands that write are given: the same parts as a running gateway's updates. */
import { auditSecrets, storeSecrets } from '../../config/types';
import { createLog } from '../../ops/log';
import type { Clinic } from '../../runtime/locate';
import { OwnPresence } from '../../runtime/presence';
import { createCipher } from '../../store/cipher';
import { createJournal } from '../../store/journal';
import { createLinks } from '../../store/links';
import { createOperations } from '../../store/operations';
import { createRecordLocks } from '../../store/recordLocks';
import { createTrail, trailOptions } from '../../store/trail';
import type { WriteParts } from '../../switch/writing';
import { OPERATOR } from '../audit';
import type { Opened } from './open';

const HOUR_MS = 3_600_000;

/** Lets `work` write, and closes what that needs. */
export async function withWriting(
  { config, database, runtime }: Opened,
  work: (writing: WriteParts) => Promise<number>,
): Promise<number> {
  const kept = await trailOptions(database, { ...config.audit, key: auditSecrets(config.audit) });
  const journal = createJournal(database, {
    ...kept,
    cipher: createCipher(storeSecrets(config.store)),
    keyTtlMs: config.idempotency.ttlHours * HOUR_MS,
  });
  const locks = createRecordLocks(config.store.url);
  const links = createLinks(database, undefined, createTrail(database, kept));
  const operations = createOperations(database);
  const update = { links, locks, journal, operations, runtime, presence: new OwnPresence() };
  try {
    return await work({ update, runtime, log: createLog('silent'), caller: OPERATOR.caller });
  } finally {
    await journal.close();
    await locks.close();
  }
}

export function configuredClinic({ runtime, clinic }: Opened): Clinic {
  const found = runtime.current.clinics.get(clinic.name);
  if (found === undefined) throw new TypeError('it was configured');
  return found;
}

/** The first Ctrl-C stops a command where nothing is half done; the second one ends it. */
export async function stoppable<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const stop = new AbortController();
  const abort = () => stop.abort(new Error('it was stopped; begin it again to go on'));
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  try {
    return await work(stop.signal);
  } finally {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  }
}
