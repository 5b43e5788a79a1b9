/**
 * The schema of an update: a JSON Merge Patch of the canonical record, after normalisation. Nothing is converted; a
 * number is not a string. Every leaf may be `null` (clear); inside `availableTime`, which is replaced whole, nothing may.
 */
import Joi from 'joi';
import { isObject, member } from '../lib/json';
import { isRealDate } from './calendar';
import { type AvailableTime, DAYS, GENDERS, RECURRENCE_UNITS, STATUSES } from './fields';
import { meetOn } from './recurrence';
import { lengthOf, unseenIn } from './spelling';

export const MAX_BLOCKS = 200;
const MAX_INTERVAL = 1000;

/** Control characters; of those, line breaks and tabs are allowed in text of several lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_BUT_BREAKS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** For text whose form has its own rule. */
const NONE = /(?!)/;

/** Half of a pair; a whole one counts as the one character that it encodes. */
const LONE_SURROGATE = /\p{Surrogate}/u;

interface TextRules {
  /** In characters as a person counts them. */
  max: number;
  control: RegExp;
  /** Whether joiners between letters belong there. */
  joiners: boolean;
}

/** What a receiver would replace, cut at or show as nothing, so that the vendor's record would not hold what was sent. */
const sendable =
  ({ max, control, joiners }: TextRules) =>
  (value: string, helpers: Joi.CustomHelpers) => {
    if (lengthOf(value) > max) return helpers.error('string.max');
    if (LONE_SURROGATE.test(value)) return helpers.error('text.surrogate');
    if (control.test(value)) return helpers.error('text.control');
    const unseen = unseenIn(value, { joiners });
    return unseen === undefined ? value : helpers.error('text.unseen', { character: unseen });
  };

/**
 * For the documentation: what a pattern, which sees the normalised value, takes before normalisation. A caller's own
 * check by the documented pattern must not refuse what the gateway accepts.
 */
const accepts = (pattern: RegExp) => ({ accepts: pattern.source });

/** Text in one line. White space around it is trimmed before, line breaks too. */
const line = (max: number, { joiners }: { joiners: boolean } = { joiners: false }) =>
  Joi.string()
    .min(1)
    .custom(sendable({ max, control: CONTROL, joiners }))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    .meta({ ...accepts(/^\s*[^\u0000-\u001f\u007f]*\s*$/), maxLength: max });

/** Names and the like, in any script. */
const words = (max: number) => line(max, { joiners: true });

