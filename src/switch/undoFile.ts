/**
 * What copying replaces, in a file: a line for each write, on the disk before the write is sent. JSON lines, mode 0600: the first
 * says of which clinic and connection, the others hold values.
 */
import { createReadStream, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { isObject, member } from '../lib/json';
import { FIELDS, pointerOf } from '../staff/fields';

/** One field that is written. Values are canonical; `null` is an empty field. */
export interface UndoField {
  /** A pointer. */
  field: string;
  before: unknown;
  after: unknown;
  /** As the vendor has stored it, to tell whether it is put back to the letter. */
  stored?: unknown;
}

/** One write to one record. */
export interface UndoEntry {
  staffId: string;
  vendorRecordId: string;
  /** ISO 8601, UTC. */
  at: string;
  fields: readonly UndoField[];
}

export interface UndoHead {
  clinic: string;
  /** Where was written. */
  connection: string;
}

export interface UndoLog {
  /** Resolves when it is on the disk. */
  add(entry: UndoEntry): Promise<void>;
  close(): Promise<void>;
}

const POINTERS: ReadonlySet<string> = new Set(FIELDS.map(pointerOf));
const KIND = 'switch-undo';
const VERSION = 1;

/** The file is none of these, or of another move; the message is for the person who gave it. */
export class UnusableUndoFile extends Error {}

/** Goes on with a file that is there: what an earlier run has replaced stays in it. @throws UnusableUndoFile */
export async function openUndoLog(path: string, head: UndoHead): Promise<UndoLog> {
  // One without a line: a run was killed before it has written anything.
  const isNew = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;
  if (!isNew) {
    const { clinic, connection } = await readUndoHead(path);
    if (clinic !== head.clinic || connection !== head.connection)
      throw new UnusableUndoFile(`${path} is of ${clinic} at ${connection}: choose another file`);
  }
  const file = await open(path, 'a', 0o600);
  await file.chmod(0o600);
  const startedAt = new Date().toISOString();
  // A line that a crash has torn must not swallow the next one.
  await file.appendFile(
    isNew ? `${JSON.stringify({ kind: KIND, version: VERSION, ...head, startedAt })}\n` : '\n',
  );
  await file.datasync();
  return batched(file);
}

/** Lines that come together reach the disk together. */
function batched(file: FileHandle): UndoLog {
  let waiting: string[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();
  const write = async () => {
    const lines = waiting;
    waiting = [];
    next = undefined;
    await file.appendFile(lines.join(''));
    await file.datasync();
  };
  return {
    add(entry) {
      waiting.push(`${JSON.stringify(entry)}\n`);
      if (next === undefined) {
        next = last.then(write);
        last = next.catch(() => {});
      }
      return next;
    },
    async close() {
      await last;
      await file.close();
    },
  };
}

/** @throws UnusableUndoFile */
export async function readUndoHead(path: string): Promise<UndoHead> {
  for await (const line of linesOf(path)) return headOf(path, line);
  throw unusable(path);
}

/** In the order in which they were written. Lines that a crash has torn are left out: nothing was written for them. */
export async function* readUndoEntries(path: string): AsyncGenerator<UndoEntry> {
  let first = true;
  for await (const line of linesOf(path)) {
    if (first) headOf(path, line);
    else {
      const entry = entryIn(line);
      if (entry?.fields.some(({ field }) => !POINTERS.has(field))) throw unusable(path);
      if (entry !== undefined) yield entry;
    }
    first = false;
  }
  if (first) throw unusable(path);
}

async function* linesOf(path: string): AsyncGenerator<string> {
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (line !== '') yield line;
  }
}

function headOf(path: string, line: string): UndoHead {
  const head = parsed(line);
  const [clinic, connection] = [member(head, 'clinic'), member(head, 'connection')];
  const isHead = member(head, 'kind') === KIND && member(head, 'version') === VERSION;
  if (!isHead || typeof clinic !== 'string' || typeof connection !== 'string') throw unusable(path);
  return { clinic, connection };
}

function unusable(path: string): UnusableUndoFile {
  return new UnusableUndoFile(`${path} is no file that switch copy has written with --undo`);
}

function entryIn(line: string): UndoEntry | undefined {
  const entry = parsed(line);
  const [staffId, vendorRecordId] = [member(entry, 'staffId'), member(entry, 'vendorRecordId')];
  const [at, fields] = [member(entry, 'at'), member(entry, 'fields')];
  if (typeof staffId !== 'string' || typeof vendorRecordId !== 'string') return undefined;
  if (typeof at !== 'string' || !Array.isArray(fields)) return undefined;
  return { staffId, vendorRecordId, at, fields: fields.flatMap(fieldIn) };
}

function fieldIn(item: unknown): UndoField[] {
  const field = member(item, 'field');
  if (!isObject(item) || typeof field !== 'string' || !('before' in item)) return [];
  return [
    { field, before: item.before, after: item.after, ...('stored' in item && { stored: item.stored }) },
  ];
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
