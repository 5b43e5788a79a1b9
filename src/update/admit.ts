/**
 * Before anything is sent: which of the sent fields can this vendor express at all? Strict handling refuses the update
 * when one cannot, naming all of them; lenient handling drops those and goes on with the rest.
 */

import type { MappedField, RefusalCode } from '../adapter/contract';
import type { AnyTable } from '../directory/record';
import { isObject, member } from '../lib/json';
import { type FieldError, Problem, type ProblemCode } from '../problem';
import type { Warning } from '../receipt';
import { isComposite, pointerOf } from '../staff/fields';
import type { CanonicalPatch, Change } from '../staff/patch';
import { composesToOther } from '../staff/spelling';

/** A change that the vendor can express, with its mapping. */
export interface AdmittedChange extends Change {
  mapping: MappedField<unknown>;
  /** The value as it was sent, if that is another spelling. */
  given?: unknown;
}

interface Dropped {
  change: Change;
  detail: string;
}

export interface Admitted {
  changes: readonly AdmittedChange[];
  dropped: readonly Dropped[];
  warnings: readonly Warning[];
}

/**
 * @throws Problem `unsupported_field`, `not_clearable` or `unmapped_code`; `errors` names every refused field, each with
 * its own code, whichever code the problem as a whole has
 */
export function admit(
  patch: CanonicalPatch,
  table: AnyTable,
  lenient: boolean,
  vendorTitle: string,
): Admitted {
  const judged = patch.changes.map((change) => ({
    change,
    refusals: refusalsOf(change, table).map((refusal) => asSent(refusal, patch)),
  }));
  const fatal = judged.filter(({ refusals }) =>
    refusals.some((refusal) => !lenient || !isDroppable(refusal)),
  );
  if (fatal.length > 0)
    throw refused(
      fatal.flatMap(({ refusals }) => refusals),
      vendorTitle,
    );
  const changes: AdmittedChange[] = [];
  const dropped: Dropped[] = [];
  for (const { change, refusals } of judged) {
    const mapping = table[change.field];
    if (refusals.length > 0) dropped.push({ change, detail: refusals.map(({ detail }) => detail).join(' ') });
    else if (mapping.supported) {
      const given = patch.given?.[change.field];
      changes.push({ ...change, mapping, ...(given !== undefined && { given }) });
    }
  }
  if (changes.length === 0)
    throw refused(
      judged.flatMap(({ refusals }) => refusals),
      vendorTitle,
    );
  return {
    changes,
    dropped,
    warnings: changes.flatMap((change) => [...notStored(change), ...normalised(change)]),
  };
}

/** The blocks of a week are judged in order; a complaint points at the one that the caller sent. */
function asSent(error: FieldError, { sentAt }: CanonicalPatch): FieldError {
  const pointer = error.pointer.replace(
    /^(\/availableTime\/)(\d+)/,
    (_, field: string, index: string) => `${field}${sentAt?.[Number(index)] ?? index}`,
  );
  return { ...error, pointer };
}

function isDroppable({ code }: FieldError): boolean {
  return code === 'unsupported_field' || code === 'not_expressible';
}

/** The problem of a refusal: to hold a field, but not this value of it, is for the caller as if it were not held. */
export function problemOf(code: RefusalCode): ProblemCode {
  return code === 'not_expressible' ? 'unsupported_field' : code;
}

const ORDER: readonly ProblemCode[] = ['unsupported_field', 'not_clearable', 'unmapped_code'];

function refused(errors: readonly FieldError[], vendorTitle: string): Problem {
  const code =
    ORDER.find((candidate) =>
      errors.some((error) => (isDroppable(error) ? 'unsupported_field' : error.code) === candidate),
    ) ?? 'unsupported_field';
  const names = [...new Set(errors.map((error) => error.pointer))].join(', ');
  const details: Partial<Record<ProblemCode, string>> = {
    unsupported_field: `${vendorTitle} cannot hold what was sent: ${names}. Nothing was sent.`,
    not_clearable: `${vendorTitle} cannot clear: ${names}. Nothing was sent.`,
    unmapped_code: `There is no ${vendorTitle} code for: ${names}. Nothing was sent.`,
  };
  return new Problem(code, details[code] ?? '', { errors });
}

function refusalsOf({ field, value }: Change, table: AnyTable): FieldError[] {
  const mapping = table[field];
  const pointer = pointerOf(field);
  if (!mapping.supported) return [{ pointer, code: 'unsupported_field', detail: mapping.reason }];
  if (value === null) return mapping.cleared ? [] : [notClearable(pointer, mapping)];
  const lost = Object.entries(mapping.notStored ?? {});
  // A display alone, and the vendor stores none: nothing of what was sent would be kept.
  if (isObject(value) && Object.keys(value).every((name) => lost.some(([key]) => key === name))) {
    return Object.keys(value).map((name) => ({
      pointer: `${pointer}/${name}`,
      code: 'unsupported_field',
      detail: mapping.notStored?.[name] ?? '',
    }));
  }
  const refusals: FieldError[] = [];
  mapping.encode(isComposite(field) ? withoutNulls(value) : value, (at, code, detail) =>
    refusals.push({ pointer: pointer + at, code, detail }),
  );
  return refusals;
}

/** Why `null` is refused here. */
export function notClearable(pointer: string, mapping: MappedField<unknown>): FieldError {
  return {
    pointer,
    code: 'not_clearable',
    detail: mapping.notClearable ?? 'The vendor cannot clear this field.',
  };
}

/** What a composite value is to hold. */
export function withoutNulls(value: unknown): unknown {
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null))
    : value;
}

function notStored({ field, value, mapping }: AdmittedChange): Warning[] {
  return Object.entries(mapping.notStored ?? {})
    .filter(([name]) => typeof member(value, name) === 'string')
    .map(([name, detail]) => ({ pointer: `${pointerOf(field)}/${name}`, code: 'not_stored', detail }));
}

/** What composing (NFC) has turned into another character, by its place. */
function normalised({ field, given }: AdmittedChange): Warning[] {
  return textsIn(given, pointerOf(field)).flatMap(([pointer, text]) =>
    composesToOther(text)
      ? [
          {
            pointer,
            code: 'normalised',
            detail:
              'The text holds a character that is another one in its normal form (NFC), which is what is sent.',
          },
        ]
      : [],
  );
}

function textsIn(value: unknown, pointer: string): [pointer: string, text: string][] {
  if (typeof value === 'string') return [[pointer, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => textsIn(item, `${pointer}/${name}`));
}
