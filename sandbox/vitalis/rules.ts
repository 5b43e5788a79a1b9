/**
 * The text that express-validator's own rules look at: nothing for null, and what JavaScript makes of a list or an
 * object.
 */
export function validatorText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return String(value);
}

/** `isEmpty()`: a blank counts as something. */
export function isEmpty(value: unknown): boolean {
  return validatorText(value) === '';
}

/** `isLength({ min, max })`, in characters, not UTF-16 units. */
export function hasLength(text: string, minimum: number, maximum = Number.POSITIVE_INFINITY): boolean {
  const { length } = [...text];
  return length >= minimum && length <= maximum;
}

/** `isInt({ min, max })`: a sign and leading zeros are allowed, blanks and exponents are not. */
export function isInt(
  text: string,
  minimum = Number.NEGATIVE_INFINITY,
  maximum = Number.POSITIVE_INFINITY,
): boolean {
  return /^[-+]?[0-9]+$/.test(text) && Number(text) >= minimum && Number(text) <= maximum;
}

const EMAIL =
  /^("([^"\\\n\r\u0080-\uffff]|\\[ -~])*"|[\w!#$%&'*+/=?^`{|}~\u00a1-\uffff-]+(\.[\w!#$%&'*+/=?^`{|}~\u00a1-\uffff-]+)*)@([a-z0-9\u00a1-\uffff]([a-z0-9\u00a1-\uffff-]{0,61}[a-z0-9\u00a1-\uffff])?\.)+[a-z\u00a1-\uffff]{2,}$/i;

/** Close to validator.js `isEmail` with its defaults. */
export function isEmail(text: string): boolean {
  return text.length <= 254 && text.indexOf('@') <= 64 && EMAIL.test(text);
}

/** `left >= right` as JavaScript compares values whose types nobody has checked. */
export function isNotBefore(left: unknown, right: unknown): boolean {
  const [first, second] = [primitive(left), primitive(right)];
  if (typeof first === 'string' && typeof second === 'string') return first >= second;
  return Number(first) >= Number(second);
}

function primitive(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? String(value) : value;
}
