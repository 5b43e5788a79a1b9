/** What ClinikAPI's two dialects share. Its readers understand both, and FHIR resources. */
import { absent, activeOrInactive, codeOrTextIn, field, period, text } from '../../src/adapter';

export const TITLE = 'ClinikAPI';

export const KEEP = { notClearable: 'ClinikAPI documents no way to empty a field of a practitioner role.' };

export const HOLD_NO = 'ClinikAPI practitioner roles hold no';

/** The fields that are the same in both dialects. */
export const COMMON = {
  ...absent(HOLD_NO, 'name.given', 'name.family', 'nationalId', 'birthDate', 'gender', 'address.text'),
  role: field('role', text, {
    ...KEEP,
    decode: ({ role, code }) => (role === undefined ? codeOrTextIn(code) : text.decode(role)),
  }),
  period: field('period', period, {
    ...KEEP,
    members: ['start', 'end'],
    note: 'The period as a whole cannot be cleared; one bound can, with `null`, while the other stays.',
  }),
};

/** `status` of the document or `active` of the live API, whichever is sent; read is what there is. */
export function statusField(key: 'status' | 'active', words: Parameters<typeof activeOrInactive>[1]) {
  const codec = activeOrInactive(TITLE, words);
  return field(key, codec, {
    ...KEEP,
    decode: ({ status, active }) => codec.decode(status ?? (active === undefined ? status : active)),
  });
}
