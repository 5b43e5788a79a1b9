/**
 * The plan of one update: what each sent field shall be, and the body that makes it so. Merging happens on the vendor's
 * own record, so stored values that have no canonical meaning go back untouched.
 */

import type { Adapter, MappedField, VendorRecord } from '../adapter/contract';
import { UNREADABLE } from '../adapter/contract';
import type { AnyTable } from '../directory/record';
import { isObject, member, sameJson } from '../lib/json';
import { type FieldError, Problem } from '../problem';
import { FIELDS, isComposite, pointerOf, SNOMED_CT, topLevelOf } from '../staff/fields';
import { mergePatch } from '../staff/mergePatch';
import { type AdmittedChange, notClearable } from './admit';

/** One field that shall have `value` (null: be empty) when the update is done. */
export interface Target {
  field: AdmittedChange['field'];
  mapping: MappedField<unknown>;
  value: unknown;
  /** The body value. */
  wire: unknown;
  /** True where a read has shown that the record already holds the value. */
  unchanged: boolean;
}

export interface Plan {
  targets: readonly Target[];
  /** The request body; undefined where a read has shown that nothing would change. */
  body: Readonly<Record<string, unknown>> | undefined;
}

/** True where the plan cannot be made without the stored record. */
export function needsCurrent(adapter: Adapter, changes: readonly AdmittedChange[]): boolean {
  return (
    adapter.writes === 'whole-record' ||
    changes.some((change) => change.mapping.needsCurrent || isPartial(change))
  );
}

/** A composite value that leaves out a member which the vendor holds: the vendor replaces the object, so it is merged. */
function isPartial({ value, mapping }: Pick<AdmittedChange, 'value' | 'mapping'>): boolean {
  return isObject(value) && (mapping.members ?? []).some((name) => !Object.hasOwn(value, name));
}

/**
 * @param current the vendor's record, where it was read
 * @throws Problem `validation_failed` (the merged value is not valid), `not_clearable` (nothing would be left of a
 * composite), `stored_value_invalid` (an untouched stored value would be refused, or lost)
 */
export function makePlan(
  adapter: Adapter,
  table: AnyTable,
  changes: readonly AdmittedChange[],
  current: VendorRecord | undefined,
): Plan {
  const targets = changes.map((change) => target(change, current));
  const moving = targets.filter((item) => !item.unchanged);
  if (moving.length === 0) return { targets, body: undefined };
  refuseEndangered(adapter, moving, current);
  if (adapter.writes === 'changes' || current === undefined) {
    const body: Record<string, unknown> = {};
    for (const { mapping, wire } of moving) body[mapping.key] = wire;
    return { targets, body };
  }
  return { targets, body: wholeRecord(table, targets, current) };
}

/** The top-level members that the plan changes, each once. */
export function changedMembers({ targets }: Plan): string[] {
  return [...new Set(targets.filter(({ unchanged }) => !unchanged).map(({ field }) => topLevelOf(field)))];
}

function target({ field, value, mapping }: AdmittedChange, current: VendorRecord | undefined): Target {
  const wanted = isComposite(field) ? merged(field, value, mapping, current) : value;
  if (wanted === null) {
    const empty = current !== undefined && mapping.decode(current) === null;
    // Clearing a part of what is empty changes nothing, whether or not the vendor could clear it.
    if (empty) return { field, mapping, value: null, wire: mapping.cleared?.wire, unchanged: true };
    if (!mapping.cleared) {
      throw new Problem('not_clearable', 'Nothing would be left of the field.', {
        errors: [notClearable(pointerOf(field), mapping)],
      });
    }
    return { field, mapping, value: null, wire: mapping.cleared.wire, unchanged: false };
  }
  const wire = mapping.encode(wanted, refuseLate(pointerOf(field)));
  return {
    field,
    mapping,
    value: wanted,
    wire,
    // What a read cannot tell apart is sent again rather than taken for the same.
    unchanged:
      current !== undefined &&
      mapping.unconfirmable?.(wanted) === undefined &&
      holds(mapping, current, wanted),
  };
}

