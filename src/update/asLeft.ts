/**
 * The record as an update with a condition has left it when only a part of it was applied: its entity tag is then another one, by
 * the update's own doing. A repetition is held against this instead, and goes on where the update ended.
 */
import type { VendorRecord } from '../adapter/contract';
import { etagOf } from '../directory/etag';
import { type AnyTable, type ShownFields, showRecord } from '../directory/record';
import type { Problem } from '../problem';
import { FIELDS } from '../staff/fields';
import type { AsLeft } from '../store/asLeft';
import type { Plan } from './plan';

interface Planned {
  plan: Plan;
  current: VendorRecord | undefined;
}

/** Of a `Confirmation`. */
interface Ended {
  states: readonly string[];
  record: VendorRecord | undefined;
  problem?: Problem;
}

/**
 * What was confirmed is as it was shown afterwards, all else as it was when the condition held. What several requests have changed
 * in part may be anything.
 * @returns undefined if the record was not read before
 */
export function leftBehind(
  table: AnyTable,
  { plan, current }: Planned,
  { states, record, problem }: Ended,
): AsLeft | undefined {
  if (current === undefined) return undefined;
  const fields: ShownFields = { ...showRecord(table, current).fields };
  const after: ShownFields = record === undefined ? {} : showRecord(table, record).fields;
  const open = new Set<string>();
  for (const [index, { field, unchanged }] of plan.targets.entries()) {
    const state = states[index];
    if (state === 'landed' && !unchanged) fields[field] = after[field];
    if (state === 'unclear' && problem?.extras.outcome === 'partial') open.add(field);
  }
  return Object.fromEntries(
    FIELDS.filter((field) => !open.has(field)).map((field) => [field, digestOf(fields, field)]),
  );
}

/** Whether nobody else has changed it: each field is as it was left, or holds what the update wants it to. */
export function isAsLeft(left: AsLeft, table: AnyTable, { plan, current }: Planned): boolean {
  if (current === undefined) return false;
  const { fields } = showRecord(table, current);
  const held = new Set<string>(plan.targets.flatMap(({ field, unchanged }) => (unchanged ? [field] : [])));
  return FIELDS.every((field) => {
    const digest = left[field];
    return digest === undefined || held.has(field) || digest === digestOf(fields, field);
  });
}

function digestOf(fields: ShownFields, field: keyof ShownFields): string {
  return etagOf({ [field]: fields[field] });
}
