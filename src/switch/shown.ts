/** What a record shows of each field, empty ones left out. */
import { type Adapter, UNREADABLE, type VendorRecord } from '../adapter/contract';
import { type AnyTable, tableOf } from '../directory/record';
import { isObject } from '../lib/json';
import { FIELDS, type Field, isComposite, MEMBERS } from '../staff/fields';

export type ShownValue = { value: unknown } | 'unreadable';

/** In the order of the fields. */
export type ShownValues = ReadonlyMap<Field, ShownValue>;

export function valuesIn(adapter: Adapter, record: VendorRecord): ShownValues {
  const table = tableOf(adapter);
  const shown = new Map<Field, ShownValue>();
  for (const field of FIELDS) {
    const found = valueIn(table, field, record);
    if (found !== undefined) shown.set(field, found);
  }
  return shown;
}

function valueIn(table: AnyTable, field: Field, record: VendorRecord): ShownValue | undefined {
  const mapping = table[field];
  if (!mapping.supported) return undefined;
  const value = mapping.decode(record);
  if (value === UNREADABLE) return 'unreadable';
  return isEmpty(value) ? undefined : { value };
}

/** A week without blocks is an empty field, as it is when it is sent. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

/**
 * The body of an update that makes a field just what it is here: members that could be here and are not are cleared, for an
 * update of an object keeps those that it leaves out.
 */
export function bodyFor(field: Field, value: unknown, adapter: Adapter): Record<string, unknown> {
  const [top = field, leaf] = field.split('.');
  const whole = isComposite(field) && isObject(value) ? withMissing(field, value, adapter) : value;
  return { [top]: leaf === undefined ? whole : { [leaf]: whole } };
}

function withMissing(
  field: 'specialty' | 'period',
  value: Record<string, unknown>,
  adapter: Adapter,
): Record<string, unknown> {
  const mapping = tableOf(adapter)[field];
  const held = mapping.supported ? (mapping.members ?? []) : [];
  const missing = MEMBERS[field].filter((name) => held.includes(name) && !Object.hasOwn(value, name));
  return { ...Object.fromEntries(missing.map((name) => [name, null])), ...value };
}
