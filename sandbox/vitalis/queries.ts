import { inspect } from 'node:util';
import { asIntegerColumn } from './columns';

/**
 * The vendor's `where` conditions as Sequelize writes them for SQLite. What it refuses is thrown with its text, which
 * the vendor's own rules leak to the caller.
 */

/** Whether an INTEGER column that holds `stored` meets the condition `= wanted`; a list means any of its members. */
export function integerIs(stored: string | number, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return wanted.map((one) => integerEquals(stored, one)).includes(true);
  return integerEquals(stored, wanted);
}

function integerEquals(stored: string | number, wanted: unknown): boolean {
  if (wanted === null) return false;
  if (typeof wanted !== 'number' && typeof wanted !== 'boolean') refuseNul(String(wanted));
  return asIntegerColumn(wanted) === stored;
}

/** The same for a text column. */
export function textIs(stored: string, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return wanted.map((one) => textIs(stored, one)).includes(true);
  return textEquals(stored, wanted);
}

function textEquals(stored: string, wanted: unknown): boolean {
  if (wanted === null) return false;
  if (typeof wanted === 'object') throw new Error(`Invalid value ${inspect(wanted)}`);
  if (typeof wanted === 'boolean') return stored === String(Number(wanted));
  refuseNul(String(wanted));
  return stored === String(wanted);
}

/** The condition `= wanted` of one column, for a rule that looks a record up by a body member. */
export function findWhere<Row>(
  rows: readonly Row[],
  column: string,
  wanted: unknown,
  is: (row: Row, wanted: unknown) => boolean,
): Row | undefined {
  if (wanted === undefined) throw new Error(`WHERE parameter "${column}" has invalid "undefined" value`);
  return rows.filter((row) => is(row, wanted))[0];
}

/** The record with this primary key, of whatever type the key was sent. */
export function findByPk<Row extends { id: number }>(rows: readonly Row[], id: unknown): Row | undefined {
  if (id === undefined || id === null) return undefined;
  if (typeof id !== 'number' && typeof id !== 'string') {
    throw new Error(`Argument passed to findByPk is invalid: ${String(id)}`);
  }
  // Most ids are plain numbers, and a table may be long.
  if (typeof id === 'string' && /^[1-9]\d{0,14}$/.test(id)) return rows.find((row) => row.id === Number(id));
  return rows.filter((row) => integerEquals(row.id, id))[0];
}

/** `LIKE '%term'`: the end of the text, letters A to Z in either case, `%` and `_` as wildcards. */
export function endsLike(text: string, wanted: unknown): boolean {
  const term = String(wanted);
  refuseNul(`%${term}`);
  const pattern = [...term]
    .map((character) => {
      if (character === '%') return '.*';
      if (character === '_') return '.';
      if (/[a-z]/i.test(character)) return `[${character.toLowerCase()}${character.toUpperCase()}]`;
      return character.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
    })
    .join('');
  return new RegExp(`${pattern}$`, 'su').test(text);
}

/** A statement ends for SQLite where its text has a NUL. */
function refuseNul(text: string): void {
  const [before = '', after] = text.replaceAll("'", "''").split('\0', 2);
  if (after !== undefined) throw new Error(`SQLITE_ERROR: unrecognized token: "'${before}"`);
}
