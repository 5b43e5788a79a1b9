/**
 * ClinikAPI: a partial PATCH of practitioner roles that answers with the complete role. Two dialects, the documented one
 * and the one that the live API's SDK speaks; the reader understands both, and FHIR resources, whichever is chosen.
 */
import joi from 'joi';
import { codeTable } from '../../src/adapter/codecs';
import type {
  AdapterModule,
  AdapterSettings,
  ReferenceList,
  VendorRequest,
} from '../../src/adapter/contract';
import { path } from '../../src/adapter/path';
import { isObject, member } from '../../src/lib/json';
import { errors } from './errors';
import { documentedFields, liveFields } from './fields';

interface Settings extends AdapterSettings {
  credentials: { apiKey: string };
  options: { dialect?: 'documented' | 'live' };
}

export const clinikapi: AdapterModule<Settings> = {
  name: 'clinikapi',
  title: 'ClinikAPI',
  settings: {
    credentials: joi
      .object({
        apiKey: joi.string().required().description('clk_live_… or clk_test_…, sent as x-api-key.'),
      })
      .required(),
    options: joi
      .object({
        dialect: joi
          .valid('documented', 'live')
          .default('documented')
          .description(
            'How updates are written: as the documents say, or as the live API wants them. Both are read.',
          ),
      })
      .default(),
    codes: joi
      .object({
        organization: codeTable().description('Your codes of organizations, and their ids at the vendor.'),
        location: codeTable().description('Your codes of locations, and their ids at the vendor.'),
      })
      .default({}),
  },
  verify: 'returned',

  connect({ credentials, options, codes }) {
    const live = options.dialect === 'live';
    return {
      writes: 'changes',
      answers: 'record',
      fields: live ? liveFields() : documentedFields(codes),
      errors,
      // Opaque (contract section 7); the SDK's pattern, without the names that a path would swallow.
      recordId: /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,128}$/,
      authorize: () => ({ 'x-api-key': credentials.apiKey }),
      read: (id) => ({ method: 'GET', path: path`/v1/practitioner-roles/${id}` }),
      write: (id, body) => ({
        method: 'PATCH',
        path: path`/v1/practitioner-roles/${id}`,
        // Contract section 8: the live API wants this type although the body is no list of operations.
        ...(live && { headers: { 'content-type': 'application/json-patch+json' } }),
        body,
      }),
      record: roleIn,
      idOf: (role) => (typeof role.id === 'string' ? role.id : undefined),
      recordShape: RECORD_SHAPE,
      checks: {
        credentials: { method: 'GET', path: '/v1/practitioner-roles?count=1' },
        lists: {
          organization: referenceList('organizations'),
          location: referenceList('locations'),
          specialty: 'ClinikAPI has no catalogue of specialties: codes pass as they are given',
        },
      },
      // Only FHIR-shaped answers carry a version.
      revision: (role) => {
        const version = member(role.meta, 'versionId') ?? member(role.meta, 'lastUpdated');
        return typeof version === 'string' ? version : undefined;
      },
    };
  },
};

/** The document's members, the live API's flat ones and FHIR's (contract section 2). */
const RECORD_SHAPE = {
  always: ['id'],
  sometimes: [
    ...['practitionerId', 'role', 'status', 'specialty', 'period', 'organizationId', 'locationId'],
    ...['organizationName', 'locationName', 'phone', 'email', 'createdAt', 'updatedAt'],
    ...['availableDays', 'availableStartTime', 'availableEndTime'],
    ...['resourceType', 'meta', 'identifier', 'active', 'practitioner', 'organization', 'code', 'location'],
    ...['telecom', 'availableTime', 'notAvailable', 'availabilityExceptions', 'extension'],
  ],
};

/** A list of things with ids, by pages of 100 (contract section 3); a row without an id is a phantom. */
function referenceList(name: 'organizations' | 'locations'): ReferenceList {
  const page = (cursor: string): VendorRequest => ({
    method: 'GET',
    path: path`/v1/${name}?count=100&cursor=${cursor}`,
  });
  return {
    request: page('0'),
    codes: (body) => {
      const rows = member(member(body, 'data'), 'data');
      if (!Array.isArray(rows)) return undefined;
      return rows.map((row) => member(row, 'id')).filter((id) => typeof id === 'string');
    },
    next: (body) => {
      const list = member(body, 'data');
      const cursor = member(list, 'cursor');
      return member(list, 'hasMore') === true && typeof cursor === 'string' ? page(cursor) : undefined;
    },
  };
}

/** The role in an answer: in its envelope, or bare where the top level is a FHIR resource (contract section 8). */
function roleIn(body: unknown) {
  const role = member(body, 'resourceType') === undefined ? member(body, 'data') : body;
  const type = member(role, 'resourceType') ?? 'PractitionerRole';
  return isObject(role) && type === 'PractitionerRole' ? role : undefined;
}
