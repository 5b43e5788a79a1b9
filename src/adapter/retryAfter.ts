/** How long a vendor asks us to wait, from headers that may say anything. All results are whole seconds, 0 or more. */
import type { ErrorRule } from './contract';

type RetryAfter = NonNullable<ErrorRule['retryAfter']>;
type Headers = Parameters<RetryAfter>[0];

/** A longer wait than a month with some slack is taken for garbage, such as an epoch time in place of a duration. */
const MAX_SECONDS = 32 * 24 * 3600;

/** `Retry-After` (RFC 9110 section 10.2.3): seconds or an HTTP date; undefined where it is absent or neither. */
export const retryAfterHeader: RetryAfter = (headers, now) => {
  const value = headerText(headers, 'retry-after');
  return (
    secondsIn(value) ?? (value !== undefined && HTTP_DATE.test(value) ? secondsUntil(value, now) : undefined)
  );
};

const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** A header that holds a number of seconds. */
export function secondsHeader(headers: Headers, name: string): number | undefined {
  return secondsIn(headerText(headers, name));
}

/** A header that holds an ISO 8601 time, as seconds from now; a past time is 0. */
export function isoTimeHeader(headers: Headers, name: string, now: Date): number | undefined {
  const value = headerText(headers, name);
  return value !== undefined && ISO_TIME.test(value) ? secondsUntil(value, now) : undefined;
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

function secondsUntil(time: string, now: Date): number | undefined {
  return sane(Math.max(0, Math.ceil((Date.parse(time) - now.getTime()) / 1000)));
}

function sane(seconds: number): number | undefined {
  return seconds <= MAX_SECONDS ? seconds : undefined;
}
