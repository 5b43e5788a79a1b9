/** The body fields of the vendor's document (contract section 2). */
import {
  absent,
  type Codec,
  type CodeTable,
  type Coding,
  codeList,
  codingIn,
  type FieldTable,
  field,
  listOf,
  type MappedField,
  onlyOne,
  referencedId,
  refuseOtherSystem,
  type VendorRecord,
  wordIn,
} from '../../src/adapter';
import { CONTACT, PERSON } from './practitioner';
import { COMMON, HOLD_NO, KEEP, losesCodings, NO_PERSON, statusField, TITLE } from './reading';

/** @param practitioner whether the person behind the role is read and written too */
export function documentedFields(
  codes: Readonly<Record<string, CodeTable>>,
  practitioner: boolean,
): FieldTable {
  return {
    ...COMMON,
    ...(practitioner ? { ...PERSON, ...CONTACT } : { ...NO_PERSON, ...absent(HOLD_NO, 'phone', 'email') }),
    ...absent(HOLD_NO, 'availableTime'),
    status: statusField('status', { active: ['active', true], inactive: ['inactive', false] }),
    specialty: field('specialty', specialty, {
      ...KEEP,
      members: ['code', 'display'],
      loses: losesCodings('specialty'),
    }),
    organizationId: referenceField('organizationId', 'organization', 'Organization', codes.organization),
    locationId: referenceField('locationId', 'location', 'Location', codes.location),
  };
}

/** Replaced as a whole (contract section 2); no `system` is documented, so none is sent. */
const specialty: Codec<Coding> = {
  encode: (value, refuse) => {
    refuseOtherSystem(value, refuse, TITLE);
    return { code: value.code, ...(value.display !== undefined && { display: value.display }) };
  },
  decode: codingIn,
};

/** An id, or on reading a FHIR reference such as `Organization/org_1`; through the configured codes both ways. */
function referenceField(key: string, fhirKey: string, type: string, table?: CodeTable): MappedField<string> {
  const codes = codeList(table);
  return field(key, codes, {
    ...KEEP,
    decode: (role) => {
      const ids = idsIn(role);
      return ids.includes(undefined) ? undefined : onlyOne(ids.map((id) => codes.decode(id)));
    },
    // By the vendor's id, since several of the caller's codes may mean the same one.
    holds: (role, value) => {
      const wanted = String(codes.encode(value, () => undefined));
      const ids = idsIn(role);
      return ids.length > 0 && ids.every((id) => wordIn(id) === wanted);
    },
  });

  /** The vendor's ids, flat or referenced; undefined for what is not shown. */
  function idsIn(role: VendorRecord): unknown[] {
    if (role[key] !== undefined || role[fhirKey] === undefined) return [role[key]];
    return listOf(role[fhirKey]).map((reference) => referencedId(reference, type));
  }
}
