/** The newest row of the audit in a file of its own, to be kept where nobody who can write the store can change it. */
import { open, readFile, rename } from 'node:fs/promises';
import { isObject } from '../lib/json';
import type { AuditKeys } from './auditKeys';
import { type Anchor, isSignedHead, type SignedHead, signHead } from './verify';

/**
 * Replaces the file as a whole, and never by an older row.
 * @returns `behind` if the file tells of a newer row than this one: the audit was cut, or the file is another audit's
 */
export async function writeHeadFile(
  path: string,
  head: Anchor,
  { at, keys }: { at: string; keys: AuditKeys | undefined },
): Promise<'written' | 'behind'> {
  const before = await readHeadFile(path).catch(() => undefined);
  if (before !== undefined && isSignedHead(before, keys) && isBehind(head, before)) return 'behind';
  const partial = `${path}.partial-${process.pid}`;
  const handle = await open(partial, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(signHead(head, at, keys))}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, path);
  return 'written';
}

function isBehind(head: Anchor, { sequence, hash }: Anchor): boolean {
  return head.sequence < sequence || (head.sequence === sequence && head.hash !== hash);
}

/** @throws Error if the file cannot be read or tells no row */
export async function readHeadFile(path: string): Promise<SignedHead> {
  const value: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (isHead(value)) return value;
  throw new Error(`${path} does not tell a row of an audit`);
}

function isHead(value: unknown): value is SignedHead {
  if (!isObject(value)) return false;
  const { sequence, hash, at, keyId, signature } = value;
  return (
    Number.isSafeInteger(sequence) &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    typeof at === 'string' &&
    (keyId === null || typeof keyId === 'string') &&
    (signature === null || typeof signature === 'string')
  );
}
