/** `verify-audit`: proves that no row of the audit was changed, added or taken away. */
import type { Writable } from 'node:stream';
import { type Command, InvalidArgumentError } from 'commander';
import { loadAuditedStore } from '../config/load';
import { auditSecrets } from '../config/types';
import { type AuditKeys, auditKeys } from '../store/auditKeys';
import { openForReading } from '../store/database';
import { readHeadFile } from '../store/headFile';
import { type Anchor, type ChainVerdict, isSignedHead, verifyChain } from '../store/verify';
import { type CommandContext, exitCodes, withJson, writeJson } from './command';
import { missingFile } from './storeFile';

interface Flags {
  json?: boolean;
  expect?: Anchor[];
  headFile?: string;
}

export function verifyAuditCommand(program: Command, context: CommandContext): void {
  const command = withJson(program.command('verify-audit'))
    .description(
      'prove that no row of the audit was changed, added or taken away; names the first broken one; changes nothing',
    )
    .option(
      '--expect <sequence:hash>',
      'a row that must be there, as the log or an earlier run told it; may be given again',
      collectAnchor,
    )
    .option('--head-file <file>', 'the same, as a copy of audit.headFile tells it')
    .action(async ({ json, expect = [], headFile }: Flags) => {
      const { store, audit } = await loadAuditedStore(context.configPath(), context);
      context.exit(
        await verifyAudit({
          databaseUrl: store.url,
          keys: auditKeys(auditSecrets(audit)),
          expected: expect,
          headFile,
          json: json === true,
          ...context,
        }),
      );
    });
  exitCodes(
    command,
    'the audit is whole',
    'it cannot be read',
    'a row is broken, missing or not the expected one',
  );
}

/** @throws InvalidArgumentError */
function collectAnchor(text: string, before: Anchor[] = []): Anchor[] {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-fA-F]{64})$/.exec(text) ?? [];
  if (sequence === undefined || hash === undefined) {
    throw new InvalidArgumentError('a number, a colon and 64 hex digits are expected.');
  }
  return [...before, { sequence: Number(sequence), hash: hash.toLowerCase() }];
}

export interface VerifyAuditOptions {
  databaseUrl: string;
  /** Without keys only what is not signed can be verified. */
  keys?: AuditKeys | undefined;
  /** Rows that must be there. */
  expected?: readonly Anchor[];
  /** A file that tells one more of them. */
  headFile?: string | undefined;
  /** The result. */
  out: Writable;
  /** Progress and complaints. */
  err: Writable;
  /** The verdict as a document instead of a sentence. */
  json?: boolean;
}

const ROWS_PER_PROGRESS_LINE = 100_000;

/** @returns the exit code: 0 the audit is whole, 1 it cannot be read, 2 a row is broken */
export async function verifyAudit(options: VerifyAuditOptions): Promise<number> {
  const { databaseUrl, out, err, json = false } = options;
  const missing = missingFile(databaseUrl);
  if (missing !== undefined) {
    err.write(`There is no database at ${missing}.\n`);
    return 1;
  }
  try {
    const verdict = await verdictOn(options);
    if (json) writeJson(out, verdict);
    else out.write(`${sentenceFor(verdict)}\n`);
    return verdict.valid ? 0 : 2;
  } catch (error) {
    err.write(`The audit cannot be read: ${error instanceof Error ? error.message : 'unknown error'}\n`);
    return 1;
  }
}

async function verdictOn({
  databaseUrl,
  keys,
  expected = [],
  headFile,
  err,
}: VerifyAuditOptions): Promise<ChainVerdict> {
  const told = headFile === undefined ? [] : [await readHeadFile(headFile)];
  if (told.some((head) => !isSignedHead(head, keys))) {
    throw new Error(`${headFile} is not signed with audit.key`);
  }
  const database = await openForReading(databaseUrl);
  try {
    let shown = 0;
    return await verifyChain(database, {
      keys,
      expected: [...expected, ...told],
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

function deletion(row: number, isSigned: boolean): string {
  return isSigned
    ? `Rows up to ${row} were deleted by retention.`
    : `Rows up to ${row} were deleted; nothing proves that retention did it.`;
}

function sentenceFor(verdict: ChainVerdict): string {
  const rows = `${verdict.rows} ${verdict.rows === 1 ? 'row' : 'rows'}`;
  if (!verdict.valid) {
    return `The audit is broken at row ${verdict.sequence}: ${verdict.reason}. The ${rows} before it are as they were written.`;
  }
  const { head, signedFrom, deletedUpTo } = verdict;
  return [
    `The audit is whole: ${rows} verified.`,
    signedFrom === null
      ? 'None is signed: this proves nothing against somebody who could write the database.'
      : `Signed from row ${signedFrom} on.`,
    ...(deletedUpTo === 0 ? [] : [deletion(deletedUpTo, signedFrom !== null)]),
    `Newest row: ${head.sequence}:${head.hash}`,
  ].join('\n');
}
