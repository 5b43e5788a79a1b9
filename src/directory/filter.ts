/** What a list is filtered by. All of it is done here: what vendors offer differs, matches ends of words only, or lags. */
import { type FieldError, Problem } from '../problem';
import { type Field, pointerOf, type STATUSES } from '../staff/fields';
import { folded } from './fold';
import type { AnyTable } from './record';
import type { Entry, Snapshot } from './snapshot';

/** By query parameter. All that are there have to fit. */
export interface StaffFilter {
  /** Part of a name: each of its words is part of the given or the family name. */
  q?: string;
  status?: (typeof STATUSES)[number];
  nationalId?: string;
  email?: string;
  /** A code. */
  specialty?: string;
}

/** The fields that a parameter looks at; one of them is enough. */
const FIELDS_OF: Readonly<Record<keyof StaffFilter, readonly Field[]>> = {
  q: ['name.given', 'name.family'],
  status: ['status'],
  nationalId: ['nationalId'],
  email: ['email'],
  specialty: ['specialty'],
};

function parametersOf(filter: StaffFilter): (keyof StaffFilter)[] {
  const all: readonly (keyof StaffFilter)[] = ['q', 'status', 'nationalId', 'email', 'specialty'];
  return all.filter((name) => filter[name] !== undefined);
}

/**
 * An empty list would say that there is nobody, if the vendor cannot tell.
 * @throws Problem `unsupported_field` that names every such parameter
 */
export function refuseUnsupported(table: AnyTable, filter: StaffFilter): void {
  refuse(
    parametersOf(filter).flatMap((name) => {
      const mappings = FIELDS_OF[name].map((field) => table[field]);
      const [first] = mappings;
      if (first && !first.supported && mappings.every(({ supported }) => !supported)) {
        return { pointer: `/${name}`, code: 'unsupported_field', detail: `${first.reason}.` };
      }
      const { status } = filter;
      const values = name === 'status' && first?.supported ? first.values : undefined;
      if (status === undefined || values === undefined || values.includes(status)) return [];
      return { pointer: '/status', code: 'unsupported_field', detail: 'The vendor has no such status.' };
    }),
  );
}

/** Likewise for a field that the vendor holds, and its list does not show. @throws Problem `unsupported_field` */
export function refuseUnshown({ entries, shows }: Snapshot, filter: StaffFilter): void {
  if (entries.length === 0) return;
  refuse(
    parametersOf(filter)
      .filter((name) => !FIELDS_OF[name].some((field) => shows.has(field)))
      .map((name) => ({
        pointer: `/${name}`,
        code: 'unsupported_field',
        detail: `The vendor’s list does not show ${FIELDS_OF[name].map(pointerOf).join(', ')}.`,
      })),
  );
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const names = errors.map(({ pointer }) => pointer.slice(1)).join(', ');
  throw new Problem('unsupported_field', `The clinic’s vendor cannot be searched by: ${names}.`, { errors });
}

/** @param table of the vendor: what it cannot read back exactly is not compared exactly */
export function matcher(table: AnyTable, filter: StaffFilter): (entry: Entry) => boolean {
  const words = filter.q === undefined ? [] : folded(filter.q).split(' ');
  const email = filter.email?.toLowerCase();
  const nationalId = filter.nationalId === undefined ? undefined : idsLike(table, filter.nationalId);
  const { status, specialty } = filter;
  return (entry) =>
    words.every((word) => entry.name.includes(word)) &&
    (status === undefined || entry.status === status) &&
    (email === undefined || entry.email === email) &&
    (specialty === undefined || entry.specialty === specialty) &&
    (nationalId === undefined || (entry.nationalId !== undefined && nationalId.has(entry.nationalId)));
}

/** A vendor that keeps numbers loses leading zeros, and says that it cannot confirm them. */
function idsLike({ nationalId }: AnyTable, value: string): ReadonlySet<string> {
  const exact = value.toLowerCase();
  const isLossy = nationalId.supported && nationalId.unconfirmable?.(value) !== undefined;
  return new Set(isLossy ? [exact, exact.replace(/^0+(?=.)/, '')] : [exact]);
}
