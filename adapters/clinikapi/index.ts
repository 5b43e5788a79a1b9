/**
 * ClinikAPI: a partial PATCH of practitioner roles that answers with the complete role. Two dialects, the documented one
 * and the one that the live API's SDK speaks; the reader understands both, and FHIR resources, whichever is chosen.
 */
import joi from 'joi';
import {
  type AdapterModule,
  type AdapterSettings,
  codeTable,
  credential,
  entriesIn,
  member,
  OPAQUE_ID,
  path,
  type ReferenceList,
  settings,
  textIn,
  type VendorRecord,
  type VendorRequest,
} from '../../src/adapter';
import { documentedFields } from './documented';
import { errors } from './errors';
import { roleIn, roleList } from './lists';
import { liveFields } from './live';
import { practitionerResource } from './practitioner';
import { TITLE } from './reading';

interface Settings extends AdapterSettings {
  credentials: { apiKey: string };
  options: { dialect?: 'documented' | 'live'; practitioner?: boolean };
}

export const clinikapi: AdapterModule<Settings> = {
  name: 'clinikapi',
  title: TITLE,
  settings: settings(
    { apiKey: credential('clk_live_… or clk_test_…, sent as x-api-key.') },
    {
      dialect: joi
        .valid('documented', 'live')
        .default('documented')
        .description(
          'How updates are written: as the documents say, or as the live API wants them. Both are read.',
        ),
      practitioner: joi
        .boolean()
        .default(true)
        .description(
          'Whether the person behind a role (name, phone, email, gender, birth date, address) is read and written too.',
        ),
    },
    {
      organization: codeTable().description(
        'Your codes of organizations, and their ids at the vendor; in the live dialect their names.',
      ),
      location: codeTable().description(
        'Your codes of locations, and their ids at the vendor; in the live dialect their names.',
      ),
      specialty: codeTable(joi.string().max(200)).description(
        'Your codes of specialties, and their names at the vendor. Live dialect only: the documented one holds codes.',
      ),
    },
  ),
  verify: 'returned',

  connect({ credentials, options, codes }) {
    const live = options.dialect === 'live';
    const { practitioner = true } = options;
    // Contract section 8: the live API wants this type although the body is no list of operations.
    const type = live ? { headers: { 'content-type': 'application/json-patch+json' } } : {};
    const write = (id: string, body: VendorRecord): VendorRequest => ({
      method: 'PATCH',
      path: path`/v1/practitioner-roles/${id}`,
      ...type,
      body,
    });
    return {
      writes: 'changes',
      answers: 'record',
      fields: live ? liveFields(codes, practitioner) : documentedFields(codes, practitioner),
      errors,
      // By contract section 7.
      recordId: OPAQUE_ID,
      authorize: () => ({ 'x-api-key': credentials.apiKey }),
      read: (id) => ({ method: 'GET', path: path`/v1/practitioner-roles/${id}` }),
      list: roleList,
      ...(practitioner && { also: [practitionerResource(type)] }),
      write,
      record: roleIn,
      idOf: (role) => (typeof role.id === 'string' ? role.id : undefined),
      // The document's members, the live API's flat ones and FHIR's (contract section 2).
      recordShape: {
        always: ['id'],
        sometimes: [
          ...['practitionerId', 'role', 'status', 'specialty', 'period', 'organizationId', 'locationId'],
          ...['organizationName', 'locationName', 'phone', 'email', 'createdAt', 'updatedAt'],
          ...['availableDays', 'availableStartTime', 'availableEndTime', 'resourceType', 'meta'],
          ...['identifier', 'active', 'practitioner', 'organization', 'code', 'location', 'telecom'],
          ...['availableTime', 'notAvailable', 'availabilityExceptions', 'extension'],
        ],
      },
      checks: {
        credentials: { method: 'GET', path: '/v1/practitioner-roles?count=1' },
        // A key without the scope is refused first (contract sections 1 and 5); the body would change nothing anyhow.
        write: { request: write(NO_ROLE, {}), proof: ['record_not_found', 'rejected'] },
        lists: {
          // The live API takes them by name.
          organization: referenceList('organizations', live ? 'name' : 'id'),
          location: referenceList('locations', live ? 'name' : 'id'),
          specialty: 'ClinikAPI has no catalogue of specialties: codes pass as they are given',
        },
      },
      // Only FHIR-shaped answers carry a version.
      revision: ({ meta }) => textIn(meta, 'versionId') ?? textIn(meta, 'lastUpdated'),
    };
  },
};

/** A role that no key sees. */
const NO_ROLE = 'no-such-role-doctor-asks';

/** A list of things with ids and names, by pages of 100 (contract section 3); a row without an id is a phantom. */
function referenceList(name: 'organizations' | 'locations', by: 'id' | 'name'): ReferenceList {
  const page = (cursor: string): VendorRequest => ({
    method: 'GET',
    path: path`/v1/${name}?count=100&cursor=${cursor}`,
  });
  return {
    request: page('0'),
    entries: (body) => entriesIn(member(member(body, 'data'), 'data'), [by], isInactive),
    next: (body) => {
      const list = member(body, 'data');
      const cursor = member(list, 'cursor');
      return member(list, 'hasMore') === true && typeof cursor === 'string' ? page(cursor) : undefined;
    },
  };
}

/** Organizations show `active`, locations `status` (contract section 4). */
function isInactive(row: unknown): boolean {
  const status = textIn(row, 'status');
  return member(row, 'active') === false || (status !== undefined && status !== 'active');
}
