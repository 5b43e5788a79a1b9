/** What a clinic can read and write, from the very tables that execute. */

import type { Adapter } from '../adapter/contract';
import { FIELDS, pointerOf } from '../staff/fields';
import { tableOf } from './record';

export interface Capability {
  pointer: string;
  read: boolean;
  write: boolean;
  /** Whether `null` is accepted. */
  clear: boolean;
  /** The allowed values, if they are a closed list. */
  values?: readonly string[];
  /** Members of a composite that are not stored at the vendor, with the reason. */
  notStored?: Readonly<Record<string, string>>;
  /** Why the field cannot be written, or cannot be cleared. */
  reason?: string;
  note?: string;
}

export function capabilitiesOf(adapter: Adapter): Capability[] {
  const table = tableOf(adapter);
  return FIELDS.map((field) => {
    const pointer = pointerOf(field);
    const mapping = table[field];
    if (!mapping.supported)
      return { pointer, read: false, write: false, clear: false, reason: mapping.reason };
    return {
      pointer,
      read: true,
      write: true,
      clear: mapping.cleared !== undefined,
      ...(mapping.values && { values: mapping.values }),
      ...(mapping.notStored && { notStored: mapping.notStored }),
      ...(mapping.notClearable !== undefined && { reason: mapping.notClearable }),
      ...(mapping.note !== undefined && { note: mapping.note }),
    };
  });
}

/** `field`: it cannot be held there. `value`, `part`, `code`: it can, but for those. `clear`: it cannot be emptied there. */
export interface Loss {
  pointer: string;
  kind: 'field' | 'value' | 'part' | 'code' | 'clear';
  /** The values, parts or codes that are lost. */
  names?: readonly string[];
  /** The adapter's own reason. */
  reason?: string;
}

interface Place {
  adapter: Adapter;
  config: { codes: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
}

/** What the tables of two connections say about a clinic that moves from `here` to `there`. */
export function lostOnTheWay(here: Place, there: Place): Loss[] {
  const after = new Map(capabilitiesOf(there.adapter).map((field) => [field.pointer, field]));
  const fields = capabilitiesOf(here.adapter).flatMap((field) => {
    const other = after.get(field.pointer);
    return field.write && other !== undefined ? lossesOf(field, other) : [];
  });
  const codes = Object.entries(here.config.codes).flatMap(([list, known]) => {
    const mapped = there.config.codes[list];
    // A list that the other one does not use is taken as it is.
    if (mapped === undefined || Object.keys(mapped).length === 0) return [];
    const names = Object.keys(known).filter((code) => !Object.hasOwn(mapped, code));
    return names.length === 0 ? [] : [{ pointer: `codes.${list}`, kind: 'code' as const, names }];
  });
  return [...fields, ...codes];
}

function lossesOf(field: Capability, other: Capability): Loss[] {
  const { pointer } = field;
  const reason = other.reason === undefined ? {} : { reason: other.reason };
  if (!other.write) return [{ pointer, kind: 'field', ...reason }];
  const values = (field.values ?? []).filter((value) => other.values?.includes(value) === false);
  const parts = Object.entries(other.notStored ?? {}).filter(
    ([part]) => !Object.hasOwn(field.notStored ?? {}, part),
  );
  return [
    ...(values.length > 0 ? [{ pointer, kind: 'value' as const, names: values }] : []),
    ...parts.map(([part, why]) => ({ pointer, kind: 'part' as const, names: [part], reason: why })),
    ...(field.clear && !other.clear ? [{ pointer, kind: 'clear' as const, ...reason }] : []),
  ];
}
