/** Every route with what it takes and what it may answer. A test compares this list with the routes of the application. */
import type { Schema } from 'joi';
import type { Scope } from '../../config/types';
import { isObject } from '../../lib/json';
import type { ProblemCode } from '../../problem';

import { changesQuerySchema } from '../routes/changes';
import { staffQuerySchema } from '../routes/staffList';
import { headerRef, parameterRef, problemAnswers, successHeaders } from './answers';
import { exampleRefs } from './examples';
import { jsonSchemaOf, type Part } from './joiSchema';
import { ref } from './schemas';

interface Operation {
  method: 'get' | 'patch' | 'put' | 'post' | 'delete';
  path: string;
  id: string;
  tag: string;
  summary: string;
  description: string;
  /** Absent: no key is needed. */
  scope?: Scope;
  parameters?: readonly Part[];
  body?: Part;
  /** By status. */
  success: Readonly<Record<string, Part>>;
  problems: readonly ProblemCode[];
}

/** A success with a JSON body. */
function answer(
  description: string,
  schema: Part,
  examples: Part,
  {
    headers = {},
    authenticated = true,
    content = {},
  }: { headers?: Part; authenticated?: boolean; content?: Part } = {},
): Part {
  return {
    description,
    headers: successHeaders(authenticated, headers),
    content: { 'application/json': { schema, examples }, ...content },
  };
}

/** What any call of a caller may be answered. */
const OF_A_CALLER: readonly ProblemCode[] = [
  'malformed_request',
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'internal_error',
  'gateway_unavailable',
];

/** What a call without a key may be answered. */
const OF_NOBODY: readonly ProblemCode[] = ['malformed_request', 'rate_limited', 'gateway_unavailable'];

const OF_A_BODY: readonly ProblemCode[] = [
  'payload_too_large',
  'unsupported_media_type',
  'validation_failed',
];

const OF_A_READ: readonly ProblemCode[] = [
  'staff_not_found',
  'vendor_credentials_rejected',
  'vendor_unexpected_response',
  'vendor_unavailable',
  'vendor_rate_limited',
  'vendor_timeout',
];

const ETAG = { ETag: headerRef('ETag') };
const REQUEST_ID = parameterRef('RequestId');
const STAFF_ID = parameterRef('StaffId');

