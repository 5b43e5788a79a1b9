/** All that adapters import, besides the schema library. */
export { canonicalJson, isObject, member } from '../lib/json';
export type { AvailableTime, Coding, Day, Recurrence, RecurrenceUnit } from '../staff/fields';
export { DAYS, GENDERS, RECURRENCE_UNITS, STATUSES } from '../staff/fields';
export { plainText } from '../staff/spelling';
export * from './codecs';
export * from './codes';
export * from './contract';
export * from './fhir';
export * from './fhirElements';
export * from './fhirErrors';
export * from './fhirFields';
export * from './fhirServer';
export * from './fields';
export {
  type BearerCredentials,
  bearerCredentials,
  CLIENT_AUTHENTICATIONS,
  type ClientAuthentication,
  clientLogin,
  clientOf,
  publicKeysOf,
} from './oauth';
export * from './path';
export * from './resources';
export * from './retryAfter';
export * from './settings';
export * from './time';
