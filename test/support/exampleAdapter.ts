/** Ejemplo: a made-up vendor that holds a status and a phone number. `PATCH /staff/{id}` is partial and answers with the record. */
import joi from 'joi';
import { enumeration, field, SERVER_FAILURES, text, unsupported } from '../../src/adapter/codecs';
import type { AdapterModule, AdapterSettings, FieldTable } from '../../src/adapter/contract';
import { path } from '../../src/adapter/path';
import { isObject, member } from '../../src/lib/json';
import { STATUSES } from '../../src/staff/fields';

interface Settings extends AdapterSettings {
  credentials: { apiKey: string };
}

const lacks = (what: string) => unsupported(`Ejemplo holds no ${what}`);

const statuses = enumeration(
  STATUSES,
  { active: 'A', inactive: 'I' },
  { code: 'unsupported_field', detail: 'Ejemplo knows no leave, only active and inactive.' },
);

const fields: FieldTable = {
  status: field('estado', statuses, { notClearable: 'Ejemplo always has a status.' }),
  phone: field('telefono', text, { cleared: { wire: null } }),
  'name.given': lacks('name'),
  'name.family': lacks('name'),
  nationalId: lacks('national id'),
  birthDate: lacks('birth date'),
  gender: lacks('gender'),
  'address.text': lacks('address'),
  email: lacks('email'),
  role: lacks('role'),
  specialty: lacks('specialty'),
  organizationId: lacks('organization'),
  locationId: lacks('location'),
  period: lacks('period'),
  availableTime: lacks('weekly hours'),
};

export const ejemplo: AdapterModule<Settings> = {
  name: 'ejemplo',
  title: 'Ejemplo',
  settings: {
    credentials: joi.object({ apiKey: joi.string().required().description('Sent as X-Api-Key.') }).required(),
    options: joi.object(),
    codes: joi.object(),
  },
  verify: 'returned',

  connect: ({ credentials }) => ({
    writes: 'changes',
    answers: 'record',
    fields,
    errors: {
      rules: [{ status: 409, kind: 'conflict' }, ...SERVER_FAILURES],
      issues: (body) => {
        const key = member(body, 'campo');
        const complaint = member(body, 'mensaje');
        if (typeof complaint !== 'string') return [];
        return [{ text: complaint, ...(typeof key === 'string' && { key }) }];
      },
      issueRules: [
        {
          key: 'telefono',
          text: /^Teléfono inválido$/,
          code: 'invalid_format',
          detail: 'Ejemplo does not take this phone number.',
          safe: true,
        },
      ],
    },
    recordId: /^[0-9]{1,12}$/,
    authorize: () => ({ 'x-api-key': credentials.apiKey }),
    read: (id) => ({ method: 'GET', path: path`/staff/${id}` }),
    write: (id, body) => ({ method: 'PATCH', path: path`/staff/${id}`, body }),
    record: (body) => (isObject(body) ? body : undefined),
    idOf: ({ id }) => (typeof id === 'number' ? String(id) : undefined),
  }),
};
