/**
 * Any FHIR R4 server. A staff record is a PractitionerRole, which links name, and the Practitioner that it refers to. Servers agree on
 * one way to write: the whole resource as it was read, with the version that it was read in.
 */
import joi from 'joi';
import {
  type AdapterModule,
  type AdapterSettings,
  abilities,
  type BearerCredentials,
  bearerCredentials,
  bundleTotal,
  CLIENT_AUTHENTICATIONS,
  clientLogin,
  clientOf,
  codeTable,
  fhirGet,
  inResource,
  joinedIn,
  localId,
  nextPage,
  OPAQUE_ID,
  path,
  publicKeysOf,
  referenceList,
  resourceAccess,
  resourceId,
  resourcesIn,
  settings,
  type VendorRecord,
} from '../../src/adapter';
import { errors } from './errors';
import { type Options, practitionerFields, roleFields, TITLE } from './fields';

interface Settings extends AdapterSettings {
  credentials: BearerCredentials;
  options: Options;
}

const text = (description: string) => joi.string().max(500).description(description);
const choice = (value: boolean, description: string) => joi.boolean().default(value).description(description);

export const fhir: AdapterModule<Settings> = {
  name: 'fhir',
  title: TITLE,
  settings: settings(
    bearerCredentials(),
    {
      nationalIdSystem: text(
        'The identifier system of national ids, such as urn:oid:2.16…. Absent: none is held.',
      ),
      organization: text('Id of the organization whose roles are listed. Absent: all roles.'),
      roleSystem: text('The code system of roles that are written. Absent: that of the stored one, or none.'),
      allDay: choice(
        false,
        'Whether a block of a whole day is 00:00:00 to 23:59:59. false: it cannot be read.',
      ),
      ifMatch: choice(
        true,
        'Whether the server heeds If-Match. false: a read before each write takes its place.',
      ),
      clientAuthentication: joi
        .valid(...CLIENT_AUTHENTICATIONS)
        .default('post')
        .description(
          'Where a client secret goes at the tokenUrl: into the form, or into Authorization: Basic.',
        ),
    },
    {
      organization: codeTable().description('Your codes of organizations, and their ids at the server.'),
      location: codeTable().description('Your codes of locations, and their ids at the server.'),
    },
  ),
  verify: 'returned',

  connect({ baseUrl, credentials, options, codes }) {
    const { organization, ifMatch = true, clientAuthentication } = options;
    const client = clientOf(credentials);
    const ofRole = roleFields(options, codes, baseUrl);
    const ofPractitioner = practitionerFields(options);
    const lifted = Object.entries(ofPractitioner).map(([name, field]) => [
      name,
      field.supported ? inResource('practitioner', field) : field,
    ]);
    const idIn = ({ practitioner }: VendorRecord) => localId(practitioner, 'Practitioner', baseUrl);
    const include = { resource: 'practitioner', type: 'Practitioner', idIn };
    const only = organization === undefined ? '' : path`&organization=Organization/${organization}`;
    return {
      ...resourceAccess('PractitionerRole', Object.values(ofRole), ifMatch),
      fields: { ...ofRole, ...Object.fromEntries(lifted) },
      errors: errors(client !== undefined, options),
      exactNumbers: true,
      recordId: OPAQUE_ID,
      ...(client && { login: clientLogin(client, clientAuthentication) }),
      authorize: (token = credentials.token) =>
        token === undefined ? {} : { authorization: `Bearer ${token}` },
      idOf: resourceId,
      also: [
        {
          ...resourceAccess('Practitioner', Object.values(ofPractitioner), ifMatch),
          name: 'practitioner',
          idIn,
          owners: (id) => ({
            request: fhirGet(path`/PractitionerRole?practitioner=Practitioner/${id}`),
            ids: (body) => resourcesIn(body, 'PractitionerRole')?.flatMap((role) => resourceId(role) ?? []),
          }),
        },
      ],
      list: {
        first: fhirGet(`/PractitionerRole?_include=PractitionerRole:practitioner&_count=100${only}`),
        rows: (body) => joinedIn(body, 'PractitionerRole', include),
        next: nextPage,
        total: bundleTotal,
      },
      publicKeys: async () => (client?.privateKey === undefined ? [] : publicKeysOf(client.privateKey)),
      checks: {
        credentials: fhirGet('/PractitionerRole?_count=1'),
        write: 'a server may make a record of what it does not find',
        abilities: abilities(
          { PractitionerRole: ['read', 'update', 'search-type'], Practitioner: ['read', 'update'] },
          ifMatch,
        ),
        lists: { organization: referenceList('Organization'), location: referenceList('Location') },
      },
    };
  },
};
