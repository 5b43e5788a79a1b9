/** The entries of a field table. */
import { member } from '../lib/json';
import type { Field } from '../staff/fields';
import type { Codec } from './codecs';
import type { MappedField, UnsupportedField } from './contract';

/** A field under one key, through a codec; `extras` complete or replace what the codec gives. */
export function field<V>(
  key: string,
  codec: Codec<V>,
  extras: Partial<Omit<MappedField<V>, 'supported' | 'key'>>,
): MappedField<V> {
  return {
    supported: true,
    key,
    ...(codec.values && { values: codec.values }),
    encode: (value, refuse) => codec.encode(value, refuse),
    decode: (record) => codec.decode(member(record, key)),
    ...extras,
  };
}

/** A field that the vendor has no place for; `reason` is one sentence for receipts, errors and the capability matrix. */
export function unsupported(reason: string): UnsupportedField {
  return { supported: false, reason };
}

/** What people call a field, if not by its name. */
const NOUNS: Readonly<Partial<Record<Field, string>>> = {
  'name.given': 'name',
  'name.family': 'name',
  nationalId: 'national id',
  birthDate: 'birth date',
  'address.text': 'address',
  organizationId: 'organization',
  locationId: 'location',
  availableTime: 'weekly hours',
};

/**
 * The entries of all fields that the vendor has no place for.
 * @param opening how the reason begins: `Ejemplo holds no` gives `Ejemplo holds no birth date`
 */
export function absent<F extends Field>(
  opening: string,
  ...fields: readonly F[]
): Readonly<Record<F, UnsupportedField>>;
export function absent(opening: string, ...fields: readonly Field[]) {
  return Object.fromEntries(fields.map((name) => [name, unsupported(`${opening} ${NOUNS[name] ?? name}`)]));
}

/** Sends a stored value back; `undefined` with a call of `block` if the vendor would refuse it. */
export type Keep = NonNullable<MappedField<unknown>['keep']>;

/** Sends a stored text back as it is, unless the vendor's own validation would refuse it today. */
export function keepText(vendor: string, key: string, name: string, accepted = /./s): Keep {
  return (record, block) => {
    const stored = record[key];
    // Numbers in text columns are taken back as they are.
    if (typeof stored !== 'string' && typeof stored !== 'number')
      block(`The stored ${name} is missing, and ${vendor} requires it.`);
    else if (stored === '') block(`The stored ${name} is empty, and ${vendor} requires it.`);
    else if (!accepted.test(String(stored)))
      block(`The stored ${name} is one that ${vendor} itself would refuse.`);
    return stored;
  };
}
