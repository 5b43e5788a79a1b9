/** The text that express-validator's own rules look at: vitalis.md section 2, "number passes", "null fails". */
export function validatorText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return String(value);
}

/** `not().isEmpty()`: a blank counts as something. */
export function isEmpty(value: unknown): boolean {
  return validatorText(value) === '';
}

/** `isLength({ min, max })` on the text form, in characters, not UTF-16 units. */
export function hasLength(value: unknown, minimum: number, maximum = Number.POSITIVE_INFINITY): boolean {
  const { length } = [...validatorText(value)];
  return length >= minimum && length <= maximum;
}

const EMAIL =
  /^[\w!#$%&'*+/=?^`{|}~\u00a1-\uffff-]+(\.[\w!#$%&'*+/=?^`{|}~\u00a1-\uffff-]+)*@([a-z0-9\u00a1-\uffff]([a-z0-9\u00a1-\uffff-]{0,61}[a-z0-9\u00a1-\uffff])?\.)+[a-z\u00a1-\uffff]{2,}$/i;

/** Close to validator.js `isEmail` with its defaults. */
export function isEmail(value: unknown): boolean {
  const text = validatorText(value);
  return text.length <= 254 && text.indexOf('@') <= 64 && EMAIL.test(text);
}

/**
 * What an INTEGER column of SQLite makes of a value: text that reads as a number becomes one, so leading zeros are
 * lost; any other text stays (vitalis.md section 2).
 */
export function asIntegerColumn(value: string | number): string | number {
  if (typeof value === 'number') return value;
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value) ? Number(value) : value;
}

/** `LIKE '%term'`: the end of the text, letters A to Z in either case, `%` and `_` as wildcards. */
export function endsLike(text: string, term: string): boolean {
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

/** The stored form of a date column: UTC, or null where JavaScript reads no date in it (vitalis.md section 2). */
export function asDateColumn(value: unknown): string | null {
  const date =
    typeof value === 'string' || typeof value === 'number' ? new Date(value) : new Date(Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** A name from the query string as one text; undefined if it is absent or empty. */
export function queryText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
