/** Where a page of a list begins: in which list, at which entry, and for which question. Opaque to callers. */
import { hash } from 'node:crypto';
import { canonicalJson } from '../lib/json';

export interface Cursor {
  snapshotId: string;
  /** Index of the entry that the page begins with. */
  position: number;
  /** Of the question: whose list it is, and its filters. */
  digest: string;
}

const FORM = /^([0-9a-f]{32}):(\d{1,9}):([\w-]{16})$/;

export function digestOf(question: unknown): string {
  return hash('sha256', canonicalJson(question), 'base64url').slice(0, 16);
}

export function cursorText({ snapshotId, position, digest }: Cursor): string {
  return Buffer.from(`${snapshotId}:${position}:${digest}`).toString('base64url');
}

/** Undefined for a text that is no cursor. */
export function readCursor(text: string): Cursor | undefined {
  const [, snapshotId, position, digest] = FORM.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  if (snapshotId === undefined || digest === undefined) return undefined;
  return { snapshotId, position: Number(position), digest };
}
