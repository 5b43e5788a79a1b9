/** What commands leave in the audit. */
import { userInfo } from 'node:os';
import { type AuditConfig, auditSecrets } from '../config/types';
import { auditKeys } from '../store/auditKeys';
import type { Database } from '../store/database';
import { createTrail, type Trail } from '../store/trail';

/** Who runs a command, as far as the system knows. The name of a caller holds no colon unless somebody chooses one. */
export const OPERATOR = { caller: `operator:${nameOfUser()}`, requestId: '' } as const;

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may have a number only.
    return String(process.getuid?.() ?? 'unknown');
  }
}

/** For rows without values. @param audit absent: unsigned */
export function trailOf(database: Database, audit: Pick<AuditConfig, 'key'> = {}): Trail {
  return createTrail(database, { values: { kind: 'full' }, keys: auditKeys(auditSecrets(audit)) });
}
