/**
 * Vendor contract drift: a record that no longer looks as the vendor's contract says. Found by comparing names, so it costs
 * next to nothing, and told once for each kind and name rather than with every request.
 */

import type { RecordAccess, VendorRecord } from '../adapter/contract';
import type { Warning } from '../receipt';
import type { ObservedConnection } from './observer';

/**
 * `unreadable_value`: a stored value without a canonical meaning, such as a new enumeration member. `missing_key`: a member
 * that every record had is gone. `new_key`: a member that the contract does not name.
 */
const KINDS = ['unreadable_value', 'missing_key', 'new_key'] as const;
export type DriftKind = (typeof KINDS)[number];

export interface DriftNote {
  kind: DriftKind;
  names: readonly string[];
}

export interface Drift {
  /** Every single finding, for counting. */
  counted(connection: string, kind: DriftKind): void;
  /** The first finding of its kind at this connection under this name. */
  noticed(connection: string, kind: DriftKind, name: string): void;
}

/** As many names are told for a connection and kind; a vendor that invents names must not fill the log. */
const MOST_NAMES = 20;

/** What a programmer would call a member; anything else might be a value in the place of a name. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z_]{0,39}$/;

export class DriftWatch {
  readonly #drift: Drift;
  readonly #told = new Map<string, Set<string>>();
  readonly #shapes = new WeakMap<object, { always: readonly string[]; known: ReadonlySet<string> }>();

  constructor(drift: Drift) {
    this.#drift = drift;
  }

  /** Compares a record's members with the vendor's contract. */
  record(
    { name }: ObservedConnection,
    record: VendorRecord,
    access: Pick<RecordAccess, 'recordShape'>,
  ): void {
    const shape = this.#shapeOf(access);
    if (shape === undefined) return;
    for (const key of shape.always) {
      if (!Object.hasOwn(record, key)) this.#found(name, 'missing_key', key);
    }
    for (const key of Object.keys(record)) {
      if (!shape.known.has(key)) this.#found(name, 'new_key', key);
    }
  }

  /** What was found at a connection since the process began, names of each kind. */
  foundAt(connection: string): DriftNote[] {
    return KINDS.flatMap((kind) => {
      const names = this.#told.get(`${connection} ${kind}`);
      return names === undefined ? [] : [{ kind, names: [...names] }];
    });
  }

  /** Takes the stored values that could not be read from what the caller was told. */
  warnings({ name }: ObservedConnection, warnings: readonly Warning[]): void {
    for (const { code, pointer = '' } of warnings) {
      if (code === 'unreadable') this.#found(name, 'unreadable_value', pointer);
    }
  }

  #shapeOf({ recordShape }: Pick<RecordAccess, 'recordShape'>) {
    if (recordShape === undefined) return undefined;
    let shape = this.#shapes.get(recordShape);
    if (shape === undefined) {
      shape = {
        always: recordShape.always,
        known: new Set([...recordShape.always, ...recordShape.sometimes]),
      };
      this.#shapes.set(recordShape, shape);
    }
    return shape;
  }

  #found(connection: string, kind: DriftKind, name: string): void {
    this.#drift.counted(connection, kind);
    const key = `${connection} ${kind}`;
    const told = this.#told.get(key) ?? new Set();
    // Names of new members are the vendor's own words; only those that are plainly names are told.
    const shown = kind === 'new_key' && !IDENTIFIER.test(name) ? '(not a plain name)' : name;
    if (told.has(shown) || told.size >= MOST_NAMES) return;
    this.#told.set(key, told.add(shown));
    this.#drift.noticed(connection, kind, shown);
  }
}
