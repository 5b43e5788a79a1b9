/** The ten fields of a Vitalis professional. All go out with every update, so each says how its stored value is kept. */

import {
  type Codec,
  type CodeTable,
  codeList,
  date,
  dateOf,
  enumeration,
  field,
  readPresent,
  refuseOtherSystem,
  text,
  unsupported,
} from '../../src/adapter/codecs';
import { type FieldTable, type MappedField, UNREADABLE } from '../../src/adapter/contract';
import { type Coding, GENDERS, SNOMED_CT, STATUSES } from '../../src/staff/fields';

const STATES = { active: 'Activo/a', inactive: 'Inactivo/a', 'on-leave': 'Licencia' };
const GENDER_WORDS = { male: 'Masculino', female: 'Femenino' };
const MINIMAL_ID_LENGTH = 7;

const NO_EMPTY = {
  notClearable: 'Clínica Vitalis requires this field in every update, so it cannot be emptied.',
};

const lacks = (what: string) => unsupported(`Clínica Vitalis professionals hold no ${what}`);

export function fields(codes: Readonly<Record<string, CodeTable>>): FieldTable {
  const genders = enumeration(GENDERS, codes.gender ?? GENDER_WORDS, {
    code: 'unmapped_code',
    detail: 'No Clínica Vitalis word is configured for this gender.',
  });
  const states = enumeration(STATUSES, STATES, {
    code: 'unsupported_field',
    detail: 'Clínica Vitalis has no such state.',
  });
  return {
    // Open words in the vendor's store: one that means nothing to us goes back as it is.
    status: field('state', states, { ...NO_EMPTY, keep: keepText('state', 'state') }),
    gender: field('gender', genders, { ...NO_EMPTY, keep: keepText('gender', 'gender') }),
    'name.given': field('name', text, { ...NO_EMPTY, keep: keepText('name', 'first name') }),
    'name.family': field('surname', text, { ...NO_EMPTY, keep: keepText('surname', 'surname') }),
    'address.text': field('address', text, { ...NO_EMPTY, keep: keepText('address', 'address') }),
    email: field('email', text, {
      ...NO_EMPTY,
      keep: keepText('email', 'e-mail address', /^[^\s@]+@[^\s@]+\.[^\s@]+$/),
    }),
    phone: field('phone', text, {
      ...NO_EMPTY,
      keep: keepText('phone', 'phone number', /^[0-9\s\-+]{10,20}$/),
    }),
    birthDate: field('birthdate', date, { ...NO_EMPTY, keep: keepBirthDate }),
    nationalId,
    specialty: specialty(codes.specialty),
    role: lacks('role'),
    organizationId: lacks('organization'),
    locationId: lacks('location'),
    period: lacks('period'),
    // Work schedules are a resource of their own, without a way to delete a day (contract section 4).
    availableTime: lacks('weekly hours'),
  };
}

type Keep = NonNullable<MappedField<unknown>['keep']>;

/** Sends a stored text back as it is, unless the vendor's own validation would refuse it today. */
function keepText(key: string, name: string, accepted = /./s): Keep {
  return (record, block) => {
    const stored = record[key];
    // Numbers in text columns pass the vendor's validation (contract section 2).
    if (typeof stored !== 'string' && typeof stored !== 'number')
      block(`The stored ${name} is missing, and Clínica Vitalis requires it.`);
    else if (stored === '') block(`The stored ${name} is empty, and Clínica Vitalis requires it.`);
    else if (!accepted.test(String(stored)))
      block(`The stored ${name} is one that Clínica Vitalis itself would refuse.`);
    return stored;
  };
}

/** Unparseable dates are stored as null by the vendor (contract section 2), which it then refuses to take back. */
const keepBirthDate: Keep = (record, block) => {
  const day = dateOf(record.birthdate);
  if (day === undefined)
    block('The stored birth date is missing or no date, and Clínica Vitalis requires one.');
  return day;
};

