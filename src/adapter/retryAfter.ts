/** How long a vendor asks us to wait, from headers that may say anything. All results are whole seconds, 0 or more. */
import type { ErrorRule } from './contract';

type RetryAfter = NonNullable<ErrorRule['retryAfter']>;
type Headers = Parameters<RetryAfter>[0];

/** A longer wait than a month with some slack is taken for garbage, such as an epoch time in place of a duration. */
const MAX_SECONDS = 32 * 24 * 3600;

/**
 * `Retry-After` (RFC 9110 section 10.2.3): seconds or an HTTP date; undefined where it is absent or neither. A date is of the
 * clock that wrote it, so it counts from the `Date` of the same answer.
 * @param now our own time, for an answer without a `Date`
 */
export const retryAfterHeader: RetryAfter = (headers, now) => {
  const value = headerText(headers, 'retry-after');
  return secondsIn(value) ?? secondsBetween(theirTime(headers, now), httpDate(value));
};

/** The three forms of RFC 9110 section 5.6.7; the last one has no zone and means UTC. */
const HTTP_DATES = [
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** A header that holds a number of seconds. */
export function secondsHeader(headers: Headers, name: string): number | undefined {
  return secondsIn(headerText(headers, name));
}

/** A header that holds an ISO 8601 time, as seconds from the answer's `Date`, or else from now; a past time is 0. */
export function isoTimeHeader(headers: Headers, name: string, now: Date): number | undefined {
  const value = headerText(headers, name);
  const time = value !== undefined && ISO_TIME.test(value) ? Date.parse(value) : undefined;
  return secondsBetween(theirTime(headers, now), time);
}

/** Seconds until the first of the next month, UTC. */
export function secondsUntilNextMonth(now: Date): number {
  return Math.ceil((Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - now.getTime()) / 1000);
}

function headerText(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value)?.trim();
}

function secondsIn(value: string | undefined): number | undefined {
  // Fractions are not in the standard but are sent; they are rounded up.
  return value !== undefined && /^\d{1,12}(\.\d{1,9})?$/.test(value)
    ? sane(Math.ceil(Number(value)))
    : undefined;
}

/** Milliseconds since the epoch: what the answer's clock said when it was made. */
function theirTime(headers: Headers, now: Date): number {
  return httpDate(headerText(headers, 'date')) ?? now.getTime();
}

function httpDate(value: string | undefined): number | undefined {
  if (value === undefined || !HTTP_DATES.some((form) => form.test(value))) return undefined;
  const time = Date.parse(value.endsWith(' GMT') ? value : `${value} GMT`);
  return Number.isNaN(time) ? undefined : time;
}

function secondsBetween(from: number, to: number | undefined): number | undefined {
  return to === undefined ? undefined : sane(Math.max(0, Math.ceil((to - from) / 1000)));
}

function sane(seconds: number): number | undefined {
  return seconds <= MAX_SECONDS ? seconds : undefined;
}
