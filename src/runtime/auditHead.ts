/**
 * Tells the newest row of the audit to where the store does not reach: the log and a file. Whoever cuts or replaces the audit
 * later cannot take that back.
 */
import type { Log } from '../ops/log';
import type { AuditKeys } from '../store/auditKeys';
import type { Database } from '../store/database';
import { writeHeadFile } from '../store/headFile';
import { headOf } from '../store/verify';

export interface HeadParts {
  database: Database;
  log: Log;
  keys: AuditKeys | undefined;
  /** Absent: only the log. */
  headFile: string | undefined;
}

/** @returns what is to be done at intervals; it says nothing where nothing has been added */
export function createHeadTeller({ database, log, keys, headFile }: HeadParts): () => Promise<void> {
  let told = '';
  return async () => {
    const head = await headOf(database);
    if (head.hash === told) return;
    log.info('audit head', { sequence: head.sequence, hash: head.hash });
    told = head.hash;
    if (headFile === undefined) return;
    const written = await writeHeadFile(headFile, head, { at: new Date().toISOString(), keys });
    if (written === 'behind') {
      log.notice(
        'audit.headFile tells of a newer row than the audit has: it stays, and verify-audit says more',
      );
    }
  };
}
