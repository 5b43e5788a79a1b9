/** What commands leave in the audit. */
import { userInfo } from 'node:os';
import { type AuditConfig, auditSecrets } from '../config/types';
import type { Database } from '../store/database';
import { createTrail, type Trail, trailOptions } from '../store/trail';

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

/** @param audit absent: as without a configuration */
export async function trailOf(database: Database, audit?: AuditConfig): Promise<Trail> {
  const { values = 'hashed', salt, ...rest } = audit ?? {};
  const kept = { values, key: auditSecrets(rest), ...(salt !== undefined && { salt }) };
  return createTrail(database, await trailOptions(database, kept));
}
