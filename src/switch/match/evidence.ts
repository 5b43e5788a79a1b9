/** What a record shows of who it is about, and the same in forms that can be compared. */
import type { Adapter, VendorRecord } from '../../adapter/contract';
import { folded } from '../../directory/fold';
import { showRecord, tableOf } from '../../directory/record';
import { member } from '../../lib/json';

/** As it is shown. */
export interface Evidence {
  name?: string;
  given?: string;
  family?: string;
  nationalId?: string;
  birthDate?: string;
  email?: string;
  phone?: string;
  /** Its code. */
  specialty?: string;
}

/** One side of a pair: a staff member here, or a record there. */
export interface Candidate {
  /** Staff id, or vendor record id. */
  id: string;
  shown: Evidence;
  /** Words of the name, folded, in order of the alphabet. */
  words: readonly string[];
  /** Without signs and leading zeros, in capitals. */
  nationalId: string | undefined;
  birthDate: string | undefined;
  email: string | undefined;
  /** The digits that telephones are told apart by. */
  phone: string | undefined;
  specialty: string | undefined;
}

export function candidateOf(id: string, adapter: Adapter, record: VendorRecord): Candidate {
  const shown = evidenceIn(adapter, record);
  return {
    id,
    shown,
    words: wordsOf(shown.name),
    nationalId: nationalIdKey(shown.nationalId),
    birthDate: shown.birthDate,
    email: shown.email?.trim().toLowerCase() || undefined,
    phone: phoneKey(shown.phone),
    specialty: shown.specialty,
  };
}

function evidenceIn(adapter: Adapter, record: VendorRecord): Evidence {
  const { fields } = showRecord(tableOf(adapter), record);
  const [given, family] = [textOf(fields['name.given']), textOf(fields['name.family'])];
  const whole = [given, family].filter((part) => part !== undefined).join(' ');
  const all: Record<keyof Evidence, string | undefined> = {
    name: whole === '' ? adapter.nameIn?.(record) : whole,
    given,
    family,
    nationalId: textOf(fields.nationalId),
    birthDate: textOf(fields.birthDate),
    email: textOf(fields.email),
    phone: textOf(fields.phone),
    specialty: textOf(member(fields.specialty, 'code')),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function wordsOf(name = ''): string[] {
  return folded(name)
    .split(' ')
    .filter((word) => word !== '')
    .sort();
}

/** Numbers lose leading zeros, and one system writes `30.111.222` where another one writes `30111222`. */
export function nationalIdKey(id = ''): string | undefined {
  const bare = id
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/g, '')
    .replace(/^0+/, '');
  return bare === '' ? undefined : bare;
}

/** The last eight digits: country and area codes are written in many ways. */
function phoneKey(phone = ''): string | undefined {
  const digits = phone.replace(/(x|ext).*$/i, '').replaceAll(/\D/g, '');
  return digits.length < 7 ? undefined : digits.slice(-8);
}
