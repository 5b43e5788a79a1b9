/** The ten fields of a Vitalis professional. All go out with every update, so each says how its stored value is kept. */
import {
  absent,
  type Codec,
  type CodeTable,
  type Coding,
  codeList,
  codingByCode,
  date,
  dateOf,
  enumeration,
  type FieldTable,
  field,
  foldWord,
  GENDERS,
  type Keep,
  keepText,
  type MappedField,
  readPresent,
  STATUSES,
  text,
  UNREADABLE,
} from '../../src/adapter';

export const TITLE = 'Clínica Vitalis';

const STATES = { active: 'Activo/a', inactive: 'Inactivo/a', 'on-leave': 'Licencia' };
const GENDER_WORDS = { male: 'Masculino', female: 'Femenino' };
const MINIMAL_ID_LENGTH = 7;

const HOLD_NO = 'Clínica Vitalis professionals hold no';
const NO_EMPTY = {
  notClearable: 'Clínica Vitalis requires this field in every update, so it cannot be emptied.',
};

/** What the configuration may say about codes. */
export interface Codes {
  specialty?: CodeTable;
  /** The first word of a list is written, all of them are read. */
  gender?: Readonly<Record<string, string | number | readonly string[]>>;
}

/** @param hours the mapping of the weekly hours, if they are read and written too */
export function fields(codes: Codes, hours?: FieldTable['availableTime']): FieldTable {
  const noWord = {
    code: 'unmapped_code',
    detail: 'No Clínica Vitalis word is configured for this gender.',
  } as const;
  // Free text at the vendor, so it stands there in any case.
  const genders = enumeration(GENDERS, codes.gender ?? GENDER_WORDS, noWord, foldWord);
  const states = enumeration(STATUSES, STATES, {
    code: 'unsupported_field',
    detail: 'Clínica Vitalis has no such state.',
  });
  return {
    // Open words in the vendor's store: one that means nothing to us goes back as it is.
    status: textField('state', 'state', states),
    gender: textField('gender', 'gender', genders),
    'name.given': textField('name', 'first name', text),
    'name.family': textField('surname', 'surname', text),
    'address.text': textField('address', 'address', text),
    email: textField('email', 'e-mail address', text, /^[^\s@]+@[^\s@]+\.[^\s@]+$/),
    phone,
    birthDate: field('birthdate', date, { ...NO_EMPTY, keep: keepBirthDate }),
    nationalId,
    specialty: specialty(codes.specialty),
    ...absent(HOLD_NO, 'role', 'organizationId', 'locationId', 'period', 'availableTime'),
    ...(hours && { availableTime: hours }),
  };
}

/** A text column. @param accepted the texts that pass the vendor's own validation; default: all but the empty one */
function textField<V>(key: string, name: string, codec: Codec<V>, accepted?: RegExp): MappedField<V> {
  return field(key, codec, { ...NO_EMPTY, keep: keepText(TITLE, key, name, accepted) });
}

/** Of the vendor's own validation (contract section 2). */
const PHONE = /^[0-9\s\-+]{10,20}$/;

const phone: MappedField<string> = {
  ...textField('phone', 'phone number', text, PHONE),
  encode: (value, refuse) => {
    if (!PHONE.test(value)) {
      const detail =
        'Clínica Vitalis takes phone numbers of 10 to 20 digits, spaces, hyphens and plus signs.';
      refuse('', 'not_expressible', detail);
    }
    return value;
  },
  note: '10 to 20 digits, spaces, `-` and `+`.',
};

/** As the vendor shows a date: an instant, which is midnight unless somebody wrote another one. */
const MIDNIGHT = /T00:00(?::00(?:\.0+)?)?Z$/;

/**
 * Another instant than midnight goes back as it is stored, or the day would change for those who look at it from elsewhere.
 * Unparseable dates are stored as null by the vendor (contract section 2), which it then refuses to take back.
 */
const keepBirthDate: Keep = ({ birthdate }, block) => {
  const day = dateOf(birthdate);
  if (typeof birthdate !== 'string' || day === undefined || Number.isNaN(Date.parse(birthdate))) {
    block('The stored birth date is missing or no date, and Clínica Vitalis requires one.');
    return undefined;
  }
  return MIDNIGHT.test(birthdate) ? day : birthdate;
};

/** A numeric column loses it. */
const LEADING_ZERO = /^0\d+$/;

/** Sent as text ([S] of the contract); read back as a number, which loses leading zeros and more (section 2). */
const nationalId: MappedField<string> = field('dni', text, {
  ...NO_EMPTY,
  encode: (value, refuse) => {
    if (becomesAnotherNumber(value)) {
      refuse('', 'not_expressible', 'Clínica Vitalis would store another number than this national id.');
    }
    return value;
  },
  note: `At least ${MINIMAL_ID_LENGTH} characters. Read back as a number, so leading zeros cannot be confirmed; a shorter one is shown with as many as are missing.`,
  decode: ({ dni }) =>
    readPresent(dni, (stored) => {
      if (typeof stored === 'number') return numberedId(stored) ?? UNREADABLE;
      const bare = typeof stored === 'string' ? stored.replace(/[.\s-]/g, '') : '';
      return /^[0-9A-Za-z]+$/.test(bare) ? bare : UNREADABLE;
    }),
  holds: (record, value) => {
    const isNumber = typeof record.dni === 'number' && /^\d+$/.test(value);
    return nationalId.decode(record) === (isNumber ? padded(value.replace(/^0+(?=\d)/, '')) : value);
  },
  unconfirmable: (value) =>
    LEADING_ZERO.test(value)
      ? 'Clínica Vitalis reads national ids back as numbers, so leading zeros cannot be confirmed.'
      : undefined,
  keep: ({ dni }, block) => {
    const stored = typeof dni === 'number' ? numberedId(dni) : dni;
    if (typeof stored !== 'string' || becomesAnotherNumber(stored)) {
      block('The stored national id is missing or cannot be read exactly, and Clínica Vitalis requires it.');
      return undefined;
    }
    if ([...stored].length < MINIMAL_ID_LENGTH) {
      block('The stored national id is shorter than Clínica Vitalis accepts.');
    }
    return stored;
  },
});

/** A number as the id that it was before its leading zeros were lost; undefined if it is not exact. */
function numberedId(stored: number): string | undefined {
  return Number.isSafeInteger(stored) && stored >= 0 ? padded(String(stored)) : undefined;
}

/** Shorter ones the vendor does not take; with the zeros it does, and stores the same number. */
const padded = (digits: string) => digits.padStart(MINIMAL_ID_LENGTH, '0');

/** True for text that a numeric column turns into something else: more digits than a number holds, `1234567e2`. */
function becomesAnotherNumber(value: string): boolean {
  return /^\d+e\d+$/i.test(value) || (/^\s*\d+\s*$/.test(value) && !Number.isSafeInteger(Number(value)));
}

function specialty(table?: CodeTable): MappedField<Coding> {
  const unmapped = { at: '/code', detail: 'No Clínica Vitalis speciality is configured for this code.' };
  const codec = codingByCode(TITLE, codeList(table, { unmapped }));
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
      if (id === undefined) {
        block(
          'The stored speciality is missing or cannot be read exactly, and Clínica Vitalis requires one.',
        );
      }
      return id;
    },
  });
}

function idIn(stored: unknown): number | undefined {
  const isId =
    (typeof stored === 'number' || typeof stored === 'string') && /^[1-9]\d{0,15}$/.test(String(stored));
  return isId && Number.isSafeInteger(Number(stored)) ? Number(stored) : undefined;
}
