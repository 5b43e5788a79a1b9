import Joi from 'joi';
import type { DayHours, Recurrence, Shift } from './seeds';
import { type CobaltState, findFacility } from './store';

/** A PATCH body that passed its checks. */
export interface SentProvider {
  status?: string;
  hours?: DayHours[];
  hide_in_availability?: 'true' | 'false';
}

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

const time = Joi.string()
  .pattern(/^T([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/)
  .messages({ 'string.pattern.base': '{{#label}} must be in the format THH:MM:SS.' });

const dateTime = Joi.string()
  .pattern(/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/)
  .custom((value: string, helpers) => {
    const parsed = new Date(`${value}Z`);
    const real = !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(value);
    return real ? value : helpers.error('string.pattern.base');
  })
  .messages({ 'string.pattern.base': '{{#label}} must be in ISO 8601 format.' });

const recurrence = Joi.object<Recurrence>({
  rec_start_date: dateTime,
  rec_end_date: dateTime,
  // No list of interval types is given anywhere, so any word is taken.
  recur_interval_type: Joi.string().min(1),
  recur_interval_amount: Joi.number().integer().min(1),
  recur_interval_description: Joi.string().allow(''),
});

/** Only `start` and `end` are certain: the sources do not say which members of a shift are required. */
const shift = Joi.object<Shift>({
  start: time.required(),
  end: time.required(),
  facility_id: Joi.string().min(1),
  set_start_date: dateTime,
  set_end_date: dateTime,
  set_recur: recurrence,
});

const hours = Joi.array().items(
  Joi.object({
    day: Joi.valid(...DAYS).required(),
    shifts: Joi.array().items(shift).required(),
  }),
);

// `i`: the status is case-insensitive (cobalt.md section 2).
const status = Joi.string().pattern(/^(active|inactive)$/i);

const providerSchema = Joi.object({ status, hours }).min(1).required();
const hideableProviderSchema = providerSchema.keys({ hide_in_availability: Joi.valid('true', 'false') });
const locationSchema = Joi.object({ status: status.required() }).required();

/** What is wrong with a provider PATCH; undefined if nothing is. No literal text is in any source. */
export function providerProblem(body: unknown, state: CobaltState): string | undefined {
  const schema = state.settings.hideInAvailability ? hideableProviderSchema : providerSchema;
  const problem = firstProblem(schema, body);
  if (problem !== undefined || !isSentProvider(body)) return problem;
  for (const day of body.hours ?? []) {
    const unknown = day.shifts.find((one) => one.facility_id && !findFacility(state, one.facility_id));
    if (unknown) return `Facility '${unknown.facility_id}' was not found in your organization's locations.`;
  }
  return undefined;
}

/** The shape of a provider body, whatever the settings. */
export function isSentProvider(body: unknown): body is SentProvider {
  return firstProblem(hideableProviderSchema, body) === undefined;
}

/** What is wrong with a location PATCH; undefined if nothing is. */
export function locationProblem(body: unknown): string | undefined {
  return firstProblem(locationSchema, body);
}

/** The shape of a location body. */
export function isSentLocation(body: unknown): body is { status: string } {
  return locationProblem(body) === undefined;
}

function firstProblem(schema: Joi.Schema, body: unknown): string | undefined {
  const { error } = schema.validate(body, { convert: false, errors: { wrap: { label: "'" } } });
  return error?.details[0]?.message;
}
