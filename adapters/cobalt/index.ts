/**
 * Cobalt: holds a provider's status and weekly hours, nothing else. Its PATCH answers with a bare acknowledgement, and
 * the only way to read a provider is to list them all.
 */
import joi from 'joi';
import { codeTable, enumeration, field, unsupported } from '../../src/adapter/codecs';
import type { AdapterModule, AdapterSettings, FieldTable } from '../../src/adapter/contract';
import { path } from '../../src/adapter/path';
import { isObject, member } from '../../src/lib/json';
import { STATUSES } from '../../src/staff/fields';
import { errors } from './errors';
import { carriesForeignData, hoursField, type RecurrenceUnits } from './hours';

interface Settings extends AdapterSettings {
  credentials: { clientId: string; clientSecret: string; accessToken: string };
  options: { recurrenceUnits?: RecurrenceUnits; protectVisitTypeRules?: boolean };
}

const statuses = enumeration(
  STATUSES,
  { active: 'active', inactive: 'inactive' },
  { code: 'unsupported_field', detail: 'Cobalt knows no leave, only active and inactive.' },
);

const lacks = (what: string) => unsupported(`Cobalt providers hold no ${what}`);

function fields({ options, codes }: Settings): FieldTable {
  return {
    status: field('status', statuses, {
      notClearable: 'A Cobalt provider always has a status.',
      // In any case, and as a boolean in the vendor's prose (contract sections 2 and 7).
      decode: ({ status, active }) => {
        const word = status ?? (typeof active === 'boolean' ? (active ? 'active' : 'inactive') : status);
        return statuses.decode(typeof word === 'string' ? word.toLowerCase() : word);
      },
    }),
    availableTime: hoursField({
      locations: codes.location,
      units: options.recurrenceUnits ?? { day: 'days' },
      protect: options.protectVisitTypeRules === true,
    }),
    'name.given': lacks('name that can be changed'),
    'name.family': lacks('name that can be changed'),
    nationalId: lacks('national id'),
    birthDate: lacks('birth date'),
    gender: lacks('gender'),
    'address.text': lacks('address'),
    phone: lacks('phone'),
    email: lacks('email'),
    role: lacks('role'),
    specialty: lacks('specialty'),
    organizationId: lacks('organization'),
    locationId: lacks('location of their own, only one in each block of weekly hours'),
    period: lacks('period of their own, only one in each block of weekly hours'),
  };
}

/** Contract section 3; older answers lack more than the two that are asked for. */
const RECORD_SHAPE = {
  always: ['id', 'hours'],
  sometimes: ['ehr_id', 'npi', 'name', 'timezone', 'status', 'active', 'hide_in_availability'],
};

/** Both ids of each location, since the contract leaves open which one hours name (section 4). */
function locationIds(body: unknown): string[] | undefined {
  const locations = member(body, 'locations');
  if (!Array.isArray(locations)) return undefined;
  return locations
    .flatMap((location) => [member(location, 'id'), member(location, 'ehr_id')])
    .filter((id) => typeof id === 'string');
}

export const cobalt: AdapterModule<Settings> = {
  name: 'cobalt',
  title: 'Cobalt',
  settings: {
    credentials: joi
      .object({
        clientId: joi.string().required().description('Sent as client_id.'),
        clientSecret: joi.string().required().description('Sent as client_secret.'),
        accessToken: joi.string().required().description('Sent as access_token.'),
      })
      .required(),
    options: joi
      .object({
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
            'Whether an update of the hours is refused where it would delete visit type rules, at the price of two more reads.',
          ),
      })
      .default(),
    codes: joi
      .object({
        location: codeTable(joi.string().max(200)).description(
          "Your codes of locations, and the vendor's ids (facility_id).",
        ),
      })
      .default({}),
  },
  verify: 'read',

  connect(settings) {
    const { clientId, clientSecret, accessToken } = settings.credentials;
    return {
      writes: 'changes',
      answers: 'acknowledgement',
      fields: fields(settings),
      errors,
      // Opaque text (contract section 4).
      recordId: /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,128}$/,
      // Names with underscores, as the vendor wants them (contract section 1).
      authorize: () => ({ client_id: clientId, client_secret: clientSecret, access_token: accessToken }),
      // There is no read of a single provider (contract section 3).
      read: () => ({ method: 'GET', path: '/v1/providers' }),
      write: (id, body) => ({ method: 'PATCH', path: path`/v1/providers/${id}`, body }),
      record: (body, id) => {
        const providers = member(body, 'providers');
        if (!Array.isArray(providers)) return undefined;
        return providers.filter(isObject).find((provider) => provider.id === id) ?? null;
      },
      idOf: ({ id, provider_id: acknowledged }) =>
        [id, acknowledged].find((value) => typeof value === 'string'),
      recordShape: RECORD_SHAPE,
      checks: {
        // A cheap call to test credentials (contract section 5).
        credentials: { method: 'GET', path: '/v1/settings' },
        lists: {
          location: {
            request: { method: 'GET', path: '/v1/locations' },
            codes: locationIds,
            // With and without hyphens (contract section 4).
            fold: (id) => id.replaceAll('-', '').toLowerCase(),
          },
        },
      },
      endangers: (provider, keys) =>
        keys.includes('hours') &&
        settings.options.protectVisitTypeRules === true &&
        carriesForeignData(provider.hours)
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
