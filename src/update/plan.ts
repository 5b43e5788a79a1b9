/**
 * The plan of one update: what each sent field shall be, and the body that makes it so. Merging happens on the vendor's
 * own record, so stored values that have no canonical meaning go back untouched.
 */

import type { Adapter, MappedField, RecordAccess, RefusalCode, VendorRecord } from '../adapter/contract';
import { UNREADABLE } from '../adapter/contract';
import { partOf, storedUnder } from '../adapter/resources';
import type { AnyTable } from '../directory/record';
import { isObject, member, sameJson } from '../lib/json';
import { type FieldError, Problem } from '../problem';
import { FIELDS, isComposite, pointerOf, SNOMED_CT, topLevelOf } from '../staff/fields';
import { mergePatch } from '../staff/mergePatch';
import { type AdmittedChange, notClearable, problemOf } from './admit';

/** One field that shall have `value` (null: be empty) when the update is done. */
export interface Target {
  field: AdmittedChange['field'];
  mapping: MappedField<unknown>;
  value: unknown;
  /** The body value. */
  wire: unknown;
  /** True if a read has shown that the record already holds the value. */
  unchanged: boolean;
  /** True if it was sent just as it is stored, spelling included. */
  sentBack: boolean;
  /** True if a read has shown a stored value that cannot be read. */
  replaces: boolean;
}

/** What is written to one resource. */
export interface PlannedWrite {
  /** Undefined: the primary one. */
  resource: string | undefined;
  /** New values by the keys of the table. */
  body: Readonly<Record<string, unknown>>;
}

export interface Plan {
  targets: readonly Target[];
  /** In the order in which they are sent, one for each resource; empty if a read has shown that nothing would change. */
  writes: readonly PlannedWrite[];
}

/**
 * Whether a resource's stored record has to be read before: `merge` if the plan depends on it, `look` if it only tells what is
 * kept and what is lost.
 * @param changes of this resource
 */
export function needsCurrent(
  { writes }: Pick<RecordAccess, 'writes'>,
  changes: readonly AdmittedChange[],
): 'merge' | 'look' | undefined {
  if (changes.length === 0) return undefined;
  if (writes !== 'changes') return 'merge';
  const needs = changes.map((change) => (isPartial(change) ? 'merge' : change.mapping.needsCurrent));
  if (needs.includes('merge')) return 'merge';
  // Clearing must not delete a value that nobody could read.
  return needs.includes('look') || changes.some(({ value }) => value === null) ? 'look' : undefined;
}

/** The changes of one resource. */
export function ofResource<C extends { mapping: Pick<MappedField<unknown>, 'resource'> }>(
  changes: readonly C[],
  resource: string | undefined,
): readonly C[] {
  return changes.filter(({ mapping }) => mapping.resource === resource);
}

/** The resources of a vendor in the order in which they are written, each with what its records are written by. */
export function resourcesOf(adapter: Adapter): ResourceList {
  let known = RESOURCES.get(adapter);
  if (known === undefined) {
    known = [
      [undefined, adapter],
      ...(adapter.also ?? []).map((access): [string, RecordAccess] => [access.name, access]),
    ];
    RESOURCES.set(adapter, known);
  }
  return known;
}

type ResourceList = readonly [resource: string | undefined, RecordAccess][];
const RESOURCES = new WeakMap<Adapter, ResourceList>();

/** A composite value that leaves out a member which the vendor holds: the vendor replaces the object, so it is merged. */
function isPartial({ value, mapping }: Pick<AdmittedChange, 'value' | 'mapping'>): boolean {
  return isObject(value) && (mapping.members ?? []).some((name) => !Object.hasOwn(value, name));
}

