/** From a vendor's record to the canonical one, field by field, with a warning for each value that could not be read. */

import type { Adapter, Decoded, FieldMapping, VendorRecord } from '../adapter/contract';
import { UNREADABLE } from '../adapter/contract';
import { partOf } from '../adapter/resources';
import type { Warning } from '../receipt';
import { FIELDS, type Field, pointerOf, STANDS, topLevelOf } from '../staff/fields';

/** The mappings of a table without the types of their values, for code that walks over all fields. */
export type AnyTable = Readonly<Record<Field, FieldMapping<unknown>>>;

/** What a vendor's record shows: fields that it does not show, or that cannot be read, are absent, empty ones are null. */
export type ShownFields = Partial<Record<Field, unknown>>;

export interface Shown {
  fields: ShownFields;
  warnings: readonly Warning[];
  /** What is stored and cannot be read. */
  unreadable: readonly Field[];
  /** True if every field that the vendor holds is shown, so that two such records can be compared as wholes. */
  complete: boolean;
}

export function tableOf(adapter: Adapter): AnyTable {
  return adapter.fields;
}

export function showRecord(table: AnyTable, record: VendorRecord): Shown {
  const fields: ShownFields = {};
  const warnings: Warning[] = [];
  const hidden: Field[] = [];
  let complete = true;
  for (const field of FIELDS) {
    const mapping = table[field];
    if (!mapping.supported) continue;
    const value: Decoded<unknown> = mapping.decode(record);
    if (value === undefined) complete = false;
    else if (value === UNREADABLE) {
      hidden.push(field);
      warnings.push(unreadable(field));
    } else fields[field] = value;
    const detail = mapping.loses?.(record);
    if (detail !== undefined) warnings.push({ pointer: pointerOf(field), code: 'lost_on_update', detail });
  }
  return { fields, warnings, unreadable: hidden, complete };
}

/** What is stored and will be refused when it is sent back, for vendors that want whole records: no update works until then. */
export function blockedUpdates(table: AnyTable, record: VendorRecord): Warning[] {
  return FIELDS.flatMap((field) => {
    const mapping = table[field];
    const warnings: Warning[] = [];
    if (mapping.supported) {
      mapping.keep?.(record, (detail) =>
        warnings.push({ pointer: pointerOf(field), code: 'stored_value_invalid', detail }),
      );
    }
    return warnings;
  });
}

/** What is kept in a further resource that has no record of this staff member: its fields are not shown, and not empty either. */
export function missingParts(adapter: Adapter, record: VendorRecord): Warning[] {
  const missing = adapter.also?.flatMap(({ name }) => (partOf(record, name) ? [] : [name])) ?? [];
  if (missing.length === 0) return [];
  const table = tableOf(adapter);
  const held = FIELDS.filter((field) => {
    const mapping = table[field];
    return mapping.supported && mapping.resource !== undefined && missing.includes(mapping.resource);
  });
  return [...new Set(held.map(topLevelOf))].map((top) => ({
    pointer: `/${top}`,
    code: 'part_not_found',
    detail:
      'The vendor keeps this in a further record, which it does not have. It is not shown, and cannot be changed.',
  }));
}

function unreadable(field: Field): Warning {
  return {
    pointer: pointerOf(field),
    code: 'unreadable',
    detail:
      'The vendor stores a value that has no canonical meaning. It is not shown, and only overwritten if you send a new value.',
  };
}

/** The canonical record as clients see it: `{id, status, name: {given, family}, …}`. */
export function staffRecord(id: string, fields: ShownFields): Record<string, unknown> {
  const record: Record<string, unknown> = { id };
  for (const { field, top, leaf } of STANDS) {
    const value = fields[field];
    if (value === undefined) continue;
    record[top] = leaf === undefined ? value : { ...(record[top] ?? {}), [leaf]: value };
  }
  return record;
}
