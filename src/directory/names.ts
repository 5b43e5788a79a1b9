/** What a vendor calls a specialty whose code alone is in its records. */
import type { VendorConnection } from '../connection/connection';
import { isObject, member } from '../lib/json';
import type { ShownFields } from './record';

/**
 * The fields with the vendor's name of the specialty. Only what is shown: the name is in no record, so it is in no entity tag and
 * no update either.
 */
export function withNames(fields: ShownFields, names: ReadonlyMap<string, string>): ShownFields {
  const { specialty } = fields;
  const display = names.get(String(member(specialty, 'code')));
  if (!isObject(specialty) || specialty.display !== undefined || display === undefined) return fields;
  const { code, ...rest } = specialty;
  return { ...fields, specialty: { code, display, ...rest } };
}

/** Empty where records have the names, or the vendor does not tell them now. */
export async function namesOf(connection: VendorConnection): Promise<ReadonlyMap<string, string>> {
  return connection.adapter.specialtyNames === undefined ? NONE : connection.specialtyNames();
}

const NONE: ReadonlyMap<string, string> = new Map();
