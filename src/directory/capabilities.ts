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
