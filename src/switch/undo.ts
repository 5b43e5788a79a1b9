/** Puts back what copying has replaced, but for fields that somebody has changed since. Can be begun again at any time. */
import type { VendorRecord } from '../adapter/contract';
import type { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { tableOf } from '../directory/record';
import { Deadline } from '../lib/deadline';
import { sameJson } from '../lib/json';
import type { Problem } from '../problem';
import type { Clinic } from '../runtime/locate';
import { parsePatch } from '../staff/patch';
import { createComparisons } from '../store/comparisons';
import type { Database } from '../store/database';
import { createLinks } from '../store/links';
import { atOnce } from './atOnce';
import { fieldAt } from './copy';
import { inOrder } from './inOrder';
import { tryField } from './judge';
import { patiently } from './patience';
import { bodyFor, valuesIn } from './shown';
import { readUndoEntries, type UndoEntry, type UndoField } from './undoFile';
import type { Watch } from './watch';
import {
  CannotWrite,
  clinicAt,
  MOST_LOOKS,
  settleEarlier,
  storedOf,
  untilSettled,
  type WriteParts,
  write,
} from './writing';

/**
 * What became of a field. `restored`: it is as it was. `already`: it was so before. `otherwise`: it means what it did, but the vendor has
 * stored it in another form. `changed_since`: somebody else has changed it, so it is left alone. `not_restored`: the vendor does not
 * take it.
 */
export const UNDO_OUTCOMES = ['restored', 'already', 'otherwise', 'changed_since', 'not_restored'] as const;
export type UndoOutcome = (typeof UNDO_OUTCOMES)[number];

export interface UndoRow {
  staffId: string;
  /** A pointer. */
  field: string;
  outcome: UndoOutcome;
  detail?: string;
}

export interface UndoReport {
  clinic: string;
  connection: string;
  /** Whether all of the file was gone through. */
  complete: boolean;
  /** Why not. */
  reason?: string;
  counts: Record<UndoOutcome, number>;
}

export interface UndoOptions extends Watch {
  /** The clinic as it is configured. */
  configured: Clinic;
  /** Where was written. */
  connection: VendorConnection;
  database: Database;
  /** What `switch copy` has written with `--undo`. */
  file: string;
  writing: WriteParts;
  /** In the order of the file. Awaited. */
  onRow?: (row: UndoRow) => void | Promise<void>;
}

/** So often a record is judged anew that others change meanwhile. */
const ATTEMPTS = 4;

/** @throws UnusableUndoFile */
export async function undo(options: UndoOptions): Promise<UndoReport> {
  const { configured, connection, database, file, writing, onRow, onStep, signal } = options;
  const records = await recordsIn(file, connection);
  await settleEarlier(writing, { database, clinic: configured.name, connection: connection.name }, options);
  // Before the first write: whatever was equal may not be so afterwards, and the guard must not go by it.
  await createComparisons(database).forget(configured.name, connection.name);
  const counts: Record<UndoOutcome, number> = {
    ...{ restored: 0, already: 0, otherwise: 0, changed_since: 0, not_restored: 0 },
  };
  let done = 0;
  const ordered = inOrder(async (rows: readonly UndoRow[]) => {
    for (const row of rows) {
      counts[row.outcome] += 1;
      await onRow?.(row);
    }
    done += 1;
    onStep?.({ name: 'putting back', done, total: records.length });
  });
  const report = { clinic: configured.name, connection: connection.name, counts };
  const most = Math.max(1, Math.floor(connection.config.maxConcurrent / 2));
  try {
    await atOnce(
      records.entries(),
      most,
      async ([index, record]) => {
        try {
          await ordered.give(index, await restore(options, record));
        } catch (error) {
          await ordered.give(index, []);
          throw error;
        }
      },
      signal,
    );
    return { ...report, complete: true };
  } catch (error) {
    if (error instanceof CannotWrite) return { ...report, complete: false, reason: error.message };
    if (error instanceof VendorFailure) return { ...report, complete: false, reason: error.reason };
    throw error;
  }
}

/** What was written to one field, from the first time to the last. */
interface Replaced extends Pick<UndoField, 'field' | 'before' | 'stored'> {
  /** Everything that copying may have left there. */
  after: unknown[];
}

interface ReplacedRecord {
  staffId: string;
  vendorRecordId: string;
  fields: Replaced[];
}

/** Several runs, or one that was killed and begun again, have several lines for one field. */
async function recordsIn(file: string, there: VendorConnection): Promise<ReplacedRecord[]> {
  const records = new Map<string, ReplacedRecord>();
  for await (const entry of readUndoEntries(file)) {
    const key = `${entry.staffId}\0${entry.vendorRecordId}`;
    const { staffId, vendorRecordId } = entry;
    const record = records.get(key) ?? { staffId, vendorRecordId, fields: [] };
    records.set(key, record);
    addFields(record, entry, there);
  }
  return [...records.values()];
}

/**
 * While only copying has changed a field, its first line knows what was there before. What a later line has found else somebody has
 * put there meanwhile: that is what was replaced last.
 */
function addFields({ fields }: ReplacedRecord, entry: UndoEntry, there: VendorConnection): void {
  for (const { field, before, after, stored } of entry.fields) {
    const at = fields.findIndex((one) => one.field === field);
    const known = fields[at];
    const replaced = { field, before, ...(stored !== undefined && { stored }), after: [after] };
    if (known === undefined) fields.push(replaced);
    else if ([known.before, ...known.after].some((value) => isAlike(field, value, before, there))) {
      known.after.push(after);
    } else fields[at] = replaced;
  }
}

function isAlike(pointer: string, one: unknown, other: unknown, { adapter }: VendorConnection): boolean {
  const field = fieldAt(pointer);
  return sameJson(bodyFor(field, one, adapter), bodyFor(field, other, adapter));
}

async function restore(options: UndoOptions, record: ReplacedRecord): Promise<UndoRow[]> {
  const { connection, configured, database, writing, signal } = options;
  const { staffId, vendorRecordId } = record;
  const all = (outcome: UndoOutcome, detail: string) =>
    record.fields.map(({ field }): UndoRow => ({ staffId, field, outcome, detail }));
  const linked = await createLinks(database).find(configured.name, staffId, connection.name);
  if (linked !== vendorRecordId) return all('changed_since', 'The link leads to another record, or nowhere.');
  const done = new Map<string, UndoRow>();
  let isAlone = false;
  /** Fields whose write was not answered. */
  const unclear = new Set<string>();
  for (let [changes, looks] = [0, 0]; ; ) {
    const current = await readRecord(options, vendorRecordId);
    if (current === undefined) return all('changed_since', 'The record is not there any more.');
    const judged = record.fields.map((field) => judge(connection, field, current));
    const open = judged.filter(({ body, field }) => body !== undefined && !done.has(field.field));
    if (open.length === 0) {
      return judged.map((one) =>
        withForm(options, done.get(one.field.field) ?? rowOf(staffId, putBack(one, unclear)), one, current),
      );
    }
    const group: readonly JudgedUndo[] = isAlone ? open.slice(0, 1) : open;
    const bodies = group.flatMap(({ body }) => (body === undefined ? [] : [body]));
    const clinic = clinicAt(configured, connection);
    const written = await write(writing, { clinic, staffId, bodies, current, signal });
    const settle = (fields: readonly JudgedUndo[], outcome: UndoOutcome, detail?: string) => {
      for (const one of fields) done.set(one.field.field, rowOf(staffId, { ...one, outcome, detail }));
    };
    if ('receipt' in written) settle(group, 'restored');
    else if ('changed' in written) {
      changes += 1;
      if (changes === ATTEMPTS)
        settle(open, 'not_restored', 'The record is being changed by others all the time.');
    } else if ('unclear' in written) {
      looks += 1;
      for (const { field } of group) unclear.add(field.field);
      if (looks === MOST_LOOKS) settle(group, 'not_restored', written.unclear.detail);
      else await untilSettled(connection, signal);
    } else {
      const { problem } = written;
      const named = group.filter(({ field }) => isNamed(problem, field.field));
      // The vendor says not what it is about: each field is tried alone then.
      if (named.length === 0 && group.length > 1 && problem.status < 500) isAlone = true;
      else settle(named.length === 0 ? group : named, 'not_restored', problem.detail);
    }
  }
}

/** What a read shows after a write that was not answered was put back by it. */
function putBack(one: JudgedUndo, unclear: ReadonlySet<string>): JudgedUndo {
  return one.outcome === 'already' && unclear.has(one.field.field) ? { ...one, outcome: 'restored' } : one;
}

interface JudgedUndo {
  field: Replaced;
  /** What puts it back; absent: nothing is to be sent. */
  body?: Record<string, unknown>;
  outcome: UndoOutcome;
  detail?: string | undefined;
}

function judge(there: VendorConnection, field: Replaced, current: VendorRecord): JudgedUndo {
  const name = fieldAt(field.field);
  const mapping = tableOf(there.adapter)[name];
  const now = valuesIn(there.adapter, current).get(name);
  const holds = (value: unknown) =>
    value !== undefined &&
    value !== null &&
    tryField(there, name, bodyFor(name, value, there.adapter), current).verdict === 'same';
  if (field.before === null ? now === undefined : holds(field.before)) return { field, outcome: 'already' };
  if (!field.after.some(holds)) {
    return { field, outcome: 'changed_since', detail: 'Somebody else has changed it since.' };
  }
  if (field.before === null && mapping.supported && mapping.cleared === undefined) {
    const detail = mapping.notClearable ?? 'It was empty, and cannot be emptied there.';
    return { field, outcome: 'not_restored', detail };
  }
  const body = bodyFor(name, field.before, there.adapter);
  // Somebody has edited the file: what stands there is no value of this field.
  if ('errors' in parsePatch(body)) return { field, outcome: 'not_restored', detail: NO_VALUE };
  return { field, outcome: 'restored', body };
}

const NO_VALUE = 'The file has a value there that no update could hold.';

function rowOf(staffId: string, { field, outcome, detail }: JudgedUndo): UndoRow {
  return { staffId, field: field.field, outcome, ...(detail !== undefined && { detail }) };
}

/** The same value may be stored in another form now than it was before it was copied over. */
function withForm(
  { connection }: UndoOptions,
  row: UndoRow,
  { field }: JudgedUndo,
  current: VendorRecord,
): UndoRow {
  if (row.outcome !== 'restored' && row.outcome !== 'already') return row;
  const now = storedOf(connection, fieldAt(field.field), current);
  if (field.stored === undefined || sameJson(now, field.stored)) return row;
  return { ...row, outcome: 'otherwise', detail: 'It means what it did, but is stored in another form now.' };
}

function isNamed({ extras }: Problem, field: string): boolean {
  return extras.errors?.some(({ pointer }) => pointer === field || pointer.startsWith(`${field}/`)) ?? false;
}

async function readRecord(
  { connection, configured, signal }: UndoOptions,
  recordId: string,
): Promise<VendorRecord | undefined> {
  const deadline = () => new Deadline(connection.config.timeoutMs, configured.name);
  try {
    return await patiently(() => connection.read(recordId, deadline()), signal);
  } catch (error) {
    if (error instanceof VendorFailure && error.kind === 'record_not_found') return undefined;
    throw error;
  }
}
