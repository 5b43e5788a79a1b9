/**
 * Copies what fits to the other connection, by the same path as any update. Can be begun again at any time: what is there already is
 * not sent, and what a killed run has left unclear is settled by reading first.
 */
import type { VendorRecord } from '../adapter/contract';
import type { Problem } from '../problem';
import type { ReceiptRow } from '../receipt';
import type { Clinic } from '../runtime/locate';
import { FIELDS, type Field, pointerOf, topLevelOf } from '../staff/fields';
import { atOnce } from './atOnce';
import { CodeCounts, type ProposedCode, proposeCodes } from './codes';
import { inOrder } from './inOrder';
import { readPair } from './pair';
import type { Person } from './people';
import { type JudgedField, judgePerson, type RehearsalRow, wholeness } from './rehearse';
import { bodyFor, valuesIn } from './shown';
import { type MoveParts, readSides, type Sides } from './sides';
import type { UndoField, UndoLog } from './undoFile';
import { noCounts, REHEARSAL_VERDICTS, type RehearsalVerdict, type Report } from './verdict';
import {
  CannotWrite,
  clinicAt,
  MOST_LOOKS,
  settleEarlier,
  storedOf,
  untilSettled,
  type WriteParts,
  type Written,
  write,
} from './writing';

/** `outcome` as in a receipt: only of what was sent. */
export type CopyRow = RehearsalRow & { outcome?: ReceiptRow['outcome'] };

export interface CopyReport extends Report<RehearsalVerdict> {
  /** Whether anything was to be written. */
  applied: boolean;
  /** Fields by their outcome. */
  outcomes: Record<string, number>;
  /** Fields that fit and were left alone, because another value is there. */
  kept: number;
  proposed: readonly ProposedCode[];
}

export interface CopyOptions extends MoveParts {
  /** The clinic as it is configured. */
  configured: Clinic;
  /** Writes; else all is only said. */
  apply: boolean;
  /** Also over other values. */
  overwrite: boolean;
  /** Hears what is replaced, before it is. */
  undo?: UndoLog | undefined;
  writing: WriteParts;
  values?: boolean;
  /** By staff id, then in the order of the fields. Awaited. */
  onRow?: (row: CopyRow) => void | Promise<void>;
}

/** So often a record is judged anew that others change meanwhile. */
const ATTEMPTS = 4;

export async function copy(options: CopyOptions): Promise<CopyReport> {
  const { clinic, there, apply, onStep, onRow, signal, values = false } = options;
  if (apply) {
    const place = { database: options.database, clinic: clinic.name, connection: there.name };
    await settleEarlier(options.writing, place, options);
  }
  const sides = await readSides(options);
  const counts = noCounts(REHEARSAL_VERDICTS);
  const outcomes: Record<string, number> = {};
  const codes = new CodeCounts();
  let [done, kept] = [0, 0];
  const people = sides.people.filter(({ here }) => here !== undefined);
  const ordered = inOrder(async (copied: readonly CopiedField[]) => {
    for (const { row, codes: needed, left } of copied) {
      counts[row.verdict] += 1;
      if (row.outcome !== undefined) outcomes[row.outcome] = (outcomes[row.outcome] ?? 0) + 1;
      if (left) kept += 1;
      codes.add(needed);
      const { here, there: _, ...rest } = row;
      await onRow?.(values && here !== undefined ? { ...rest, here } : rest);
    }
    done += 1;
    onStep?.({ name: apply ? 'copying' : 'rehearsing', done, total: people.length });
  });
  const most = apply ? Math.max(1, Math.floor(there.config.maxConcurrent / 2)) : 1;
  const whole = wholeness(options, sides);
  try {
    await atOnce(
      people.entries(),
      most,
      async ([index, person]) => {
        try {
          await ordered.give(index, await copyPerson(options, sides, person));
        } catch (error) {
          // Those after this one may have been written.
          await ordered.give(index, []);
          throw error;
        }
      },
      signal,
    );
  } catch (error) {
    if (!(error instanceof CannotWrite)) throw error;
    whole.incomplete.push({ connection: there.name, reason: error.message });
  }
  return {
    ...{ clinic: clinic.name, here: clinic.here.name, there: there.name, ...whole },
    ...{ complete: whole.incomplete.length === 0, counts, codes: codes.list(), people: people.length },
    ...{ applied: apply, outcomes, kept, proposed: await proposeCodes(there, codes.list(), codes.names) },
  };
}

interface CopiedField extends Pick<JudgedField, 'codes'> {
  row: CopyRow;
  /** It fits, and was left alone. */
  left?: boolean;
}

