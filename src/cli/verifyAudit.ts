/** `verify-audit`: proves that no row of the audit was changed, added or taken away. */
import type { Writable } from 'node:stream';
import { type ChainVerdict, verifyChain } from '../store/changes';
import { openDatabase } from '../store/database';
import { missingFile } from './storeFile';

export interface VerifyAuditOptions {
  databaseUrl: string;
  /** The result. */
  out: Writable;
  /** Progress and complaints. */
  err: Writable;
}

const ROWS_PER_PROGRESS_LINE = 100_000;

/** @returns the exit code: 0 the audit is whole, 1 it is not, or cannot be read */
export async function verifyAudit({ databaseUrl, out, err }: VerifyAuditOptions): Promise<number> {
  const missing = missingFile(databaseUrl);
  if (missing !== undefined) {
    err.write(`There is no database at ${missing}.\n`);
    return 1;
  }
  try {
    const verdict = await verdictOn(databaseUrl, err);
    out.write(`${sentenceFor(verdict)}\n`);
    return verdict.valid ? 0 : 1;
  } catch (error) {
    err.write(`The audit cannot be read: ${error instanceof Error ? error.message : 'unknown error'}\n`);
    return 1;
  }
}

async function verdictOn(databaseUrl: string, err: Writable): Promise<ChainVerdict> {
  const database = await openDatabase(databaseUrl);
  try {
    let shown = 0;
    return await verifyChain(database, {
      onProgress: (rows) => {
        if (rows - shown < ROWS_PER_PROGRESS_LINE) return;
        shown = rows;
        err.write(`${rows} rows verified …\n`);
      },
    });
  } finally {
    await database.close();
  }
}

function sentenceFor(verdict: ChainVerdict): string {
  const rows = `${verdict.rows} ${verdict.rows === 1 ? 'row' : 'rows'}`;
  return verdict.valid
    ? `The audit is whole: ${rows} verified.`
    : `The audit is broken at row ${verdict.sequence}: ${verdict.reason}. The ${rows} before it are as they were written.`;
}
