/** How resources of a FHIR R4 server are read, written, searched and counted, whichever server it is. */
import { isObject, member } from '../lib/json';
import { entriesIn, listOf, textIn } from './codecs';
import type { ConnectionChecks, RecordAccess, ReferenceList, VendorRecord, VendorRequest } from './contract';
import { type PlacedFields, withValues } from './fhirElements';
import { path } from './path';
import { withPart } from './resources';

const ACCEPT = { accept: 'application/fhir+json, application/json;q=0.9' };

/** A read of a FHIR server. `at` is encoded already. */
export function fhirGet(at: string): VendorRequest {
  return { method: 'GET', path: at, headers: ACCEPT };
}

const COMMON = [
  ...['meta', 'implicitRules', '_implicitRules', 'language', '_language', 'text', 'contained', 'extension'],
  ...['modifierExtension', 'identifier', 'active', '_active', 'telecom'],
];

/** The elements of R4; what a newer release has beside them is told as drift. */
const ELEMENTS = {
  PractitionerRole: [
    ...['period', 'practitioner', 'organization', 'code', 'specialty', 'location', 'healthcareService'],
    ...['availableTime', 'notAvailable', 'availabilityExceptions', '_availabilityExceptions', 'endpoint'],
  ],
  Practitioner: [
    ...['name', 'address', 'gender', '_gender', 'birthDate', '_birthDate', 'photo', 'qualification'],
    'communication',
  ],
} as const;

export function resourceId(resource: VendorRecord): string | undefined {
  return textIn(resource, 'id');
}

/** What a version may hold, since it is sent back in a header. */
const ENTITY_TAG = /^[\x21\x23-\x7e]*$/;

/**
 * Resources of one type are written whole: as they were read, with new values in their places.
 * @param ifMatch whether the version that they were read in is named, so that the server refuses an older one
 */
export function resourceAccess(
  type: keyof typeof ELEMENTS,
  fields: PlacedFields,
  ifMatch: boolean,
): RecordAccess {
  return {
    writes: 'merged',
    answers: 'record',
    versioned: ifMatch,
    read: (id) => fhirGet(path`/${type}/${id}`),
    write: (id, values, current = {}) => {
      const version = textIn(current.meta, 'versionId');
      return {
        method: 'PUT',
        path: path`/${type}/${id}`,
        headers: {
          ...ACCEPT,
          'content-type': 'application/fhir+json',
          prefer: 'return=representation',
          ...(ifMatch && version !== undefined && { 'if-match': `W/"${version}"` }),
        },
        body: withValues(fields, current, values),
        mayAnswerNothing: true,
      };
    },
    record: (body) => {
      if (!isObject(body) || body.resourceType !== type) return undefined;
      return ifMatch && !ENTITY_TAG.test(textIn(body.meta, 'versionId') ?? '') ? undefined : body;
    },
    // Some servers answer with a note, whatever they are asked to prefer.
    acknowledges: (body) => member(body, 'resourceType') === 'OperationOutcome',
    idOf: resourceId,
    revision: ({ meta }) => textIn(meta, 'versionId') ?? textIn(meta, 'lastUpdated'),
    recordShape: { always: ['resourceType', 'id'], sometimes: [...COMMON, ...ELEMENTS[type]] },
  };
}

/** The resources of a type in a Bundle, which may hold others and notes; undefined if it is no Bundle. */
export function resourcesIn(bundle: unknown, type: string): readonly VendorRecord[] | undefined {
  const entries = member(bundle, 'entry') ?? [];
  if (member(bundle, 'resourceType') !== 'Bundle' || !Array.isArray(entries)) return undefined;
  return entries
    .map((entry) => member(entry, 'resource'))
    .filter((resource): resource is VendorRecord => member(resource, 'resourceType') === type);
}

/** The request for the next page of a search, whose address the server chooses. */
export function nextPage(bundle: unknown): VendorRequest | undefined {
  const next = listOf(member(bundle, 'link')).find((link) => member(link, 'relation') === 'next');
  const url = textIn(next, 'url');
  return url === undefined ? undefined : { ...fhirGet(url), isLink: true };
}

/** How many there are on all pages, if the server says so. */
export function bundleTotal(bundle: unknown): number | undefined {
  const total = member(bundle, 'total');
  return typeof total === 'number' ? total : undefined;
}

/**
 * The records of one type in a Bundle, each with the record beside it that it leads to.
 * @returns undefined if it is no Bundle, or the server has included nothing that was asked for
 */
export function joinedIn(
  bundle: unknown,
  type: string,
  include: { resource: string; type: string; idIn: (record: VendorRecord) => string | undefined },
): readonly VendorRecord[] | undefined {
  const parts = new Map(resourcesIn(bundle, include.type)?.map((part) => [resourceId(part), part]));
  const records = resourcesIn(bundle, type);
  const led = records?.filter((record) => include.idIn(record) !== undefined) ?? [];
  if (led.length > 0 && parts.size === 0) return undefined;
  return records?.map((record) => {
    const id = include.idIn(record);
    const part = id === undefined ? undefined : parts.get(id);
    return part === undefined ? record : withPart(record, include.resource, part);
  });
}

/** All Organizations or Locations, with their names. */
export function referenceList(type: 'Organization' | 'Location'): ReferenceList {
  return {
    request: fhirGet(path`/${type}?_count=100`),
    entries: (body) =>
      entriesIn(
        resourcesIn(body, type),
        ['id'],
        (row) =>
          member(row, 'active') === false || ['suspended', 'inactive'].includes(textIn(row, 'status') ?? ''),
      ),
    next: nextPage,
  };
}

/**
 * What a server says that it cannot do, by its CapabilityStatement.
 * @param types resource types with the interactions that are needed of them
 * @param ifMatch whether updates have to name the version that they change
 */
export function abilities(
  types: Readonly<Record<string, readonly string[]>>,
  ifMatch: boolean,
): NonNullable<ConnectionChecks['abilities']> {
  return {
    request: fhirGet('/metadata'),
    missing: (body) => {
      if (member(body, 'resourceType') !== 'CapabilityStatement') return undefined;
      const resources = listOf(member(listOf(member(body, 'rest'))[0], 'resource'));
      return Object.entries(types).flatMap(([type, needed]) => {
        const own = resources.find((resource) => member(resource, 'type') === type);
        if (own === undefined) return [`no ${type}`];
        const codes = listOf(member(own, 'interaction')).map((interaction) => member(interaction, 'code'));
        const without = needed.filter((code) => !codes.includes(code)).map((code) => `no ${code} of ${type}`);
        const versioning = textIn(own, 'versioning');
        const isDeaf = ifMatch && versioning !== undefined && versioning !== 'versioned-update';
        return isDeaf
          ? [...without, `no versions in updates of ${type} (set options.ifMatch: false)`]
          : without;
      });
    },
  };
}
