/** Ejemplo: a made-up vendor that holds a status and a phone number. `PATCH /staff/{id}` is partial and answers with the record. */
import {
  type AdapterModule,
  type AdapterSettings,
  absent,
  activeOrInactive,
  credential,
  type FieldTable,
  field,
  isObject,
  path,
  settings,
  text,
  textIn,
} from '../../src/adapter';

interface Settings extends AdapterSettings {
  credentials: { apiKey: string };
}

const TITLE = 'Ejemplo';

const fields: FieldTable = {
  status: field('estado', activeOrInactive(TITLE, { active: 'A', inactive: 'I' }), {
    notClearable: 'Ejemplo always has a status.',
  }),
  phone: field('telefono', text, { cleared: { wire: null } }),
  ...absent('Ejemplo holds no', 'name.given', 'name.family', 'nationalId', 'birthDate', 'gender'),
  ...absent('Ejemplo holds no', 'address.text', 'email', 'role', 'specialty', 'organizationId'),
  ...absent('Ejemplo holds no', 'locationId', 'period', 'availableTime'),
};

export const ejemplo: AdapterModule<Settings> = {
  name: 'ejemplo',
  title: TITLE,
  settings: settings({ apiKey: credential('Sent as X-Api-Key.') }),
  verify: 'returned',

  connect: ({ credentials }) => ({
    writes: 'changes',
    answers: 'record',
    fields,
    errors: {
      issues: (body) => {
        const complaint = textIn(body, 'mensaje');
        return complaint === undefined ? [] : [{ key: textIn(body, 'campo'), text: complaint }];
      },
      issueRules: [
        { text: /^Teléfono inválido$/, code: 'invalid_format', safe: true },
        { text: /^El teléfono .* ya existe$/, code: 'already_taken', kind: 'conflict' },
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