const OPERATIONS: readonly Operation[] = [
  {
    method: 'patch',
    path: '/staff/{id}',
    id: 'updateStaff',
    tag: 'Staff',
    summary: 'Update a staff member',
    description:
      'Carries the update out at the vendor that holds the record, and answers with a receipt: one row for each top-level ' +
      'member that was sent. Strict handling, the default, refuses an update with a field that the vendor cannot hold, names ' +
      'all of them, and sends nothing.',
    scope: 'staff:write',
    parameters: [
      STAFF_ID,
      parameterRef('DryRun'),
      parameterRef('Prefer'),
      parameterRef('IfMatch'),
      parameterRef('IdempotencyKey'),
      REQUEST_ID,
    ],
    body: {
      required: true,
      content: Object.fromEntries(
        ['application/merge-patch+json', 'application/json'].map((type) => [
          type,
          {
            schema: ref('StaffPatch'),
            examples: exampleRefs('statusPatch', 'contactPatch', 'hoursPatch'),
          },
        ]),
      ),
    },
    success: {
      200: answer(
        'Carried out, or with `dryRun=true` shown.',
        ref('UpdateAnswer'),
        exampleRefs('updated', 'dryRun'),
        {
          headers: {
            ...ETAG,
            'Preference-Applied': headerRef('PreferenceApplied'),
            'Idempotency-Replayed': headerRef('IdempotencyReplayed'),
          },
        },
      ),
      202: answer(
        'Queued: asked for with `Prefer: respond-async`, or because the vendor is down and the clinic queues.',
        ref('AcceptedAnswer'),
        exampleRefs('accepted'),
        {
          headers: {
            Location: headerRef('Location'),
            'Preference-Applied': headerRef('PreferenceApplied'),
            'Idempotency-Replayed': headerRef('IdempotencyReplayed'),
          },
        },
      ),
    },
    problems: [
      ...OF_A_CALLER,
      ...OF_A_BODY,
      ...OF_A_READ,
      'conflict',
      'idempotency_in_progress',
      'precondition_failed',
      'precondition_required',
      'unsupported_field',
      'unmapped_code',
      'not_clearable',
      'stored_value_invalid',
      'vendor_rejected',
      'idempotency_key_reused',
      'write_not_confirmed',
      'clinic_is_moving',
    ],
  },
  {
    method: 'get',
    path: '/staff/{id}',
    id: 'readStaff',
    tag: 'Staff',
    summary: 'Read a staff member',
    description:
      'Reads the record at the vendor that holds it. With `Accept: application/fhir+json` the answer is an FHIR R4 ' +
      '`PractitionerRole` with a contained `Practitioner`; its `ETag` is the weak form of the same, which ' +
      'as it is cannot be used as `If-Match`.',
    scope: 'staff:read',
    parameters: [STAFF_ID, parameterRef('IfNoneMatch'), REQUEST_ID],
    success: {
      200: answer('The record.', ref('StaffAnswer'), exampleRefs('staff'), {
        headers: ETAG,
        content: {
          'application/fhir+json': {
            schema: ref('PractitionerRole'),
            examples: exampleRefs('fhir'),
          },
        },
      }),
      304: {
        description: 'Not modified: the record has an entity tag that `If-None-Match` names.',
        headers: successHeaders(true, ETAG),
      },
    },
    problems: [...OF_A_CALLER, ...OF_A_READ],
  },
  {
    method: 'get',
    path: '/staff',
    id: 'listStaff',
    tag: 'Staff',
    summary: 'List and search the staff',
    description:
      'The clinic’s staff as its vendor holds them, by pages; filters compose. The vendor’s list is read whole, within its ' +
      'limits, and kept for a short while (`meta.source`, `meta.asOf`); with `Cache-Control: no-cache` it is read anew. ' +
      'A list that could not be read to its end is a problem, never a part of it. A filter on a field that the vendor does not ' +
      'show is refused. With `Accept: application/fhir+json` the answer is a searchset `Bundle`.',
    scope: 'staff:read',
    parameters: [...queryParameters(staffQuerySchema), parameterRef('CacheControl'), REQUEST_ID],
    success: {
      200: answer('A page.', ref('StaffListAnswer'), exampleRefs('staffList'), {
        content: {
          'application/fhir+json': { schema: ref('Bundle'), examples: exampleRefs('fhirBundle') },
        },
      }),
    },
    problems: [
      ...OF_A_CALLER,
      ...OF_A_READ.filter((code) => code !== 'staff_not_found' && code !== 'vendor_timeout'),
      'not_found',
      'cursor_expired',
      'unsupported_field',
    ],
  },
  {
    method: 'get',
    path: '/capabilities',
    id: 'readCapabilities',
    tag: 'Staff',
    summary: 'What your clinic can read and write',
    description:
      'For each field, whether it can be read and written, with the allowed values, and the reason if not.',
    scope: 'staff:read',
    parameters: [REQUEST_ID],
    success: {
      200: answer('All fields.', ref('CapabilitiesAnswer'), exampleRefs('capabilities')),
    },
    problems: OF_A_CALLER,
  },
  {
    method: 'get',
    path: '/staff/{id}/links',
    id: 'listLinks',
    tag: 'Links',
    summary: 'Which vendor records a staff id is linked to',
    description: 'One row for each vendor. Empty if there is none.',
    scope: 'staff:read',
    parameters: [STAFF_ID, REQUEST_ID],
    success: { 200: answer('The links.', ref('LinksAnswer'), exampleRefs('links')) },
    problems: [...OF_A_CALLER, 'staff_not_found'],
  },
  {
    method: 'put',
    path: '/staff/{id}/links/{vendor}',
    id: 'putLink',
    tag: 'Links',
    summary: 'Link a staff id to a vendor record',
    description:
      'Replaces the link to this vendor, if there is one. A vendor record belongs to one staff id only. Possible at the clinic’s own ' +
      'connection, and, to prepare a switch, at those that the operator has named for it; never at one that other clinics have a ' +
      'part in. The vendor is asked for the record, which has to have exactly this id.',
    scope: 'links:write',
    parameters: [STAFF_ID, parameterRef('Vendor'), REQUEST_ID],
    body: {
      required: true,
      content: {
        'application/json': { schema: ref('NewLink'), examples: exampleRefs('newLink') },
      },
    },
    success: {
      200: answer('Replaced, or already so.', ref('LinkAnswer'), exampleRefs('link')),
      201: answer('New.', ref('LinkAnswer'), exampleRefs('link')),
    },
    problems: [...OF_A_CALLER, ...OF_A_BODY, ...OF_A_READ, 'not_found', 'conflict'],
  },
  {
    method: 'delete',
    path: '/staff/{id}/links/{vendor}',
    id: 'deleteLink',
    tag: 'Links',
    summary: 'Remove a link',
    description: 'The vendor’s record stays as it is.',
    scope: 'links:write',
    parameters: [STAFF_ID, parameterRef('Vendor'), REQUEST_ID],
    success: { 204: { description: 'Removed.', headers: successHeaders(true) } },
    problems: [...OF_A_CALLER, 'staff_not_found', 'not_found'],
  },
  {
    method: 'get',
    path: '/operations/{id}',
    id: 'readOperation',
    tag: 'Operations',
    summary: 'The state of a queued update',
    description: 'Every attempt and, once it has ended, the answer that the update would have had.',
    scope: 'staff:read',
    parameters: [parameterRef('OperationId'), REQUEST_ID],
    success: {
      200: answer('The operation.', ref('OperationAnswer'), exampleRefs('operation')),
    },
    problems: [...OF_A_CALLER, 'not_found'],
  },
  {
    method: 'post',
    path: '/operations/{id}/retry',
    id: 'retryOperation',
    tag: 'Operations',
    summary: 'Try a dead operation again',
    description:
      'Only one whose status is `dead`; the next attempt reads the record before it sends anything.',
    scope: 'staff:write',
    parameters: [parameterRef('OperationId'), REQUEST_ID],
    success: {
      202: answer('Queued again.', ref('OperationAnswer'), exampleRefs('retried'), {
        headers: { Location: headerRef('Location') },
      }),
    },
    problems: [...OF_A_CALLER, 'not_found', 'conflict'],
  },
  {
    method: 'get',
    path: '/changes',
    id: 'listChanges',
    tag: 'Audit',
    summary: 'Who changed what, and with what result',
    description:
      'The clinic’s part of the audit, newest first: as pages, or with `Accept: application/x-ndjson` as a stream of lines. ' +
      'Without `kind` only updates: every valid one that was carried out or refused. `kind` asks for other rows, such as dry runs, ' +
      'changed links and refusals. Never listed: what was refused as not valid before a vendor was looked for, answers given again ' +
      'for a key, and what was refused instead of being queued.',
    scope: 'changes:read',
    parameters: [...queryParameters(changesQuerySchema), REQUEST_ID],
    success: {
      200: answer('A page, or the stream.', ref('ChangesAnswer'), exampleRefs('changes'), {
        content: {
          'application/x-ndjson': {
            schema: { type: 'string', description: 'One `Change` a line, as JSON.' },
          },
        },
      }),
    },
    problems: OF_A_CALLER,
  },
  {
    method: 'get',
    path: '/problems/{code}',
    id: 'explainProblem',
    tag: 'Service',
    summary: 'What a problem code means',
    description: 'The page behind the `type` of a problem.',
    parameters: [parameterRef('ProblemCode')],
    success: {
      200: answer('The explanation.', ref('ProblemKind'), exampleRefs('problemKind'), {
        authenticated: false,
      }),
    },
    problems: [...OF_NOBODY, 'not_found'],
  },
  {
    method: 'get',
    path: '/.well-known/jwks.json',
    id: 'readKeys',
    tag: 'Service',
    summary: 'The public keys of the gateway',
    description: 'For vendors at which the gateway signs itself in. 404 if there is none.',
    success: {
      200: answer('A JSON Web Key Set (RFC 7517).', ref('KeySet'), exampleRefs('keySet'), {
        authenticated: false,
      }),
    },
    problems: [...OF_NOBODY, 'not_found'],
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'readOpenApi',
    tag: 'Service',
    summary: 'This document',
    description: 'OpenAPI 3.1.',
    success: {
      200: {
        description: 'The document.',
        headers: successHeaders(false, ETAG),
        content: { 'application/json': { schema: { type: 'object', additionalProperties: true } } },
      },
      304: {
        description: 'As you know it: `If-None-Match` named its `ETag`.',
        headers: successHeaders(false, ETAG),
      },
    },
    problems: OF_NOBODY,
  },
  {
    method: 'get',
    path: '/healthz',
    id: 'isAlive',
    tag: 'Service',
    summary: 'Is the process alive?',
    description: 'For the platform that runs the gateway.',
    success: {
      200: answer('Yes.', ref('Health'), exampleRefs('alive'), { authenticated: false }),
    },
    problems: OF_NOBODY,
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'isReady',
    tag: 'Service',
    summary: 'Can the gateway take requests?',
    description:
      'A vendor’s outage, or a configuration file that is refused, does not make the gateway unready.',
    success: {
      200: answer('Yes.', ref('Readiness'), exampleRefs('ready'), { authenticated: false }),
      503: answer(
        'No: starting, stopping, or without its store.',
        ref('Readiness'),
        exampleRefs('notReady'),
        {
          authenticated: false,
        },
      ),
    },
    problems: OF_NOBODY,
  },
];

