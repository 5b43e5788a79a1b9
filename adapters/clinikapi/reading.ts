/** What ClinikAPI's two dialects share. Its readers understand both, and FHIR resources. */
import {
  absent,
  activeOrInactive,
  codeOrTextIn,
  field,
  listOf,
  period,
  saysMore,
  text,
  type VendorRecord,
} from '../../src/adapter';

export const TITLE = 'ClinikAPI';

export const KEEP = { notClearable: 'ClinikAPI documents no way to empty a field of a practitioner role.' };

/** One coded value is read and written; what else a stored concept says goes with an update of it. */
export function losesCodings(key: 'specialty' | 'code') {
  return (role: VendorRecord) =>
    listOf(role[key]).some(saysMore)
      ? 'The stored value has further codings or a text of its own. An update of it deletes them.'
      : undefined;
}

export const HOLD_NO = 'ClinikAPI practitioner roles hold no';

/** The fields of a person, if the practitioner is left alone (`options.practitioner: false`). */
export const NO_PERSON = absent(
  HOLD_NO,
  ...(['name.given', 'name.family', 'birthDate', 'gender', 'address.text'] as const),
);

/** The fields of a role that are the same in both dialects. */
export const COMMON = {
  ...absent('ClinikAPI holds no', 'nationalId'),
  role: field('role', text, {
    ...KEEP,
    decode: ({ role, code }) => (role === undefined ? codeOrTextIn(code) : text.decode(role)),
    loses: losesCodings('code'),
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
