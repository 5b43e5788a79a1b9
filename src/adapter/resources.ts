/**
 * Staff records that are kept in several resources. To the tables such a record is one JSON value: the vendor's primary record, with
 * the records of further resources under a name that no vendor gives to a member.
 */
import { isObject, member } from '../lib/json';
import type { MappedField, VendorRecord } from './contract';

const PARTS = '\u0000parts';

/**
 * The record of one resource in it; undefined if it was not read, or there is none.
 * @param resource name; undefined: the primary one, which is the record itself
 */
export function partOf(
  record: VendorRecord | undefined,
  resource: string | undefined,
): VendorRecord | undefined {
  if (record === undefined || resource === undefined) return record;
  const part = partsOf(record)[resource];
  return isObject(part) ? part : undefined;
}

/** The vendor's own primary record in it, without the others. */
export function primaryOf(record: VendorRecord): VendorRecord {
  const { [PARTS]: _, ...own } = record;
  return own;
}

/** The record with that one of a resource in it, which may be a newer one. */
export function withPart(
  record: VendorRecord | undefined,
  resource: string | undefined,
  part: VendorRecord,
): VendorRecord {
  const parts = record === undefined ? {} : partsOf(record);
  if (resource !== undefined) return assembled(record ?? {}, { ...parts, [resource]: part });
  return Object.keys(parts).length === 0 ? part : assembled(part, parts);
}

/** The record without that one of a resource; undefined if nothing is left of it. */
export function withoutPart(
  record: VendorRecord | undefined,
  resource: string | undefined,
): VendorRecord | undefined {
  if (record === undefined) return undefined;
  const { [resource ?? '']: _, ...parts } = partsOf(record);
  if (resource !== undefined) return assembled(record, parts);
  return Object.keys(parts).length === 0 ? undefined : assembled({}, parts);
}

function assembled(record: VendorRecord, parts: VendorRecord): VendorRecord {
  return { ...record, [PARTS]: parts };
}

function partsOf(record: VendorRecord): VendorRecord {
  const parts = member(record, PARTS);
  return isObject(parts) ? parts : {};
}

/** What is stored under a field's own key. */
export function storedUnder(
  { resource, key }: Pick<MappedField<unknown>, 'resource' | 'key'>,
  record: VendorRecord | undefined,
): unknown {
  return member(partOf(record, resource), key);
}

/** A field of a further resource: what is said of records in `mapping` is said of that resource's. */
export function inResource<V>(resource: string, mapping: MappedField<V>): MappedField<V> {
  const { cleared, holds, loses, keep } = mapping;
  const unless = cleared?.unless;
  const own = (record: VendorRecord) => partOf(record, resource);
  return {
    ...mapping,
    resource,
    encode: (value, refuse, current) => mapping.encode(value, refuse, partOf(current, resource)),
    decode: (record) => {
      const part = own(record);
      return part && mapping.decode(part);
    },
    ...(unless && {
      cleared: {
        ...cleared,
        unless: (record) => {
          const part = own(record);
          return part && unless(part);
        },
      },
    }),
    ...(holds && {
      holds: (record, value) => {
        const part = own(record);
        return part !== undefined && holds(part, value);
      },
    }),
    ...(loses && {
      loses: (record) => {
        const part = own(record);
        return part && loses(part);
      },
    }),
    ...(keep && {
      keep: (record, block) => {
        const part = own(record);
        return part && keep(part, block);
      },
    }),
  };
}