async function copyPerson(
  options: CopyOptions,
  sides: Pick<Sides, 'here' | 'there'>,
  person: Person,
): Promise<CopiedField[]> {
  let seen = sides;
  /** By pointer, what has become of those that were sent. */
  const settled = new Map<string, CopiedField>();
  let isAlone = false;
  for (let [changes, looks] = [0, 0]; ; ) {
    const judged = judgePerson(options, seen, person);
    const open = judged.filter((one) => isWanted(one, options) && !settled.has(one.row.field));
    const current = person.there === undefined ? undefined : seen.there.find(person.there);
    const canWrite = current !== undefined && 'record' in current;
    if (!options.apply || open.length === 0 || !canWrite) {
      return judged.map((one) => settled.get(one.row.field) ?? unsent(one, options));
    }
    const group: readonly JudgedField[] = isAlone ? open.slice(0, 1) : open;
    const written = await send(options, person, group, current.record);
    if ('changed' in written) {
      changes += 1;
      if (changes === ATTEMPTS) settle(settled, group, () => ['not_applied', ALWAYS_CHANGING]);
    } else if ('receipt' in written) {
      settle(settled, group, (field) => {
        const row = rowFor(written.receipt, field);
        return [row?.outcome ?? 'unknown', row?.detail];
      });
    } else if ('unclear' in written) {
      looks += 1;
      await untilSettled(options.there, options.signal);
      seen = await readPair(options, person);
      settleShown(settled, group, judgePerson(options, seen, person));
      const isRead = person.there !== undefined && 'record' in seen.there.find(person.there);
      const left = group.filter(({ row }) => !settled.has(row.field));
      if (looks === MOST_LOOKS || !isRead) settleRefused(settled, left, written.unclear);
      continue;
    } else isAlone = settleRefused(settled, group, written.problem) || isAlone;
    // Others may have changed it, and so has this.
    if (open.some(({ row }) => !settled.has(row.field))) seen = await readPair(options, person);
  }
}

/** What was sent, was not answered, and is there now. */
function settleShown(
  settled: Map<string, CopiedField>,
  group: readonly JudgedField[],
  now: readonly JudgedField[],
): void {
  const shown = new Set(now.filter(({ row }) => row.verdict === 'same').map(({ row }) => row.field));
  const landed = group.filter(({ row }) => shown.has(row.field));
  settle(settled, landed, () => ['verified', 'A read shows that it was applied.']);
}

const ALWAYS_CHANGING = 'The record there is being changed by others all the time.';

/** @returns whether the vendor names nothing: each field has to be tried alone then */
function settleRefused(
  settled: Map<string, CopiedField>,
  group: readonly JudgedField[],
  problem: Problem,
): boolean {
  if (mayBeApplied(problem)) {
    settle(settled, group, (field) => {
      const outcome = rowFor(problem.extras.receipt ?? [], field)?.outcome ?? 'unknown';
      return [outcome, reasonIn(problem, field)];
    });
    return false;
  }
  const named = group.filter(({ row }) => isNamed(problem, row.field));
  if (named.length === 0 && group.length > 1 && problem.status < 500) return true;
  settle(settled, named.length === 0 ? group : named, (field) => ['not_applied', reasonIn(problem, field)]);
  return false;
}

function settle(
  settled: Map<string, CopiedField>,
  group: readonly JudgedField[],
  outcomeOf: (field: string) => [ReceiptRow['outcome'], string | undefined],
): void {
  for (const {
    row: { detail: _, ...row },
    codes,
  } of group) {
    const [outcome, detail] = outcomeOf(row.field);
    settled.set(row.field, { row: { ...row, ...(detail !== undefined && { detail }), outcome }, codes });
  }
}

function isWanted({ trial }: JudgedField, { overwrite }: CopyOptions): boolean {
  return trial?.verdict === 'fits' && (overwrite || !trial.replaces);
}

/** Puts on the disk what is replaced, then writes. */
async function send(
  options: CopyOptions,
  person: Person,
  wanted: readonly JudgedField[],
  current: VendorRecord,
): Promise<Written> {
  const { there, clinic, configured, undo, writing, signal } = options;
  const shown = valuesIn(there.adapter, current);
  const fields = wanted.map((one): { body: Record<string, unknown>; undo: UndoField } => {
    const field = fieldAt(one.row.field);
    const before = shown.get(field);
    const stored = storedOf(there, field, current);
    return {
      body: bodyFor(field, one.row.here, clinic.here.adapter),
      undo: {
        field: one.row.field,
        before: before === undefined || before === 'unreadable' ? null : before.value,
        after: one.row.here,
        ...(stored !== undefined && { stored }),
      },
    };
  });
  await undo?.add({
    ...{ staffId: person.staffId, vendorRecordId: person.there ?? '', at: new Date().toISOString() },
    fields: fields.map((one) => one.undo),
  });
  return write(writing, {
    ...{ clinic: clinicAt(configured, there), staffId: person.staffId, current, signal },
    bodies: fields.map(({ body }) => body),
  });
}

export function fieldAt(pointer: string): Field {
  const field = FIELDS.find((name) => pointerOf(name) === pointer);
  if (field === undefined) throw new RangeError('no field has this pointer');
  return field;
}

function isNamed({ extras }: Problem, field: string): boolean {
  return extras.errors?.some(({ pointer }) => isAt(pointer, field)) ?? false;
}

function isAt(pointer: string, field: string): boolean {
  return pointer === field || pointer.startsWith(`${field}/`);
}

/** Whether a part of it may have reached the vendor's record. */
function mayBeApplied({ status, extras }: Problem): boolean {
  const { outcome } = extras;
  if (outcome !== undefined) return outcome !== 'not_applied';
  return status >= 500;
}

/** A field that was not sent. */
function unsent(one: JudgedField, options: CopyOptions): CopiedField {
  const isLeft = one.trial?.verdict === 'fits' && !isWanted(one, options);
  return { row: one.row, codes: one.codes, ...(isLeft && { left: true }) };
}

function rowFor(receipt: readonly ReceiptRow[], field: string): ReceiptRow | undefined {
  return receipt.find(({ pointer }) => pointer === `/${topLevelOf(fieldAt(field))}`);
}

function reasonIn({ extras, detail }: Problem, field: string): string {
  return extras.errors?.find(({ pointer }) => isAt(pointer, field))?.detail ?? detail;
}