/**
 * @param current the vendor's record, if it was read
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
  if (moving.length === 0) return { targets, writes: [] };
  refuseEndangered(adapter, moving, current);
  const parts = resourcesOf(adapter).flatMap(([resource, access]) => {
    const own = ofResource(targets, resource);
    if (own.length === 0) return [];
    // A further resource is left alone if nothing of it changes; so is the primary one.
    if (own.every(({ unchanged }) => unchanged)) return { targets: own };
    return planFor(access, resource, table, ofResource(changes, resource), own, current);
  });
  return {
    targets: inOrder(
      targets,
      parts.flatMap((part) => part.targets),
    ),
    writes: parts.flatMap((part) => part.write ?? []),
  };
}

interface PartialPlan {
  targets: readonly Target[];
  write?: PlannedWrite;
}

/** What is written to one resource, of which something changes. */
function planFor(
  access: RecordAccess,
  resource: string | undefined,
  table: AnyTable,
  changes: readonly AdmittedChange[],
  targets: readonly Target[],
  current: VendorRecord | undefined,
): PartialPlan {
  const stored = partOf(current, resource);
  if (access.writes === 'whole-record' && current !== undefined && stored !== undefined) {
    return { targets, write: { resource, body: wholeRecord(table, resource, targets, current) } };
  }
  const sent = needsCurrent(access, changes) === 'look' ? targets.map(asked) : targets;
  const body: Record<string, unknown> = {};
  for (const { mapping, wire, unchanged } of sent) if (!unchanged) body[mapping.key] = wire;
  return { targets: sent, write: { resource, body } };
}

function inOrder(targets: readonly Target[], planned: readonly Target[]): Target[] {
  return targets.map((item) => planned.find(({ field }) => field === item.field) ?? item);
}

/** A look is not repeated right before the write, so what needed none is sent as if there had been none. */
function asked(target: Target): Target {
  const { mapping, unchanged, value } = target;
  return unchanged && value !== null && mapping.needsCurrent === undefined && !target.sentBack
    ? { ...target, unchanged: false }
    : target;
}

/** The top-level members that are to be changed, each once. */
export function changedMembers(targets: readonly Target[]): string[] {
  return [...new Set(targets.filter(({ unchanged }) => !unchanged).map(({ field }) => topLevelOf(field)))];
}

function target(change: AdmittedChange, current: VendorRecord | undefined): Target {
  const { field, value, mapping, given } = change;
  const stored = current === undefined ? undefined : mapping.decode(current);
  const wanted = isComposite(field) ? merged(field, value, mapping, stored) : value;
  const replaces = stored === UNREADABLE;
  if (wanted === null) {
    // Clearing a part of what is empty changes nothing, whether or not the vendor could clear it.
    const unchanged = stored === null;
    if (!unchanged) checkClearable(change, stored, current);
    return { field, mapping, value: null, wire: mapping.cleared?.wire, unchanged, sentBack: false, replaces };
  }
  const sentBack = given !== undefined && isSentBack(field, given, stored);
  const wire = mapping.encode(wanted, refuseLate(pointerOf(field)), current);
  return {
    field,
    mapping,
    value: sentBack ? stored : wanted,
    wire: isComposite(field) ? withStoredMembers(wire, wanted, stored, storedUnder(mapping, current)) : wire,
    unchanged: sentBack || (current !== undefined && isUnchanged(mapping, current, wanted, stored)),
    sentBack,
    replaces,
  };
}

/** What a form sends back as it was shown is no change, even if it is stored in a spelling that nobody would be sent to. */
function isSentBack(field: Target['field'], given: unknown, stored: unknown): boolean {
  if (stored === undefined || stored === null || stored === UNREADABLE) return false;
  return sameJson(stored, isComposite(field) ? mergePatch(stored, given) : given);
}

/** Clears what nobody could read only if the empty value itself was sent. */
function checkClearable(
  { field, mapping, emptied }: AdmittedChange,
  stored: unknown,
  current: VendorRecord | undefined,
): void {
  if (!mapping.cleared) {
    throw new Problem('not_clearable', 'Nothing would be left of the field.', {
      errors: [notClearable(pointerOf(field), mapping)],
    });
  }
  const reason = current && mapping.cleared.unless?.(current);
  if (reason !== undefined) {
    throw new Problem('not_clearable', 'The stored value cannot be taken away.', {
      errors: [{ pointer: pointerOf(field), code: 'not_clearable', detail: reason }],
    });
  }
  if (stored !== UNREADABLE || emptied) return;
  const remedy = field === 'availableTime' ? 'Send [] to empty the week all the same' : 'Send a new value';
  throw storedValueInvalid([
    blocked(pointerOf(field), `The stored value cannot be read, and null would delete it unseen. ${remedy}.`),
  ]);
}

