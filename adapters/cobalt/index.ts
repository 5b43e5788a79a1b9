/**
 * Cobalt: holds a provider's status and weekly hours, nothing else. Its PATCH answers with a bare acknowledgement, and
 * the only way to read a provider is to list them all.
 */
import joi from 'joi';
import {
  type AdapterModule,
  type AdapterSettings,
  absent,
  activeOrInactive,
  codeTable,
  credential,
  entriesIn,
  type FieldTable,
  field,
  isObject,
  listIn,
  member,
  OPAQUE_ID,
  path,
  settings,
  textIn,
  unsupported,
} from '../../src/adapter';
import { errors } from './errors';
import { carriesForeignData, foldFacility, hoursField, type RecurrenceUnits } from './hours';

interface Settings extends AdapterSettings {
  credentials: { clientId: string; clientSecret: string; accessToken: string };
  options: { recurrenceUnits?: RecurrenceUnits; protectVisitTypeRules?: boolean };
}

const TITLE = 'Cobalt';
const HOLD_NO = 'Cobalt providers hold no';

const statuses = activeOrInactive(TITLE, { active: 'active', inactive: 'inactive' });

const status = field('status', statuses, {
  notClearable: 'A Cobalt provider always has a status.',
  // In any case, and as a boolean in the vendor's prose (contract sections 2 and 7).
  decode: ({ status: stored, active }) => {
    const word = stored ?? (typeof active === 'boolean' ? (active ? 'active' : 'inactive') : stored);
    return statuses.decode(typeof word === 'string' ? word.toLowerCase() : word);
  },
});

function fields({ options, codes }: Settings): FieldTable {
  return {
    status,
    availableTime: hoursField(codes.location, options.recurrenceUnits, options.protectVisitTypeRules),
    ...absent(HOLD_NO, 'nationalId', 'birthDate', 'gender', 'address.text', 'phone', 'email', 'role'),
    ...absent(HOLD_NO, 'specialty', 'organizationId'),
    'name.given': unsupported(`${HOLD_NO} name that can be changed`),
    'name.family': unsupported(`${HOLD_NO} name that can be changed`),
    locationId: unsupported(`${HOLD_NO} location of their own, only one in each block of weekly hours`),
    period: unsupported(`${HOLD_NO} period of their own, only one in each block of weekly hours`),
  };
}

export const cobalt: AdapterModule<Settings> = {
  name: 'cobalt',
  title: TITLE,
  settings: settings(
    {
      clientId: credential('Sent as client_id.'),
      clientSecret: credential('Sent as client_secret.'),
      accessToken: credential('Sent as access_token.'),
    },
    {
      recurrenceUnits: joi
        .object({
          day: joi.string().max(50).default('days').description('The word for days.'),
          week: joi
            .string()
            .max(50)
            .description('The word for weeks. Absent: a recurrence in weeks is unsupported.'),
        })
        .default()
        .description(
          "The vendor's words for the units of a recurrence; only the one for days is documented.",
        ),
      protectVisitTypeRules: joi
        .boolean()
        .default(false)
        .description(
          'Whether an update of the hours is refused if it would delete visit type rules, at the cost of two more reads.',
        ),
    },
    {
      location: codeTable(joi.string().max(200)).description(
        "Your codes of locations, and the vendor's ids (facility_id).",
      ),
    },
  ),
  verify: 'read',

  connect(given) {
    const { clientId, clientSecret, accessToken } = given.credentials;
    return {
      writes: 'changes',
      answers: 'acknowledgement',
      fields: fields(given),
      errors,
      // By contract section 4.
      recordId: OPAQUE_ID,
      // Names with underscores, as the vendor wants them (contract section 1).
      authorize: () => ({ client_id: clientId, client_secret: clientSecret, access_token: accessToken }),
      // There is no read of a single provider (contract section 3).
      read: () => ({ method: 'GET', path: '/v1/providers' }),
      list: {
        first: { method: 'GET', path: '/v1/providers' },
        rows: (body) => listIn(member(body, 'providers')),
      },
      write: (id, body) => ({ method: 'PATCH', path: path`/v1/providers/${id}`, body }),
      record: (body, id) => {
        const providers = member(body, 'providers');
        if (!Array.isArray(providers)) return undefined;
        return providers.filter(isObject).find((provider) => provider.id === id) ?? null;
      },
      idOf: ({ id, provider_id: acknowledged }) =>
        [id, acknowledged].find((value) => typeof value === 'string'),
      // Contract section 3; older answers lack more than the two that are asked for.
      recordShape: {
        always: ['id', 'hours'],
        sometimes: ['ehr_id', 'npi', 'name', 'timezone', 'status', 'active', 'hide_in_availability'],
      },
      checks: {
        // A cheap call to test credentials (contract section 5).
        credentials: { method: 'GET', path: '/v1/settings' },
        write: 'Cobalt names no right to write that credentials could lack',
        lists: {
          location: {
            request: { method: 'GET', path: '/v1/locations' },
            // Both ids of each, since the contract leaves open which one hours name (section 4).
            entries: (body) =>
              entriesIn(
                member(body, 'locations'),
                ['id', 'ehr_id'],
                (location) => textIn(location, 'status')?.toLowerCase() === 'inactive',
              ),
            fold: foldFacility,
          },
        },
      },
      nameIn: (provider) => textIn(provider, 'name'),
      endangers: ({ hours }, keys) =>
        given.options.protectVisitTypeRules && keys.includes('hours') && carriesForeignData(hours)
          ? [
              [
                'availableTime',
                'Stored shifts carry visit type rules or a description, which an update of the hours would delete.',
              ],
            ]
          : [],
    };
  },
};
