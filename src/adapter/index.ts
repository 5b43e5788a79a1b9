/** All that adapters import, besides the schema library. */
export { isObject, member } from '../lib/json';
export {
  type AvailableTime,
  type Coding,
  DAYS,
  type Day,
  GENDERS,
  RECURRENCE_UNITS,
  type Recurrence,
  type RecurrenceUnit,
  SNOMED_CT,
  STATUSES,
} from '../staff/fields';
export * from './codecs';
export * from './codes';
export * from './contract';
export * from './dates';
export * from './fhir';
export * from './fields';
export * from './hours';
export * from './path';
export * from './read';
export * from './retryAfter';
export * from './settings';