/** The query of a list, from the schema that checks it. */
function queryParameters(querySchema: Schema): Part[] {
  const { properties } = jsonSchemaOf(querySchema, { rules: 'strict' });
  return Object.entries(isObject(properties) ? properties : {}).map(([name, property]) => {
    const { description, ...schema } = isObject(property) ? property : {};
    return { name, in: 'query', description, schema };
  });
}

export function paths(): Record<string, Part> {
  const result: Record<string, Record<string, Part>> = {};
  for (const operation of OPERATIONS) {
    const path = result[operation.path] ?? {};
    path[operation.method] = describe(operation);
    result[operation.path] = path;
  }
  return result;
}

function describe({
  id,
  tag,
  summary,
  description,
  scope,
  parameters,
  body,
  success,
  problems,
}: Operation): Part {
  const needed = scope === undefined ? '' : `\n\nNeeds the scope \`${scope}\`.`;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: description + needed,
    security: scope === undefined ? [] : [{ apiKey: [] }, { accessToken: [] }],
    ...(parameters && { parameters }),
    ...(body && { requestBody: body }),
    responses: { ...success, ...problemsOf(problems, scope !== undefined, success) },
  };
}

/** Problem answers; one whose status is also one of the operation's own is beside it under its media type. */
function problemsOf(
  codes: readonly ProblemCode[],
  authenticated: boolean,
  success: Readonly<Record<string, Part>>,
): Record<string, Part> {
  return Object.fromEntries(
    Object.entries(problemAnswers(codes, authenticated)).map(([status, { name, response }]) => {
      const own = success[status];
      if (own === undefined) return [status, { $ref: `#/components/responses/${name}` }];
      const content = { ...objectOf(own.content), ...objectOf(response.content) };
      return [status, { ...own, content }];
    }),
  );
}

/** For `components/responses`: the problem answers of all operations. */
export function responses(): Record<string, Part> {
  const all = OPERATIONS.flatMap(({ problems, scope, success }) =>
    Object.entries(problemAnswers(problems, scope !== undefined)).filter(([status]) => !(status in success)),
  );
  return Object.fromEntries(all.map(([, { name, response }]) => [name, response]));
}

function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** The routes that the document describes, as the application names them: `GET /staff/:id`. */
export function documentedRoutes(): string[] {
  return Object.entries(paths()).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  );
}
