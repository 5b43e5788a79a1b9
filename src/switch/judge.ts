/**
 * Could a value go to another connection? Judged by what executes: normalised, admitted and planned on the record there, just as an
 * update of that one field. Nothing is sent.
 */
import { UNREADABLE, type VendorRecord } from '../adapter/contract';
import type { VendorConnection } from '../connection/connection';
import { tableOf } from '../directory/record';
import { member, sameJson } from '../lib/json';
import { type FieldError, Problem } from '../problem';
import type { Field } from '../staff/fields';
import { type CanonicalPatch, parsePatch } from '../staff/patch';
import { admit } from '../update/admit';
import { holds, makePlan } from '../update/plan';

/** A code that has no counterpart there. */
export interface NeededCode {
  /** The list of the configuration that it is missing in. */
  list: string;
  code: string;
  /** What it is called here, if that is shown. */
  name?: string;
}

/** `fits` and `same` say that it can be held there. */
export type Trial =
  | ({ patch: CanonicalPatch } & ({ verdict: 'fits'; replaces: boolean } | { verdict: 'same' }))
  | {
      verdict: 'unmapped_code' | 'unsupported' | 'not_expressible' | 'blocked' | 'no_record' | 'unreadable';
      detail: string;
      codes: readonly NeededCode[];
      /** True if the value is none that any vendor would be sent: not the tables of this one refuse it. */
      invalid?: true;
    };

/**
 * @param body the update of that one field
 * @param current the record there; undefined: there is none
 */
export function tryField(
  there: VendorConnection,
  field: Field,
  body: Record<string, unknown>,
  current: VendorRecord | undefined,
): Trial {
  const table = tableOf(there.adapter);
  const mapping = table[field];
  if (!mapping.supported) return refused('unsupported', mapping.reason);
  const parsed = parsePatch(body);
  if ('errors' in parsed) {
    const detail = `No update could hold it: ${wordsOf(parsed.errors)}`;
    return { verdict: 'not_expressible', detail, codes: [], invalid: true };
  }
  try {
    const { changes } = admit(parsed.patch, table, false, there.title);
    if (current === undefined) return refused('no_record', 'The link there leads to no record.');
    const stored = mapping.decode(current);
    if (stored === UNREADABLE) {
      return refused('unreadable', 'What is stored there has no canonical meaning, so it is left alone.');
    }
    const { targets } = makePlan(there.adapter, table, changes, current);
    const [target] = targets;
    if (target === undefined) return refused('unsupported', `${there.title} keeps nothing of it.`);
    // What the record holds already is not sent again, also if a read cannot tell it from something else.
    const isSame =
      target.unchanged || sameJson(stored, target.value) || holds(mapping, current, target.value);
    const { patch } = parsed;
    if (isSame) return { verdict: 'same', patch };
    return { verdict: 'fits', patch, replaces: !isEmpty(stored) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return refusal(error, body);
  }
}

function isEmpty(stored: unknown): boolean {
  return stored === undefined || stored === null || (Array.isArray(stored) && stored.length === 0);
}

function refused(verdict: Exclude<Trial['verdict'], 'fits' | 'same'>, detail: string): Trial {
  return { verdict, detail, codes: [] };
}

/** Codes of refusals, the weightiest first, and what they make of a field. */
const REFUSALS = [
  ['unsupported_field', 'unsupported'],
  ['not_expressible', 'not_expressible'],
  ['unmapped_code', 'unmapped_code'],
  ['stored_value_invalid', 'blocked'],
] as const;

function refusal(problem: Problem, body: unknown): Trial {
  const errors = problem.extras.errors ?? [];
  const found = REFUSALS.find(([code]) => errors.some((error) => error.code === code));
  // Whatever else the plan meets is in the record there.
  const [code, verdict] = found ?? [undefined, 'blocked' as const];
  const relevant = code === undefined ? errors : errors.filter((error) => error.code === code);
  const codes = errors
    .filter((error) => error.code === 'unmapped_code')
    .map(({ pointer }) => neededCode(body, pointer));
  return { verdict, detail: wordsOf(relevant) || problem.detail, codes };
}

/** Each sentence once, with the field that it is about if that is another one. */
function wordsOf(errors: readonly FieldError[]): string {
  return [...new Set(errors.map(({ detail }) => detail))].join(' ');
}

/** `/specialty/code` → `specialty`, `/availableTime/0/locationId` → `location`. */
function listOf(pointer: string): string {
  const names = pointer.split('/').filter((name) => name !== '' && !/^\d+$/.test(name));
  const last = names.at(-1) ?? '';
  const name = last === 'code' ? (names.at(-2) ?? last) : last;
  return name.replace(/Id$/, '');
}

/** The code that an error points at, or that is a member of what it points at. */
function neededCode(body: unknown, pointer: string): NeededCode {
  const keys = pointer.split('/').slice(1);
  const at = (path: readonly string[]) =>
    path.reduce<unknown>(
      (value, key) => (Array.isArray(value) ? value[Number(key)] : member(value, key)),
      body,
    );
  const found = at(keys);
  const name = member(found, 'display') ?? member(at(keys.slice(0, -1)), 'display');
  return {
    list: listOf(pointer),
    code: String(member(found, 'code') ?? found ?? ''),
    ...(typeof name === 'string' && { name }),
  };
}
