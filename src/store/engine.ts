/** What the two engines share: how they are named, prepared statements, and the errors callers tell apart. */

import { sqliteCodeName } from './sqliteCodes';

export type Engine = 'sqlite' | 'postgres';

/** A value that both engines store and give back unchanged. */
export type StoredValue = string | number | null;

/** Runs a statement that was compiled once; resolves to the first row, if there is one. */
export type Prepared<Row> = (...values: readonly StoredValue[]) => Promise<Row | undefined>;

/** What the database calls an error: `SQLITE_FULL`, `23505`, `ECONNREFUSED`; empty if it has no code. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  const { code } = error;
  if (code === 'ERR_SQLITE_ERROR' && 'errcode' in error) return sqliteCodeName(Number(error.errcode));
  return typeof code === 'string' ? code : '';
}

/** A unique index or a primary key refused the row. */
export function isUniqueViolation(error: unknown): boolean {
  const code = codeOf(error);
  return code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}

/** PostgreSQL undid the work because of others working at the same time; the same work again may succeed. */
export function isConcurrencyFailure(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40P01' || code === '40001';
}

/** SQLite: another process is writing. */
export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_BUSY');
}