/** What a read cannot tell apart is sent again, unless it is just what the read shows. */
function isUnchanged(
  mapping: MappedField<unknown>,
  current: VendorRecord,
  wanted: unknown,
  stored: unknown,
): boolean {
  if (stored !== undefined && stored !== UNREADABLE && sameJson(stored, wanted)) return true;
  return mapping.unconfirmable?.(wanted) === undefined && holds(mapping, current, wanted);
}

/** Of an object that the vendor replaces whole: members that the update leaves alone go back as they are stored. */
function withStoredMembers(wire: unknown, wanted: unknown, stored: unknown, raw: unknown): unknown {
  if (!isObject(wire) || !isObject(raw) || !isObject(stored)) return wire;
  if (member(wanted, 'code') !== member(stored, 'code')) return wire;
  const kept = Object.entries(raw).filter(([name]) => {
    // An empty member is none, and the vendor may not take it back.
    if (raw[name] === null || raw[name] === '') return false;
    const shown = member(stored, name);
    return shown === undefined ? !Object.hasOwn(wire, name) : shown === member(wanted, name);
  });
  return { ...wire, ...Object.fromEntries(kept) };
}

/** What was complete was judged before anything was read; only a merged value can still be refused. */
function refuseLate(pointer: string) {
  return (at: string, code: RefusalCode, detail: string): never => {
    throw new Problem(problemOf(code), 'The merged value cannot be expressed at the vendor.', {
      errors: [{ pointer: pointer + at, code, detail }],
    });
  };
}

/** Does the vendor's record hold this value? By meaning or, if several codes share a meaning, by the wire value. */
export function holds(mapping: MappedField<unknown>, record: VendorRecord, value: unknown): boolean {
  if (value === null) return mapping.decode(record) === null;
  if (mapping.holds) return mapping.holds(record, value);
  const stored = mapping.decode(record);
  if (stored !== undefined && stored !== UNREADABLE && sameJson(stored, value)) return true;
  return sameJson(
    storedUnder(mapping, record),
    mapping.encode(value, () => undefined),
  );
}

function merged(
  field: 'specialty' | 'period',
  patch: unknown,
  mapping: MappedField<unknown>,
  stored: unknown,
): unknown {
  if (patch === null) return null;
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
  return heldMembers({ ...result, system: result.system ?? SNOMED_CT }, mapping);
}

/** A display belongs to its code: another code never keeps it. */
function changesCode(patch: unknown, stored: unknown): boolean {
  const code = member(patch, 'code');
  return code !== undefined && code !== member(stored, 'code');
}

/** Leaves out what the vendor does not store, about which the caller is warned. */
function heldMembers(value: Record<string, unknown>, mapping: MappedField<unknown>): Record<string, unknown> {
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
  const keys = ofResource(moving, undefined).map((item) => item.mapping.key);
  const rows = adapter.endangers?.(current, keys) ?? [];
  if (rows.length > 0)
    throw storedValueInvalid(rows.map(([field, detail]) => blocked(pointerOf(field), detail)));
}

function wholeRecord(
  table: AnyTable,
  resource: string | undefined,
  targets: readonly Target[],
  current: VendorRecord,
): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  const blocks: FieldError[] = [];
  for (const field of FIELDS) {
    const mapping = table[field];
    if (!mapping.supported || mapping.resource !== resource) continue;
    const change = targets.find((item) => item.field === field);
    const problems: string[] = [];
    const kept = mapping.keep
      ? mapping.keep(current, (detail) => problems.push(detail))
      : storedUnder(mapping, current);
    // What was sent is only sent on if it differs from what is stored, or corrects it.
    if (change && (!change.unchanged || problems.length > 0)) body[mapping.key] = change.wire;
    else {
      body[mapping.key] = kept;
      blocks.push(...problems.map((detail) => blocked(pointerOf(field), detail)));
    }
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
