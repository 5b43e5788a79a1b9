/** The query of a request. Whatever of it is not understood refuses the request: a dry run must never become a real write. */
import type { Request } from 'express';
import type Joi from 'joi';
import { Problem } from '../problem';

/** Far above what any route knows. */
const MOST_PARAMETERS = 50;

/** A list is a parameter that is repeated, which no route takes. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

const NONE: Query = Object.freeze({});

/**
 * The parameters, decoded.
 * @throws Problem `malformed_request` for too many, one that cannot be decoded or holds a control character, and a fragment
 */
export function queryOf({ url }: Pick<Request, 'url'>): Query {
  if (url.includes('#')) throw malformed('A URL is sent without a fragment.');
  const start = url.indexOf('?');
  return start === -1 ? NONE : parseQuery(url.slice(start + 1));
}

function parseQuery(text: string): Query {
  if (text.split('&', MOST_PARAMETERS + 1).length > MOST_PARAMETERS) {
    throw malformed(`A query has at most ${MOST_PARAMETERS} parameters.`);
  }
  // What is no UTF-8 would be read as U+FFFD without a word; and no store takes a NUL.
  if (/\p{Cc}/u.test(decodeURIComponent(text))) throw malformed('A query holds no control characters.');
  const all = new URLSearchParams(text);
  return Object.fromEntries(
    [...all].map(([name, value]) => {
      const values = all.getAll(name);
      return [name, values.length === 1 ? value : values];
    }),
  );
}

/**
 * Refuses query parameters that a route does not have: a misspelt `?dryrun=true` must not become a real write.
 * @throws Problem `malformed_request`, also as `queryOf`
 */
export function refuseUnknownQuery(req: Request, known: readonly string[]): void {
  if (Object.keys(queryOf(req)).every((name) => known.includes(name))) return;
  const expected = known.length === 0 ? 'none' : known.join(', ');
  throw malformed(`There is an unknown query parameter. Known here: ${expected}.`);
}

/** @throws Problem `malformed_request` for anything but one `true` or `false` */
export function booleanQuery(req: Request, name: string): boolean {
  const value = queryOf(req)[name];
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw malformed(`The query parameter ${name} is either true or false.`);
}

/**
 * The parameters of a route with many, as its schema makes them.
 * @throws Problem `malformed_request` that names every bad parameter
 */
export function validQuery<T>(req: Request, schema: Joi.ObjectSchema<T>): T {
  const query = queryOf(req);
  const known = Object.keys(schema.describe().keys);
  const { error, value } = schema.validate(query, { abortEarly: false, errors: { render: false } });
  // The library passes over a member of the name `__proto__`.
  const unknown = Object.keys(query).filter((name) => !known.includes(name));
  if (error === undefined && unknown.length === 0) return value;
  const names = new Set([...(error?.details.map(({ path }) => path.join('.')) ?? []), ...unknown]);
  const wanted = [...names].flatMap((name) => {
    const words = known.includes(name) ? wantedBy(schema, name) : undefined;
    return words === undefined ? [] : [`${name} is ${words}`];
  });
  const said = [
    `Query parameters that cannot be used: ${[...names].map(printable).join(', ')}`,
    `Known here: ${known.join(', ')}`,
    ...(wanted.length > 0 ? [`Expected: ${wanted.join('; ')}`] : []),
  ];
  throw malformed(said.map((sentence) => `${sentence}.`).join(' '));
}

/** What a parameter may be, as far as a few words can say it: `1 to 200`, `active, inactive or on-leave`. */
function wantedBy(schema: Joi.ObjectSchema, name: string): string | undefined {
  const { type, allow, flags, rules = [] }: Wanted = schema.describe().keys[name] ?? {};
  const bound = (rule: string) => rules.find((item) => item.name === rule)?.args?.limit;
  const [least, most] = [bound('min'), bound('max')];
  if (flags?.only && allow) return allow.join(', ').replace(/, ([^,]+)$/, ' or $1');
  if (type === 'number' && most !== undefined) return `${least ?? 0} to ${most}`;
  return most === undefined ? undefined : `at most ${most} characters`;
}

/** What is needed of a library's description of a rule. */
interface Wanted {
  type?: string;
  allow?: readonly unknown[];
  flags?: { only?: boolean };
  rules?: readonly { name: string; args?: { limit?: unknown } }[];
}

/** A misspelt name is told back; anything that is not a plain word is not. */
function printable(name: string): string {
  return /^\w{1,40}$/.test(name) ? name : 'one with an unusual name';
}

/** A rule for numbers: only as people write them; `1e2` and `0x10` are slips. */
export function digits(value: number, helpers: Joi.CustomHelpers): number | Joi.ErrorReport {
  return /^\d+$/.test(String(helpers.original)) ? value : helpers.error('any.invalid');
}

function malformed(detail: string): Problem {
  return new Problem('malformed_request', detail);
}
