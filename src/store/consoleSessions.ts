/** Sessions of the operators' console. Every replica knows them; the token itself is stored nowhere. */
import type { Selectable } from 'kysely';
import type { Database } from './database';
import type { Schema } from './schema';
import { orUnavailable } from './unavailable';

export interface ConsoleSession {
  /** SHA-256 of the token, hex. */
  tokenHash: string;
  operator: string;
  /** Of the key that it was opened with; absent after a sign-in at a provider. */
  keySha256?: string;
  /** What the provider has said; absent if the configuration decides. */
  role?: string;
  createdAt: Date;
  /** When the operator was last seen to do something. */
  seenAt: Date;
  expiresAt: Date;
}

/** Every method throws `StoreUnavailable` when the database does. */
export interface ConsoleSessions {
  open(session: ConsoleSession): Promise<void>;
  find(tokenHash: string): Promise<ConsoleSession | undefined>;
  seen(tokenHash: string, at: Date): Promise<void>;
  close(tokenHash: string): Promise<void>;
  /** All of one operator. @returns how many there were */
  closeAll(operator: string): Promise<number>;
  /** Forgets those that ended before `now`, and those that nobody has used since `idleSince`. */
  tidy(now: Date, idleSince: Date): Promise<void>;
}

export function createConsoleSessions({ db }: Database): ConsoleSessions {
  return {
    open: ({ tokenHash, operator, keySha256, role, createdAt, seenAt, expiresAt }) =>
      orUnavailable(async () => {
        await db
          .insertInto('console_sessions')
          .values({
            token_hash: tokenHash,
            operator,
            key_sha256: keySha256 ?? null,
            role: role ?? null,
            created_at: createdAt.toISOString(),
            seen_at: seenAt.toISOString(),
            expires_at: expiresAt.toISOString(),
          })
          .execute();
      }),

    find: (tokenHash) =>
      orUnavailable(async () => {
        const row = await db
          .selectFrom('console_sessions')
          .selectAll()
          .where('token_hash', '=', tokenHash)
          .executeTakeFirst();
        return row && toSession(row);
      }),

    seen: (tokenHash, at) =>
      orUnavailable(async () => {
        await db
          .updateTable('console_sessions')
          .set({ seen_at: at.toISOString() })
          .where('token_hash', '=', tokenHash)
          .execute();
      }),

    close: (tokenHash) =>
      orUnavailable(async () => {
        await db.deleteFrom('console_sessions').where('token_hash', '=', tokenHash).execute();
      }),

    closeAll: (operator) =>
      orUnavailable(async () => {
        const { numDeletedRows } = await db
          .deleteFrom('console_sessions')
          .where('operator', '=', operator)
          .executeTakeFirst();
        return Number(numDeletedRows);
      }),

    tidy: (now, idleSince) =>
      orUnavailable(async () => {
        await db
          .deleteFrom('console_sessions')
          .where(({ or, eb }) =>
            or([eb('expires_at', '<=', now.toISOString()), eb('seen_at', '<', idleSince.toISOString())]),
          )
          .execute();
      }),
  };
}

function toSession(row: Selectable<Schema['console_sessions']>): ConsoleSession {
  return {
    tokenHash: row.token_hash,
    operator: row.operator,
    ...(row.key_sha256 !== null && { keySha256: row.key_sha256 }),
    ...(row.role !== null && { role: row.role }),
    createdAt: new Date(row.created_at),
    seenAt: new Date(row.seen_at),
    expiresAt: new Date(row.expires_at),
  };
}
