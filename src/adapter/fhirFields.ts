/** Codecs of FHIR R4's data types as they are written, and the fields that need more than a place and a codec. */
import { canonicalJson, isObject, member } from '../lib/json';
import { type AvailableTime, type Coding, SNOMED_CT } from '../staff/fields';
import { type Codec, listOf, onlyOne, readPresent, textIn } from './codecs';
import { type Decoded, type MappedField, UNREADABLE, type VendorRecord } from './contract';
import { codingIn } from './fhir';
import {
  currentContacts,
  currentNames,
  element,
  itemMember,
  type Place,
  type PlacedField,
  placed,
} from './fhirElements';
import { OPAQUE_ID } from './path';
import { plainHours } from './time';

type Extras<V> = Partial<Omit<MappedField<V>, 'supported' | 'key'>>;

/** A list of CodeableConcepts that holds one coding. */
const concept: Codec<Coding> = {
  encode: ({ code, display, system = SNOMED_CT }) => [
    { coding: [{ system, code, ...(display !== undefined && { display }) }] },
  ],
  decode: codingIn,
};

/** A coded value under a name; what else a stored concept says goes with an update of it. */
export function conceptField(name: string): PlacedField<Coding> {
  return placed(name, element(name), concept, {
    members: ['code', 'display', 'system'],
    loses: losing(name, (resource) => listOf(resource[name]).some(saysMoreThanCoding)),
  });
}

/**
 * The code alone of a coded value. The code system of the stored one is kept, since a code says nothing of it.
 * @param system the code system of codes that are written; absent: that of the stored one, or none
 */
export function codeField(name: string, system: string | undefined, what: string): PlacedField<string> {
  return placed<string>(
    name,
    element(name),
    {
      encode: (code) => [{ coding: [{ ...(system !== undefined && { system }), code }] }],
      decode: (stored) => {
        const coding = codingIn(stored);
        return typeof coding === 'object' && coding !== null ? coding.code : coding;
      },
    },
    {
      encode: (code, _refuse, current) => {
        const [stored] = listOf(member(listOf(current?.[name])[0], 'coding'));
        const own = system ?? textIn(stored, 'system');
        return [{ coding: [{ ...(own !== undefined && { system: own }), code }] }];
      },
      loses: losing(what, (resource) => listOf(resource[name]).some(saysMoreThanCoding)),
    },
  );
}

function saysMoreThanCoding(stored: unknown): boolean {
  const codings = listOf(member(stored, 'coding'));
  const [coding] = codings;
  const wording = member(stored, 'text');
  return (
    codings.length > 1 ||
    (wording !== undefined && wording !== member(coding, 'display')) ||
    hasMore(stored, ['coding', 'text']) ||
    hasMore(coding, ['system', 'code', 'display'])
  );
}

function hasMore(stored: unknown, shown: readonly string[]): boolean {
  return isObject(stored) && Object.keys(stored).some((name) => !shown.includes(name));
}

function losing(what: string, says: (resource: VendorRecord) => boolean) {
  return (resource: VendorRecord): string | undefined =>
    says(resource) ? `The stored ${what} says more than is shown. An update of it deletes that.` : undefined;
}

/** The id of what a Reference is about, if it is a record of the same server, or has no server in it. */
export function localId(reference: unknown, type: string, baseUrl: string): string | undefined {
  const target = textIn(reference, 'reference');
  if (target === undefined) return undefined;
  const own = target.startsWith(`${baseUrl}/`) ? target.slice(baseUrl.length + 1) : target;
  const [, found, id = ''] = /^([A-Za-z]+)\/([^/]+)(?:\/_history\/[^/]+)?$/.exec(own) ?? [];
  return found === type && OPAQUE_ID.test(id) ? id : undefined;
}

/** What references are to, and through which codes. */
export interface ReferenceRule {
  vendor: string;
  type: string;
  codes: Codec<string>;
  baseUrl: string;
  /** True if the element is a list. */
  isList?: boolean;
}

/** A Reference, or a list that holds one. */
export function referenceField(name: string, rule: ReferenceRule): PlacedField<string> {
  const { vendor, type, codes, baseUrl, isList = false } = rule;
  const idOf = (stored: unknown): Decoded<string> =>
    readPresent(stored, (value) => {
      const id = localId(value, type, baseUrl);
      return id === undefined ? UNREADABLE : codes.decode(id);
    });
  const codec: Codec<string> = {
    ...codes,
    encode: (value, refuse) => {
      const id = codes.encode(value, refuse);
      if (id !== undefined && !OPAQUE_ID.test(String(id))) {
        refuse('', 'not_expressible', `An id of ${vendor} holds letters, digits, dots and hyphens only.`);
      }
      return isList ? [{ reference: `${type}/${id}` }] : { reference: `${type}/${id}` };
    },
    decode: (stored) => (isList ? onlyOne(listOf(stored).map(idOf)) : idOf(stored)),
  };
  return placed(name, element(name), codec, {
    loses: losing(name, (resource) =>
      listOf(resource[name]).some((item) => hasMore(item, ['reference', 'type', 'display'])),
    ),
  });
}

