/** ClinikAPI's lists, by pages of 100; `hasMore` alone says whether there is another one (contract section 3). */
import {
  isObject,
  member,
  path,
  type RecordList,
  type VendorRecord,
  type VendorRequest,
} from '../../src/adapter';

const ROLES = '/v1/practitioner-roles?count=100';

/** All roles. */
export const roleList: RecordList = {
  first: { method: 'GET', path: ROLES },
  rows: rowsBy(roleIn),
  next: (body) => nextPage(body, ROLES),
  // The cursor is a number of rows, in fact.
  total: (body) => {
    const total = member(member(body, 'data'), 'total');
    return typeof total === 'number' ? total : undefined;
  },
};

const PRACTITIONERS = '/v1/practitioners?count=100';
/** A list leaves them out unless they are asked for (contract section 4). */
const INACTIVE = `${PRACTITIONERS}&active=false`;

/** All practitioners, the inactive ones after the others. */
export const practitionerList: RecordList = {
  first: { method: 'GET', path: PRACTITIONERS },
  rows: rowsBy(practitionerIn),
  next: (body, request) => {
    const isInactive = request.path.startsWith(INACTIVE);
    const next = nextPage(body, isInactive ? INACTIVE : PRACTITIONERS);
    return next ?? (isInactive ? undefined : { method: 'GET', path: INACTIVE });
  },
};

/** A search may hold an OperationOutcome between the records. */
function rowsBy(recordIn: (body: unknown) => VendorRecord | undefined): RecordList['rows'] {
  return (body) => {
    const list = member(body, 'data');
    const rows = member(list, 'data');
    const isDeadEnd = member(list, 'hasMore') === true && cursorIn(list) === undefined;
    return Array.isArray(rows) && !isDeadEnd ? rows.map((row) => recordIn({ data: row })) : undefined;
  };
}

function nextPage(body: unknown, base: string): VendorRequest | undefined {
  const list = member(body, 'data');
  const cursor = cursorIn(list);
  if (member(list, 'hasMore') !== true || cursor === undefined) return undefined;
  return { method: 'GET', path: `${base}${path`&cursor=${cursor}`}` };
}

/** Documented as text, in fact a number. */
function cursorIn(list: unknown): string | undefined {
  const cursor = member(list, 'cursor');
  if (typeof cursor === 'number') return String(cursor);
  return typeof cursor === 'string' && cursor !== '' ? cursor : undefined;
}

/** The role in an answer. */
export function roleIn(body: unknown): VendorRecord | undefined {
  return resourceIn(body, 'PractitionerRole');
}

/** The practitioner in an answer. */
export function practitionerIn(body: unknown): VendorRecord | undefined {
  return resourceIn(body, 'Practitioner');
}

/** In its envelope, or bare if the top level is a FHIR resource (contract section 8). */
function resourceIn(body: unknown, type: string): VendorRecord | undefined {
  const found = member(body, 'resourceType') === undefined ? member(body, 'data') : body;
  return isObject(found) && (member(found, 'resourceType') ?? type) === type ? found : undefined;
}
