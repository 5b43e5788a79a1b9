/**
 * The schema of an update: a JSON Merge Patch of the canonical record, after normalisation. Nothing is converted; a
 * number is not a string. Every leaf may be `null` (clear); inside `availableTime`, which is replaced whole, nothing may.
 */
import Joi from 'joi';
import { isObject } from '../lib/json';
import { isRealDate } from './calendar';
import { type AvailableTime, DAYS, GENDERS, RECURRENCE_UNITS, STATUSES } from './fields';

const MAX_BLOCKS = 200;

/** Control characters; of those, what separates lines and columns may stand in text of several lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_BUT_BREAKS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Nothing but blanks, marks of format and other signs without a shape; U+2800 is the Braille cell without dots. */
const INVISIBLE = /^[\s\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/** Half of a pair; a whole one counts as the one character that it stands for. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What a receiver would replace, cut at or show as nothing, so that the vendor's record would not hold what was sent. */
const sendable = (control: RegExp) => (value: string, helpers: Joi.CustomHelpers) => {
  if (LONE_SURROGATE.test(value)) return helpers.error('text.surrogate');
  if (control.test(value)) return helpers.error('text.control');
  return INVISIBLE.test(value) ? helpers.error('text.invisible') : value;
};

/**
 * For the documentation: what a pattern, which sees the normalised value, takes before normalisation. A caller's own
 * check by the documented pattern must not refuse what the gateway accepts.
 */
const accepts = (pattern: RegExp) => ({ accepts: pattern.source });

/** Text in one line. White space around it is trimmed before, line breaks too. */
const line = (max: number) =>
  Joi.string()
    .min(1)
    .max(max)
    .custom(sendable(CONTROL))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    .meta(accepts(/^\s*[^\u0000-\u001f\u007f]*\s*$/));

/** Text that may have several lines. */
const lines = (max: number) =>
  Joi.string()
    .min(1)
    .max(max)
    .custom(sendable(CONTROL_BUT_BREAKS))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    .meta(accepts(/^\s*[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*\s*$/));

const DATE = /^\d{4}-\d{2}-\d{2}$/;

// All complaints are collected, so each rule speaks only where the one before it is content.
const date = Joi.string()
  .pattern(DATE)
  .custom((value: string, helpers) =>
    DATE.test(value) && !isRealDate(value) ? helpers.error('date.real') : value,
  );

const TIME = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

const time = Joi.string()
  .pattern(TIME)
  .meta(accepts(/^\s*[Tt]?([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?\s*$/));

const orderedPeriod = (value: unknown, helpers: Joi.CustomHelpers) => {
  const { start, end } = isObject(value) ? value : {};
  return typeof start === 'string' && typeof end === 'string' && end < start
    ? helpers.error('period.order', { at: ['end'] })
    : value;
};

const recurrence = Joi.object({
  interval: Joi.number().integer().min(1).max(1000).required(),
  unit: Joi.valid(...RECURRENCE_UNITS).required(),
  start: date,
  end: date,
  description: lines(500),
}).custom(orderedPeriod);

const block = Joi.object({
  daysOfWeek: Joi.array()
    .items(Joi.valid(...DAYS))
    .min(1)
    .required(),
  availableStartTime: time.required(),
  availableEndTime: time.required(),
  locationId: line(200),
  period: Joi.object({ start: date, end: date }).min(1).custom(orderedPeriod),
  recurrence,
});

/** The members of an update. Description texts feed the generated documentation. */
const MEMBERS = {
  status: Joi.valid(...STATUSES, null).description('Whether the person works here now.'),
  name: Joi.object({ given: line(200).allow(null), family: line(200).allow(null) })
    .min(1)
    .allow(null)
    .description('The person’s name.'),
  nationalId: Joi.string()
    .pattern(/^[0-9A-Za-z]{7,20}$/)
    .meta(accepts(/^[.\s-]*([0-9A-Za-z][.\s-]*){7,20}$/))
    .allow(null)
    .description(
      'National identity number: 7 to 20 letters and digits. Dots, spaces and hyphens are removed, leading zeros kept.',
    ),
  birthDate: date
    .custom((value: string, helpers) =>
      DATE.test(value) && isRealDate(value) && value >= today() ? helpers.error('date.past') : value,
    )
    .allow(null)
    .description('Date of birth, `YYYY-MM-DD`.'),
  gender: Joi.valid(...GENDERS, null).description('Administrative gender.'),
  address: Joi.object({ text: lines(500).allow(null) })
    .min(1)
    .allow(null)
    .description('Postal address.'),
  phone: Joi.string()
    .pattern(/^(?=(?:[ +-]*\d){6})[0-9 +-]{10,20}$/)
    .allow(null)
    .description('10 to 20 digits, spaces, hyphens and plus signs, at least 6 of them digits.'),
  email: Joi.string()
    .email({ tlds: false })
    .max(254)
    .custom((value: string, helpers) =>
      LONE_SURROGATE.test(value) ? helpers.error('text.surrogate') : value,
    )
    .allow(null)
    .description('E-mail address.'),
  role: line(100).allow(null).description('Role code, such as `doctor`.'),
  specialty: Joi.object({
    code: line(100),
    display: line(200).allow(null),
    system: Joi.string().uri().max(200).allow(null),
  })
    .min(1)
    .allow(null)
    .description('One coded specialty; `system` defaults to SNOMED CT.'),
  organizationId: line(200).allow(null).description('Id of the organization.'),
  locationId: line(200).allow(null).description('Id of the location.'),
  period: Joi.object({ start: date.allow(null), end: date.allow(null) })
    .min(1)
    .custom(orderedPeriod)
    .allow(null)
    .description('When the role is held; `end` is not before `start`.'),
  availableTime: Joi.array()
    .items(block)
    .max(MAX_BLOCKS)
    .custom(checkBlocks)
    .allow(null)
    .description('The whole week: an array replaces the stored one.'),
} satisfies Record<string, Joi.Schema>;

/** The update as it arrives, after normalisation. To be used with `PATCH_RULES`. */
export const patchSchema = Joi.object(MEMBERS).min(1).required();

export const PATCH_RULES = {
  abortEarly: false,
  convert: false,
  errors: { render: false },
} as const satisfies Joi.ValidationOptions;

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function checkBlocks(blocks: readonly unknown[], helpers: Joi.CustomHelpers) {
  // Whatever else is wrong has its own complaint already.
  if (blocks.length > MAX_BLOCKS || !areComparable(blocks)) return blocks;
  for (const [index, item] of blocks.entries()) {
    if (item.availableEndTime <= item.availableStartTime) {
      return helpers.error('time.order', { at: [index, 'availableEndTime'] });
    }
    const clash = blocks.slice(0, index).findIndex((earlier) => overlap(earlier, item));
    if (clash !== -1) return helpers.error('time.overlap', { at: [index], other: clash });
  }
  return blocks;
}

/** True where all blocks have what comparing needs; the rest of them may be wrong. */
function areComparable(blocks: readonly unknown[]): blocks is readonly AvailableTime[] {
  const isTime = (value: unknown) => typeof value === 'string' && TIME.test(value);
  return blocks.every(
    (item) =>
      isObject(item) &&
      Array.isArray(item.daysOfWeek) &&
      isTime(item.availableStartTime) &&
      isTime(item.availableEndTime),
  );
}

/** Two blocks overlap when they share a day, a time, and a date on which both apply. */
function overlap(a: AvailableTime, b: AvailableTime): boolean {
  return (
    a.daysOfWeek.some((day) => b.daysOfWeek.includes(day)) &&
    a.availableStartTime < b.availableEndTime &&
    b.availableStartTime < a.availableEndTime &&
    (a.period?.start ?? '') <= (b.period?.end ?? '9999') &&
    (b.period?.start ?? '') <= (a.period?.end ?? '9999')
  );
}
