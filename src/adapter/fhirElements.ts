/**
 * Fields of a FHIR resource that is written whole: each knows its place, where its value is read, and put so that all else stays
 * as it is stored, in its order. What is in JSON but not shown (extensions, further names) is not touched.
 */
import { isObject, member } from '../lib/json';
import type { Codec } from './codecs';
import { listOf, textIn } from './codecs';
import { type MappedField, UNREADABLE, type UnsupportedField, type VendorRecord } from './contract';

/** Where a value is in a resource. */
export interface Place {
  /** What is stored there; undefined if nothing is. */
  get(resource: VendorRecord): unknown;
  /** The resource with another value there; `null`: with none. */
  put(resource: VendorRecord, value: unknown): VendorRecord;
}

export type PlacedField<V> = MappedField<V> & { readonly place: Place };

/** A field at a place. Nothing there is an empty field, since a resource shows all that it holds. */
export function placed<V>(
  key: string,
  place: Place,
  codec: Codec<V>,
  extras: Partial<Omit<MappedField<V>, 'supported' | 'key'>> = {},
): PlacedField<V> {
  return {
    supported: true,
    key,
    place,
    ...(codec.values && { values: codec.values }),
    encode: (value, refuse) => codec.encode(value, refuse),
    decode: (resource) => {
      // Not even an id: that is no resource.
      if (Object.keys(resource).length === 0) return undefined;
      const stored = place.get(resource);
      return stored === UNREADABLE ? UNREADABLE : codec.decode(stored ?? null);
    },
    ...(extras.notClearable === undefined && { cleared: { wire: null } }),
    ...extras,
  };
}

/** Fields of one resource, those that are not held among them. */
export type PlacedFields = readonly (
  | Pick<PlacedField<never>, 'supported' | 'key' | 'place'>
  | UnsupportedField
)[];

/** The resource with new values, by the keys of its fields. */
export function withValues(fields: PlacedFields, resource: VendorRecord, values: VendorRecord): VendorRecord {
  return fields
    .filter((field) => field.supported)
    .filter(({ key }) => Object.hasOwn(values, key))
    .reduce((merged, { key, place }) => place.put(merged, values[key]), resource);
}

/** An element of the resource itself. Lists that are empty are not there: FHIR has none. */
export function element(name: string): Place {
  return {
    get: (resource) => {
      const stored = member(resource, name);
      return Array.isArray(stored) && stored.length === 0 ? undefined : stored;
    },
    put: (resource, value) => withMember(resource, name, value),
  };
}

/** How the item of a list is found, and what else of it a new value makes untrue. */
export interface ItemRule {
  /** The items that may be meant, the best first. */
  candidates(items: readonly VendorRecord[]): readonly VendorRecord[];
  /** What a new item has besides the value. */
  fresh?: VendorRecord;
  /** Members that a new value makes untrue. */
  stale?: readonly string[];
  /** True if an item without the value says nothing, so that it goes too. */
  goes?: boolean;
  /** True if an item says the value in another form, so that it cannot be read. */
  isOpaque?(item: VendorRecord): boolean;
  /** True if all candidates mean the same thing, so that several that differ cannot be read, and a new value takes their place. */
  single?: boolean;
}

/** A member of one item of a list; the other items stay. */
export function itemMember(list: string, name: string, rule: ItemRule): Place {
  const { candidates, fresh = {}, stale = [], goes = false, single = false, isOpaque } = rule;
  const found = (resource: VendorRecord) => candidates(listOf(member(resource, list)).filter(isObject));
  return {
    get: (resource) => {
      const [first, ...others] = found(resource);
      if (first && isOpaque?.(first)) return UNREADABLE;
      const isOne = !single || others.every((item) => item[name] === first?.[name]);
      return isOne ? first?.[name] : UNREADABLE;
    },
    put: (resource, value) => {
      const [first, ...others] = found(resource);
      const dropped: readonly unknown[] = single ? others : [];
      const items = listOf(member(resource, list)).filter((item) => !dropped.includes(item));
      if (first === undefined) {
        return value === null
          ? resource
          : withMember(resource, list, [...items, { ...fresh, [name]: value }]);
      }
      const changed = stale.reduce(
        (item, key) => withMember(item, key, null),
        withMember(first, name, value),
      );
      const isGone = value === null && goes;
      const next = items.flatMap((item) => (item !== first ? [item] : isGone ? [] : [changed]));
      return withMember(resource, list, next.length === 0 ? null : next);
    },
  };
}

/** In its place, where there is one. */
function withMember(holder: VendorRecord, name: string, value: unknown): VendorRecord {
  if (value !== null && value !== undefined) return { ...holder, [name]: value };
  const { [name]: _, ...rest } = holder;
  return rest;
}

/** The HumanNames that are in use: the official ones first. */
export function currentNames(names: readonly VendorRecord[]): readonly VendorRecord[] {
  const current = names.filter((name) => name.use !== 'old' && name.use !== 'maiden' && !hasEnded(name));
  const official = current.filter(({ use }) => use === 'official');
  return [...official, ...current.filter((name) => !official.includes(name))];
}

const USES: readonly unknown[] = ['work', undefined, 'mobile', 'home', 'temp'];

/** The ContactPoints of a system that are in use: by rank, the lowest first, then those of work before those of home. */
export function currentContacts(system: string) {
  return (points: readonly VendorRecord[]): readonly VendorRecord[] =>
    points
      .filter((point) => point.system === system && point.use !== 'old' && !hasEnded(point))
      .filter((point) => textIn(point, 'value') !== undefined)
      .sort((a, b) => rankOf(a) - rankOf(b) || USES.indexOf(a.use) - USES.indexOf(b.use));
}

/** The Identifiers of a system that are in use. */
export function currentIdentifiers(system: string) {
  return (identifiers: readonly VendorRecord[]): readonly VendorRecord[] =>
    identifiers.filter((item) => item.system === system && item.use !== 'old' && !hasEnded(item));
}

function rankOf({ rank }: VendorRecord): number {
  return typeof rank === 'number' ? rank : Number.MAX_SAFE_INTEGER;
}

function hasEnded({ period }: VendorRecord): boolean {
  const end = textIn(period, 'end');
  return end !== undefined && end.slice(0, 10) < new Date().toISOString().slice(0, end.slice(0, 10).length);
}
