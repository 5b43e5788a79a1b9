/**
 * Ejemplo: a made-up vendor. `PATCH /staff/{id}` holds a status and names a person, `PATCH /personas/{id}` that person's telephone;
 * both are partial and answer with the record.
 */
import {
  type AdapterModule,
  type AdapterSettings,
  absent,
  activeOrInactive,
  codeList,
  codeTable,
  credential,
  field,
  inResource,
  isObject,
  path,
  type RecordAccess,
  settings,
  text,
  textIn,
} from '../../src/adapter';

interface Settings extends AdapterSettings {
  credentials: { apiKey: string };
}

const TITLE = 'Ejemplo';

const status = field('estado', activeOrInactive(TITLE, { active: 'A', inactive: 'I' }), {
  notClearable: 'Ejemplo always has a status.',
});
const phone = field('telefono', text, { cleared: { wire: null } });
const none = absent(
  'Ejemplo holds no',
  ...(['name.given', 'name.family', 'nationalId', 'birthDate', 'gender', 'address.text', 'email'] as const),
  ...(['role', 'specialty', 'organizationId', 'period', 'availableTime'] as const),
);

/** Both resources are read and written alike. */
function access(folder: 'staff' | 'personas'): RecordAccess {
  return {
    writes: 'changes',
    answers: 'record',
    read: (id) => ({ method: 'GET', path: path`/${folder}/${id}` }),
    write: (id, body) => ({ method: 'PATCH', path: path`/${folder}/${id}`, body }),
    record: (body) => (isObject(body) ? body : undefined),
  };
}

const numberAsText = (id: unknown) => (typeof id === 'number' ? String(id) : undefined);

export const ejemplo: AdapterModule<Settings> = {
  name: 'ejemplo',
  title: TITLE,
  settings: settings(
    { apiKey: credential('Sent as X-Api-Key.') },
    {},
    { location: codeTable().description('Your codes of locations, and their ids at the vendor.') },
  ),
  verify: 'returned',

  connect: ({ credentials, codes }) => ({
    ...access('staff'),
    fields: {
      ...none,
      status,
      locationId: field('sede', codeList(codes.location), { cleared: { wire: null } }),
      phone: inResource('persona', phone),
    },
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
    idOf: ({ id }) => numberAsText(id),
    also: [{ ...access('personas'), name: 'persona', idIn: ({ persona }) => numberAsText(persona) }],
  }),
};