/** The given names of a HumanName, which are one text here. */
export const givenNames: Codec<string> = {
  encode: (value) => [value],
  decode: (stored) =>
    readPresent(stored, (names) => {
      const list = listOf(names);
      return list.every((name) => typeof name === 'string') ? list.join(' ') : UNREADABLE;
    }),
};

/** A part of the HumanName that counts most; the others stay. */
export function nameField(part: 'given' | 'family', codec: Codec<string>): PlacedField<string> {
  const place = itemMember('name', part, {
    candidates: currentNames,
    // By the standard nothing may be in the text of a name that is not in its parts.
    stale: ['text', '_given'],
    isOpaque: ({ text, given, family }) => (given ?? family) === undefined && text !== undefined,
  });
  return placed(part, place, codec, {
    loses: losing('name', (resource) => {
      const [name] = currentNames(listOf(resource.name).filter(isObject));
      return (name?.text ?? name?._given) !== undefined;
    }),
  });
}

/** The ContactPoint of a system that counts most; the others stay. */
export function contactField(system: 'phone' | 'email', codec: Codec<string>): PlacedField<string> {
  const candidates = currentContacts(system);
  const place = itemMember('telecom', 'value', { candidates, fresh: { system }, goes: true });
  return placed(system, place, codec, {
    cleared: {
      wire: null,
      unless: ({ telecom }) =>
        candidates(listOf(telecom).filter(isObject)).length > 1
          ? `There are several at the vendor, of which one is shown. Without it another would be, so no ${system} can be taken away here.`
          : undefined,
    },
  });
}

const PARTS = ['line', '_line', 'city', 'district', 'state', 'postalCode', 'country'];

/** The text of the first Address; without one its lines, which can be read only. */
export function addressField(name: string, vendor: string, codec: Codec<string>): PlacedField<string> {
  const firstOf = (resource: VendorRecord | undefined) => listOf(resource?.[name])[0];
  const parts = (address: unknown) => PARTS.filter((part) => member(address, part) !== undefined);
  const textOf = itemMember(name, 'text', {
    candidates: (items) => items.slice(0, 1),
    stale: PARTS,
    goes: true,
  });
  const place: Place = {
    put: textOf.put,
    get: (resource) => {
      const address = firstOf(resource);
      const lines = listOf(member(address, 'line'));
      const written = textOf.get(resource);
      if (written !== undefined || parts(address).length === 0) return written;
      return lines.length > 0 && lines.every((line) => typeof line === 'string')
        ? lines.join(', ')
        : UNREADABLE;
    },
  };
  const isStructured = (address: unknown) =>
    textIn(address, 'text') === undefined && parts(address).length > 0;
  return placed('address', place, codec, {
    encode: (value, refuse, current) => {
      if (isStructured(firstOf(current)) && current && place.get(current) !== value) {
        refuse(
          '',
          'not_expressible',
          `${vendor} holds this address in parts (street, city), which one text cannot replace.`,
        );
      }
      return codec.encode(value, refuse);
    },
    cleared: {
      wire: null,
      unless: (resource) =>
        listOf(resource[name]).length > 1 || parts(firstOf(resource)).length > 0
          ? 'There is more of an address at the vendor than is shown, so it cannot be taken away here.'
          : undefined,
    },
    loses: losing(
      'address',
      (resource) => !isStructured(firstOf(resource)) && parts(firstOf(resource)).length > 0,
    ),
  });
}

const HOURS = ['daysOfWeek', 'allDay', 'availableStartTime', 'availableEndTime'];
const WHOLE_DAY = { availableStartTime: '00:00:00', availableEndTime: '23:59:59' };

/**
 * Weekly hours. Blocks that are stored already go back as they are.
 * @param allDay whether a block of a whole day stands for one from 00:00:00 to 23:59:59; else it cannot be read
 */
export function hoursField(name: string, vendor: string, allDay: boolean): PlacedField<AvailableTime[]> {
  const plain = plainHours(vendor);
  const decode = (stored: unknown) =>
    plain.decode(
      Array.isArray(stored)
        ? stored.map((item) => (allDay && member(item, 'allDay') === true ? { ...item, ...WHOLE_DAY } : item))
        : stored,
    );
  const extras: Extras<AvailableTime[]> = {
    encode: (blocks, refuse, current) => {
      const stored = new Map(
        listOf(current?.[name]).flatMap((item): [string, unknown][] => {
          const week = decode([item]);
          return Array.isArray(week) ? [[canonicalJson(week[0]), item]] : [];
        }),
      );
      plain.encode(blocks, refuse);
      return blocks.map((block) => stored.get(canonicalJson(block)) ?? written(block, allDay));
    },
    loses: losing('weekly hours', (resource) => listOf(resource[name]).some((item) => hasMore(item, HOURS))),
    note: 'Days and times only: no `locationId`, `period` or `recurrence` in a block.',
  };
  return placed(name, element(name), { encode: plain.encode, decode }, extras);
}

function written({ daysOfWeek, availableStartTime, availableEndTime }: AvailableTime, allDay: boolean) {
  const isWhole =
    availableStartTime === WHOLE_DAY.availableStartTime && availableEndTime === WHOLE_DAY.availableEndTime;
  return allDay && isWhole
    ? { daysOfWeek, allDay: true }
    : { daysOfWeek, availableStartTime, availableEndTime };
}
