/** A vendor's whole list at one time, kept compactly: the canonical record as text, and beside it what is filtered by. */
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { ListChanged, type ListedRecord } from '../connection/list';
import type { Deadline } from '../lib/deadline';
import { member } from '../lib/json';
import type { Warning } from '../receipt';
import { FIELDS, type Field, pointerOf } from '../staff/fields';
import { plainText } from '../staff/spelling';
import { folded } from './fold';
import { namesOf, withNames } from './names';
import { type AnyTable, blockedUpdates, type ShownFields, showRecord, tableOf } from './record';

/** One record of the list. */
export interface Entry {
  /** The vendor's id. */
  readonly id: string;
  /** Given and family name, folded; empty if there is none. */
  readonly name: string;
  readonly status: string | undefined;
  readonly nationalId: string | undefined;
  readonly email: string | undefined;
  readonly specialty: string | undefined;
  /** `StoredRecord` as JSON. */
  readonly text: string;
}

/** What an entry's text holds: the canonical fields, and what is to be said about them. */
export interface StoredRecord {
  fields: ShownFields;
  warnings: readonly Warning[];
}

export interface Snapshot {
  /** Cannot be guessed. */
  readonly id: string;
  /** When its reading began. */
  readonly asOf: string;
  /** In the vendor's order. */
  readonly entries: readonly Entry[];
  /** The fields that any of the entries shows, empty or unreadable ones too. */
  readonly shows: ReadonlySet<Field>;
  /** Rows that were no record. */
  readonly skipped: number;
  /** Records of which a part is missing, because the list of its own resource does not have it. */
  readonly partless: number;
  /** How many rows more the vendor counts than it has listed: the list is not whole if there are any. */
  readonly missing: number;
}

/** Records that are made canonical before other requests get their turn. */
const AT_ONCE = 200;

/** The list could not be read to its end. */
export class Incomplete extends Error {
  /** Pages that were read before. */
  readonly pages: number;

  constructor(pages: number, cause: unknown) {
    super('the list is incomplete', { cause });
    this.pages = pages;
  }
}

/** So often a list is begun that changes while it is read. */
const ATTEMPTS = 3;

/**
 * Reads all that there is at a connection.
 * @param previous the list before it: what has not changed since is kept once
 * @throws Incomplete
 */
export async function readSnapshot(
  connection: VendorConnection,
  whole: Deadline,
  previous?: Snapshot,
): Promise<Snapshot> {
  const known = new Map(previous?.entries.map((entry) => [entry.id, entry]));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readOnce(connection, whole, known);
    } catch (error) {
      if (!(error instanceof Incomplete) || !(error.cause instanceof ListChanged)) throw error;
      if (attempt === ATTEMPTS) throw new Incomplete(error.pages, alwaysChanging());
    }
  }
}

function alwaysChanging(): VendorFailure {
  return new VendorFailure({
    kind: 'unavailable',
    fate: 'refused',
    reason: 'The vendor’s list has changed each time while it was read.',
  });
}

/** @param known entries of an earlier reading, by their ids */
async function readOnce(
  connection: VendorConnection,
  whole: Deadline,
  known: ReadonlyMap<string, Entry>,
): Promise<Snapshot> {
  const table = tableOf(connection.adapter);
  const names = await namesOf(connection);
  const entries: Entry[] = [];
  const shows = new Set<Field>();
  const asOf = new Date().toISOString();
  let skipped = 0;
  let partless = 0;
  let missing = 0;
  let pages = 0;
  try {
    for await (const page of connection.list(whole)) {
      pages += 1;
      skipped += page.skipped;
      partless += page.partless;
      missing += page.missing;
      for (const [index, row] of page.records.entries()) {
        if (index % AT_ONCE === AT_ONCE - 1) await nextTurn();
        const entry = entryOf(table, row, shows, names);
        const before = known.get(entry.id);
        entries.push(before?.text === entry.text ? before : entry);
      }
    }
  } catch (error) {
    throw new Incomplete(pages, error);
  }
  return { id: randomBytes(16).toString('hex'), asOf, entries, shows, skipped, partless, missing };
}

/** @param shows takes the fields that the record shows */
function entryOf(
  table: AnyTable,
  { id, record }: ListedRecord,
  shows: Set<Field>,
  names: ReadonlyMap<string, string>,
): Entry {
  const { fields, warnings } = showRecord(table, record);
  for (const field of FIELDS) if (isShown(field, fields, warnings)) shows.add(field);
  const stored: StoredRecord = {
    fields: withNames(fields, names),
    warnings: [...warnings, ...blockedUpdates(table, record)],
  };
  return {
    id,
    name: folded(`${textOf(fields['name.given']) ?? ''} ${textOf(fields['name.family']) ?? ''}`),
    status: textOf(fields.status),
    nationalId: textOf(fields.nationalId)?.toLowerCase(),
    email: comparableEmail(textOf(fields.email)),
    specialty: textOf(member(fields.specialty, 'code')),
    text: JSON.stringify(stored),
  };
}

/** As a filter gives it. */
function comparableEmail(value: string | undefined): string | undefined {
  return value === undefined ? undefined : plainText(value).toLowerCase();
}

function isShown(field: Field, fields: ShownFields, warnings: readonly Warning[]): boolean {
  if (fields[field] !== undefined) return true;
  return warnings.some(({ code, pointer }) => code === 'unreadable' && pointer === pointerOf(field));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The canonical fields of an entry, and what is to be said about them. */
export function storedRecord({ text }: Entry): StoredRecord {
  const { fields, warnings }: StoredRecord = JSON.parse(text);
  return { fields, warnings };
}