/** What was complete was judged before anything was read; only a merged value can still be refused. */
function refuseLate(pointer: string) {
  return (at: string, code: 'unsupported_field' | 'unmapped_code', detail: string): never => {
    throw new Problem(code, 'The merged value cannot be expressed at the vendor.', {
      errors: [{ pointer: pointer + at, code, detail }],
    });
  };
}

/** Does the vendor's record hold this value? By meaning or, where several codes share a meaning, by the wire value. */
export function holds(mapping: MappedField<unknown>, record: VendorRecord, value: unknown): boolean {
  if (value === null) return mapping.decode(record) === null;
  if (mapping.holds) return mapping.holds(record, value);
  const stored = mapping.decode(record);
  if (stored !== undefined && stored !== UNREADABLE && sameJson(stored, value)) return true;
  return sameJson(
    member(record, mapping.key),
    mapping.encode(value, () => undefined),
  );
}

function merged(
  field: 'specialty' | 'period',
  patch: unknown,
  mapping: MappedField<unknown>,
  current: VendorRecord | undefined,
): unknown {
  if (patch === null) return null;
  const stored = current === undefined ? undefined : mapping.decode(current);
  if (stored === UNREADABLE && isPartial({ value: patch, mapping })) {
    throw storedValueInvalid([
      blocked(
        pointerOf(field),
        'The stored value cannot be read, so no part of it can be changed; send it whole.',
      ),
    ]);
  }
  const base = field === 'specialty' && changesCode(patch, stored) ? {} : stored;
  const result = mergePatch(isObject(base) ? base : {}, patch);
  if (!isObject(result) || Object.keys(result).length === 0) return null;
  if (field === 'period') return checkedPeriod(result);
  if (typeof result.code !== 'string')
    throw invalid('/specialty/code', 'required', 'There is no code to go with it.');
  return withStoredMembers({ ...result, system: result.system ?? SNOMED_CT }, mapping);
}

/** A display belongs to its code: another code never keeps it. */
function changesCode(patch: unknown, stored: unknown): boolean {
  const code = member(patch, 'code');
  return code !== undefined && code !== member(stored, 'code');
}

/** Leaves out what the vendor does not store, about which the caller is warned. */
function withStoredMembers(
  value: Record<string, unknown>,
  mapping: MappedField<unknown>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => !Object.hasOwn(mapping.notStored ?? {}, name)),
  );
}

function checkedPeriod(period: Record<string, unknown>): Record<string, unknown> {
  const { start, end } = period;
  if (typeof start === 'string' && typeof end === 'string' && end < start) {
    throw invalid(
      '/period/end',
      'end_before_start',
      'With the stored other bound, the end would be before the start.',
    );
  }
  return period;
}

function invalid(pointer: string, code: string, detail: string): Problem {
  return new Problem('validation_failed', 'Together with what is stored, the update is not valid.', {
    errors: [{ pointer, code, detail }],
  });
}

function refuseEndangered(
  adapter: Adapter,
  moving: readonly Target[],
  current: VendorRecord | undefined,
): void {
  if (current === undefined) return;
  const rows =
    adapter.endangers?.(
      current,
      moving.map((item) => item.mapping.key),
    ) ?? [];
  if (rows.length > 0)
    throw storedValueInvalid(rows.map(([field, detail]) => blocked(pointerOf(field), detail)));
}

function wholeRecord(
  table: AnyTable,
  targets: readonly Target[],
  current: VendorRecord,
): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  const blocks: FieldError[] = [];
  for (const field of FIELDS) {
    const mapping = table[field];
    if (!mapping.supported) continue;
    const change = targets.find((item) => item.field === field);
    body[mapping.key] = change
      ? change.wire
      : mapping.keep
        ? mapping.keep(current, (detail) => blocks.push(blocked(pointerOf(field), detail)))
        : member(current, mapping.key);
  }
  if (blocks.length > 0) throw storedValueInvalid(blocks);
  return body;
}

function blocked(pointer: string, detail: string): FieldError {
  return { pointer, code: 'stored_value_invalid', detail };
}

function storedValueInvalid(errors: readonly FieldError[]): Problem {
  const names = errors.map((error) => error.pointer).join(', ');
  return new Problem(
    'stored_value_invalid',
    `Already stored values block the update: ${names}. Nothing was sent.`,
    { errors },
  );
}