/** Sent as text ([S] of the contract); read back as a number, which loses leading zeros and more (section 2). */
const nationalId: MappedField<string> = field('dni', text, {
  ...NO_EMPTY,
  encode: (value, refuse) => {
    if (becomesAnotherNumber(value)) {
      refuse('', 'unsupported_field', 'Clínica Vitalis would store another number than this national id.');
    }
    return value;
  },
  note: `At least ${MINIMAL_ID_LENGTH} characters. Read back as a number, so leading zeros cannot be confirmed.`,
  decode: ({ dni }) =>
    readPresent(dni, (stored) => {
      if (typeof stored === 'number') return Number.isSafeInteger(stored) ? String(stored) : UNREADABLE;
      const bare = typeof stored === 'string' ? stored.replace(/[.\s-]/g, '') : '';
      return /^[0-9A-Za-z]+$/.test(bare) ? bare : UNREADABLE;
    }),
  holds: (record, value) => {
    const stored = nationalId.decode(record);
    return typeof record.dni === 'number' ? stored === value.replace(/^0+(?=\d)/, '') : stored === value;
  },
  unconfirmable: (value) =>
    readsAsOtherNumber(value)
      ? 'Clínica Vitalis reads national ids back as numbers, so leading zeros cannot be confirmed.'
      : undefined,
  keep: ({ dni }, block) => {
    const stored = typeof dni === 'number' && !Number.isSafeInteger(dni) ? undefined : dni;
    if (typeof stored !== 'string' && typeof stored !== 'number') {
      block('The stored national id is missing or cannot be read exactly, and Clínica Vitalis requires it.');
      return undefined;
    }
    if (String(stored).length < MINIMAL_ID_LENGTH) {
      block(
        'The stored national id is shorter than Clínica Vitalis accepts; a leading zero may have been lost in its store.',
      );
    }
    return String(stored);
  },
});

/** True for text that a numeric column shows otherwise: leading zeros are lost in it. */
function readsAsOtherNumber(value: string): boolean {
  return /^0\d+$/.test(value);
}

/** True for text that a numeric column turns into something else: more digits than a number holds, `1234567e2`. */
function becomesAnotherNumber(value: string): boolean {
  return /^\d+e\d+$/i.test(value) || (/^\d+$/.test(value) && !Number.isSafeInteger(Number(value)));
}

function specialty(table?: CodeTable): MappedField<Coding> {
  const codes = codeList(table, {
    unmapped: { at: '/code', detail: 'No Clínica Vitalis speciality is configured for this code.' },
  });
  const codec: Codec<Coding> = {
    ...codes,
    encode: (value, refuse) => {
      refuseOtherSystem(value, refuse, 'Clínica Vitalis');
      const code: string | undefined = value.code;
      const id = code === undefined ? undefined : codes.encode(code, refuse);
      return id === undefined ? undefined : Number(id);
    },
    decode: (stored) => {
      const code = codes.decode(stored);
      return typeof code === 'string' ? { code, system: SNOMED_CT } : code;
    },
  };
  return field('specialityID', codec, {
    ...NO_EMPTY,
    members: ['code'],
    notStored: { display: 'Clínica Vitalis names its specialities itself; the display is not stored.' },
    // A number in reads, the type that was sent in the answer to a write (contract section 2).
    holds: ({ specialityID }, value) => {
      const id = idIn(specialityID);
      return id !== undefined && id === codec.encode(value, () => undefined);
    },
    keep: ({ specialityID }, block) => {
      const id = idIn(specialityID);
      if (id === undefined) block('The stored record has no speciality, and Clínica Vitalis requires one.');
      return id;
    },
  });
}

function idIn(stored: unknown): number | undefined {
  const isId =
    (typeof stored === 'number' || typeof stored === 'string') && /^[1-9]\d{0,15}$/.test(String(stored));
  return isId ? Number(stored) : undefined;
}
