/**
 * What the columns make of a value. SQLite gives a column an affinity, not a type: an INTEGER or TIME column turns
 * text that reads as a number into one, a text column turns numbers into text, and anything else stays as it is.
 */

/** A write that Sequelize or SQLite refuses; the vendor answers its general 500 to all but a taken unique index. */
export class WriteError extends Error {
  readonly taken: boolean;

  constructor(message: string, { taken = false }: { taken?: boolean } = {}) {
    super(message);
    this.taken = taken;
  }
}

// SQLite's blanks are the ASCII ones only; hexadecimal text is no number to it.
const NUMBER = /^[ \t\n\v\f\r]*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[ \t\n\v\f\r]*$/i;

function numeric(text: string): string | number {
  return NUMBER.test(text) ? Number(text) : text;
}

/**
 * An INTEGER column. Sequelize turns lists and objects into text first. A TIME column does the same: SQLite knows no such
 * type and gives it NUMERIC affinity, which text like `09:00` passes as it is.
 */
export function asIntegerColumn(value: unknown): string | number {
  switch (typeof value) {
    case 'number':
      return value;
    case 'boolean':
      return Number(value);
    default:
      return numeric(String(present(value)));
  }
}

/** A text column; Sequelize refuses lists and objects. */
export function asTextColumn(value: unknown): string {
  switch (typeof present(value)) {
    case 'object':
      throw new WriteError('string violation');
    case 'boolean':
      return String(Number(value));
    case 'number':
      return numberAsText(Number(value));
    default:
      return String(value);
  }
}

/** SQLite's text of a number that was bound: an integer beyond 32 bits is bound as a real, which shows a point. */
function numberAsText(value: number): string {
  if (value === Math.trunc(value) && value >= -(2 ** 31) && value < 2 ** 31) return String(value);
  const [digits = '', exponent] = value.toExponential(14).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 15) return withPoint(String(Number(value.toPrecision(15))));
  const sign = power < 0 ? '-' : '+';
  return `${withPoint(String(Number(digits)))}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}

function withPoint(text: string): string {
  return text.includes('.') ? text : `${text}.0`;
}

/**
 * What Sequelize makes of a value for a DATE column before it is written: a date, readable or not (JSON shows null
 * then), except of null, 0, false and ''.
 */
export function asDateValue(value: unknown): unknown {
  if (!value || value instanceof Date) return value;
  return new Date(typeof value === 'number' ? value : value === true ? 1 : String(value));
}

/**
 * A DATE column as it is read back: UTC, or null if it was no date (vitalis.md section 2). It is kept as text, in a
 * form that loses a year before 1.
 */
export function asDateColumn(value: unknown): string | null {
  const made = asDateValue(present(value));
  const date = made instanceof Date ? made : new Date(made === 0 ? made : Number.NaN);
  if (Number.isNaN(date.getTime())) return null;
  const [, year = '', rest = ''] = /^([+-]?\d+)-(.*)Z$/.exec(date.toISOString()) ?? [];
  const shownYear = Number(year) > 9999 ? `+${Number(year)}` : year.replace(/^-00/, '-');
  const read = new Date(`${shownYear}-${rest.replace('T', ' ')} +00:00`);
  return Number.isNaN(read.getTime()) ? null : read.toISOString();
}

/** No column takes null. */
function present(value: unknown): unknown {
  if (value === null || value === undefined) throw new WriteError('notNull violation');
  return value;
}
