/** The parts that all operations share: problem answers from the error table, headers, parameters. */

import { PROBLEMS, type ProblemCode } from '../../problem';
import { STAFF_ID } from '../../staff/id';
import { exampleRefs } from './examples';
import type { Part } from './joiSchema';
import { ref } from './schemas/parts';

const header = (description: string, schema: Part = { type: 'string' }, required = false): Part => ({
  description,
  schema,
  ...(required && { required }),
});

export const HEADERS: Readonly<Record<string, Part>> = {
  RequestId: header(
    'The request’s id: the one that was sent, if it was usable, or a new one.',
    { type: 'string' },
    true,
  ),
  ETag: header(
    'Strong entity tag of the canonical record. Send it as `If-Match`. Absent if the vendor does not show the whole record: then `GET` again. The FHIR form has the weak form of it.',
  ),
  PreferenceApplied: header('Which of the preferences were honoured.'),
  IdempotencyReplayed: header('`true`: this is the answer to the first request with the same key.', {
    type: 'string',
    enum: ['true'],
  }),
  Location: header('Where to follow the operation.', { type: 'string', format: 'uri-reference' }, true),
  RetryAfter: header('Seconds until it makes sense to try again.', { type: 'string', pattern: '^[0-9]+$' }),
  RetryAfterAlways: header(
    'Seconds until it makes sense to try again.',
    { type: 'string', pattern: '^[0-9]+$' },
    true,
  ),
  RateLimit: header(
    'What is left of this caller’s limit, if it has one: `"caller";r=<requests>;t=<seconds>`.',
  ),
  RateLimitPolicy: header('This caller’s limit, if it has one: `"caller";q=<requests>;w=<seconds>`.'),
  WwwAuthenticate: header('How to authenticate.', { type: 'string' }, true),
  AcceptPatch: header('The media types that are read.', { type: 'string' }, true),
};

export const headerRef = (name: keyof typeof HEADERS): Part => ({ $ref: `#/components/headers/${name}` });

/** On every answer. */
const ALWAYS = { 'X-Request-Id': headerRef('RequestId') };

/** On every answer to a caller that was recognised. */
const OF_A_CALLER = { RateLimit: headerRef('RateLimit'), 'RateLimit-Policy': headerRef('RateLimitPolicy') };

/** Headers that answers with a status carry besides. */
const OF_STATUS: Readonly<Record<string, Part>> = {
  401: { 'WWW-Authenticate': headerRef('WwwAuthenticate') },
  409: { 'Retry-After': headerRef('RetryAfter') },
  412: { ETag: headerRef('ETag') },
  415: { 'Accept-Patch': headerRef('AcceptPatch') },
  429: { 'Retry-After': headerRef('RetryAfterAlways') },
  503: { 'Retry-After': headerRef('RetryAfterAlways') },
};

/** The answer that some codes of one status share, under its name in `components/responses`. */
interface ProblemAnswer {
  name: string;
  response: Part;
}

/** By status: one answer for each that the codes have, with the codes as an enumeration and an example of each. */
export function problemAnswers(
  codes: readonly ProblemCode[],
  authenticated: boolean,
): Record<string, ProblemAnswer> {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => PROBLEMS[code].status === status);
      const name = [...own].sort().join('-') + (authenticated ? '' : '-open');
      return [String(status), { name, response: problemResponse(status, own, authenticated) }];
    }),
  );
}

function problemResponse(status: number, codes: readonly ProblemCode[], authenticated: boolean): Part {
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join('\n\n'),
    headers: {
      ...ALWAYS,
      ...(authenticated && status !== 401 && OF_A_CALLER),
      ...OF_STATUS[status],
    },
    content: {
      'application/problem+json': {
        schema: {
          ...ref('Problem'),
          properties: { code: codes.length === 1 ? { const: codes[0] } : { enum: codes } },
        },
        examples: exampleRefs(...codes),
      },
    },
  };
}

/** The headers of a success. */
export function successHeaders(authenticated: boolean, more: Part = {}): Part {
  return { ...ALWAYS, ...(authenticated && OF_A_CALLER), ...more };
}

export const PARAMETERS: Readonly<Record<string, Part>> = {
  StaffId: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'The staff id: yours if the clinic uses links, else the vendor’s own.',
    schema: { type: 'string', pattern: STAFF_ID.source },
    example: 'st-42',
  },
  Vendor: {
    name: 'vendor',
    in: 'path',
    required: true,
    description: 'Name of the vendor connection, as `GET /capabilities` shows it.',
    schema: { type: 'string' },
    example: 'clinic-system',
  },
  OperationId: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'Id of the operation, as the 202 answer gave it.',
    schema: { type: 'string', format: 'uuid' },
    example: '0c7e6f52-1c0b-4a0f-9a55-0a7d3a3c9b11',
  },
  ProblemCode: {
    name: 'code',
    in: 'path',
    required: true,
    description: 'A problem code.',
    schema: ref('ProblemCode'),
    example: 'unsupported_field',
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description:
      'Your own id of the request, 1 to 64 letters, digits and `. _ -`. It is in the answer, the logs and the audit.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
  },
  DryRun: {
    name: 'dryRun',
    in: 'query',
    description:
      '`true`: nothing is sent to be written. The answer shows the vendor request and the receipt that it would give at best. ' +
      'The vendor is asked whether the record exists only if the update needs a read. `Idempotency-Key` and ' +
      '`respond-async` are ignored.',
    schema: { type: 'boolean' },
  },
  Prefer: {
    name: 'Prefer',
    in: 'header',
    description:
      'Wishes (RFC 7240), separated by commas: `handling=lenient` drops fields that the vendor cannot hold instead of refusing ' +
      'the update (a field that cannot be cleared, and an update with nothing left to send, are still refused); `return=minimal` leaves `data` out; `respond-async` queues the update and answers 202. What was honoured is ' +
      'in `Preference-Applied`.',
    schema: { type: 'string' },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The `ETag` of the record that the update was made for, as `GET` gave it. If it has changed since, the answer is 412. A ' +
      'weak one, `W/"…"`, never matches.',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description:
      'Entity tags that you know, separated by commas, or `*`. If the record has one of them, it is not sent again: 304.',
    schema: { type: 'string' },
  },
  CacheControl: {
    name: 'Cache-Control',
    in: 'header',
    description: '`no-cache`: the vendor is asked anew. It means nothing to a request with a `cursor`.',
    schema: { type: 'string' },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'A new random text for each new update, the same one when it is sent again; in quotes (RFC 8941) or without. The update is then carried out once, ' +
      'and every repetition is answered as the first one was. A key counts per caller, method and path. An update that is ' +
      'refused as not valid does not use it up. A dry run ignores it.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
};

export const parameterRef = (name: keyof typeof PARAMETERS): Part => ({
  $ref: `#/components/parameters/${name}`,
});
