/** `verify-audit`: proves that no row of the audit was changed, added or taken away. */
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { loadStore } from '../config/load';
import { type ChainVerdict, verifyChain } from '../store/changes';
import { openDatabase } from '../store/database';
import { type CommandContext, exitCodes, withJson, writeJson } from './command';
import { missingFile } from './storeFile';

export function verifyAuditCommand(program: Command, context: CommandContext): void {
  const command = withJson(program.command('verify-audit'))
    .description(
      'prove that no row of the audit was changed, added or taken away; names the first broken one',
    )
    .action(async ({ json }: { json?: boolean }) => {
      const { url } = await loadStore(context.configPath(), context);
      context.exit(await verifyAudit({ databaseUrl: url, json: json === true, ...context }));
    });
  exitCodes(command, 'the audit is whole', 'it cannot be read', 'a row is broken');
}

export interface VerifyAuditOptions {
  databaseUrl: string;
  /** The result. */
  out: Writable;
  /** Progress and complaints. */
  err: Writable;
  /** The verdict as a document instead of a sentence. */
  json?: boolean;
}

const ROWS_PER_PROGRESS_LINE = 100_000;

/** @returns the exit code: 0 the audit is whole, 1 it cannot be read, 2 a row is broken */
export async function verifyAudit({
  databaseUrl,
  out,
  err,
  json = false,
}: VerifyAuditOptions): Promise<number> {
  const missing = missingFile(databaseUrl);
  if (missing !== undefined) {
    err.write(`There is no database at ${missing}.\n`);
    return 1;
  }
  try {
    const verdict = await verdictOn(databaseUrl, err);
    if (json) writeJson(out, verdict);
    else out.write(`${sentenceFor(verdict)}\n`);
    return verdict.valid ? 0 : 2;
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