/** Text that may have several lines. */
const lines = (max: number) =>
  Joi.string()
    .min(1)
    .custom(sendable({ max, control: CONTROL_BUT_BREAKS, joiners: true }))
    .meta({
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
      ...accepts(/^\s*[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*\s*$/),
      maxLength: max,
    });

const DATE = /^\d{4}-\d{2}-\d{2}$/;

// All complaints are collected, so each rule applies only if the one before it is met.
const date = Joi.string()
  .pattern(DATE)
  .custom((value: string, helpers) =>
    DATE.test(value) && !isRealDate(value) ? helpers.error('date.real') : value,
  );

/** Nobody who works today was born before. */
const EARLIEST_BIRTH = '1850-01-01';

/** Digits and signs, three digits at least, and an extension after them. */
const PHONE = /^(?=(?:[^\d]*\d){3})[\d +().-]{3,}?(?: ?(?:x|ext\.?) ?\d{1,10})?$/i;

/** Before normalisation: full-width signs, and what looks like a space, a hyphen or a dot, or like nothing. */
const LOOK_ALIKE =
  '\\s.\\u00ad\\u00b7\\u200b-\\u200f\\u2010-\\u2015\\u2024\\u202a-\\u202e\\u2043\\u2060-\\u2064\\u2212\\u2219\\ufe58\\ufe63\\ufeff\\uff0d\\uff0e-';
const LETTER_OR_DIGIT = '[0-9A-Za-z\\uff10-\\uff19\\uff21-\\uff3a\\uff41-\\uff5a]';
const NATIONAL_ID_AS_SENT = new RegExp(`^[${LOOK_ALIKE}]*(?:${LETTER_OR_DIGIT}[${LOOK_ALIKE}]*){7,20}$`);
const DIGIT = '0-9\\uff10-\\uff19';
const PHONE_AS_SENT = new RegExp(
  `^(?=(?:[^${DIGIT}]*[${DIGIT}]){3})[${DIGIT}+()xXeEtT\\uff08\\uff09\\uff0b\\uff58${LOOK_ALIKE}]*$`,
);

/** The form of a provider taxonomy code of the NUCC, which is never a code of SNOMED CT. */
const NUCC = /^[0-9]{3}[0-9A-Z]{6}X$/i;

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
  interval: Joi.number().integer().min(1).max(MAX_INTERVAL).required(),
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
  name: Joi.object({ given: words(200).allow(null), family: words(200).allow(null) })
    .min(1)
    .allow(null)
    .description('The person’s name.'),
  nationalId: Joi.string()
    .pattern(/^[0-9A-Za-z]{7,20}$/)
    .meta(accepts(NATIONAL_ID_AS_SENT))
    .allow(null)
    .description(
      'National identity number: 7 to 20 letters and digits. Dots, spaces and hyphens between its groups are removed, leading zeros kept.',
    ),
  birthDate: date
    .custom((value: string, helpers) => {
      if (!DATE.test(value) || !isRealDate(value)) return value;
      if (value < EARLIEST_BIRTH) return helpers.error('date.early');
      return value >= today() ? helpers.error('date.past') : value;
    })
    .allow(null)
    .description('Date of birth, `YYYY-MM-DD`, 1850 or later.'),
  gender: Joi.valid(...GENDERS, null).description('Administrative gender.'),
  address: Joi.object({ text: lines(500).allow(null) })
    .min(1)
    .allow(null)
    .description('Postal address.'),
  phone: Joi.string()
    .pattern(PHONE)
    .custom((value: string, helpers) => (value.length > 30 ? helpers.error('string.max') : value))
    .meta({ ...accepts(PHONE_AS_SENT), maxLength: 30 })
    .allow(null)
    .description(
      '3 to 30 digits, spaces and the signs `-` `+` `(` `)` `.`, at least 3 of them digits, with an extension (`x23`, `ext. 23`) or without.',
    ),
  email: Joi.string()
    .email({ tlds: false })
    // The form has no control characters.
    .custom(sendable({ max: 254, control: NONE, joiners: false }))
    .meta({ maxLength: 254 })
    .allow(null)
    .description('E-mail address.'),
  role: line(100).allow(null).description('Role code, such as `doctor`.'),
  specialty: Joi.object({
    code: line(100),
    display: words(200).allow(null),
    system: Joi.string().uri().max(200).allow(null),
  })
    .min(1)
    .custom((value: unknown, helpers) =>
      NUCC.test(String(member(value, 'code'))) && member(value, 'system') === undefined
        ? helpers.error('specialty.system', { at: ['system'] })
        : value,
    )
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

/** The update as it arrives, after normalisation. */
export const patchSchema = Joi.object(MEMBERS).min(1).required();

const RULES = {
  abortEarly: false,
  convert: false,
  errors: { render: false },
} as const satisfies Joi.ValidationOptions;

/** Kept with its rules: joi merges what is given with each call anew. */
const STRICT = patchSchema.prefs(RULES);
const STRICT_MEMBERS = new Map<string, Joi.Schema>(
  Object.entries(MEMBERS).map(([name, schema]) => [name, schema.prefs(RULES)]),
);

/** What is wrong with an update, after normalisation; empty if nothing is. */
export function complaintsOf(update: unknown): readonly Joi.ValidationErrorItem[] {
  // Joi asks each of its members, also those that are not there: for one or two of fourteen that takes four times as long.
  return isObject(update) && hasOnlyGoodMembers(update) ? [] : (STRICT.validate(update).error?.details ?? []);
}

function hasOnlyGoodMembers(update: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(update);
  for (const name of names) {
    const schema = STRICT_MEMBERS.get(name);
    if (schema === undefined || schema.validate(update[name]).error !== undefined) return false;
  }
  return names.length > 0;
}

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

/** True if all blocks have what comparing needs; the rest of them may be wrong. */
function areComparable(blocks: readonly unknown[]): blocks is readonly AvailableTime[] {
  const isTime = (value: unknown) => typeof value === 'string' && TIME.test(value);
  return blocks.every(
    (item) =>
      isObject(item) &&
      Array.isArray(item.daysOfWeek) &&
      isTime(item.availableStartTime) &&
      isTime(item.availableEndTime) &&
      hasBounds(item.period) &&
      (item.recurrence === undefined || (hasBounds(item.recurrence) && repeats(item.recurrence))),
  );
}

function hasBounds(value: unknown): boolean {
  const isDate = (bound: unknown) =>
    bound === undefined || (typeof bound === 'string' && DATE.test(bound) && isRealDate(bound));
  return value === undefined || (isDate(member(value, 'start')) && isDate(member(value, 'end')));
}

function repeats(recurrence: unknown): boolean {
  const interval = member(recurrence, 'interval');
  const unit = member(recurrence, 'unit');
  return (
    typeof interval === 'number' &&
    Number.isInteger(interval) &&
    interval >= 1 &&
    interval <= MAX_INTERVAL &&
    RECURRENCE_UNITS.some((known) => known === unit)
  );
}

/** Two blocks overlap if they share a time and a date on which both hold. */
function overlap(a: AvailableTime, b: AvailableTime): boolean {
  return (
    a.availableStartTime < b.availableEndTime &&
    b.availableStartTime < a.availableEndTime &&
    a.daysOfWeek.some((day) => b.daysOfWeek.includes(day) && meetOn(day, a, b))
  );
}
