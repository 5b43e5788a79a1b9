/** One operation of the document, and what operations have in common. */
import type { Schema } from 'joi';
import type { Scope } from '../../../config/types';
import { isObject } from '../../../lib/json';
import type { ProblemCode } from '../../../problem';
import { headerRef, parameterRef, successHeaders } from '../answers';
import { jsonSchemaOf, type Part } from '../joiSchema';

export interface Operation {
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
export function answer(
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
export const OF_A_CALLER: readonly ProblemCode[] = [
  'malformed_request',
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'internal_error',
  'gateway_unavailable',
];

/** What a call without a key may be answered. */
export const OF_NOBODY: readonly ProblemCode[] = ['malformed_request', 'rate_limited', 'gateway_unavailable'];

export const OF_A_BODY: readonly ProblemCode[] = [
  'payload_too_large',
  'unsupported_media_type',
  'validation_failed',
];

export const OF_A_READ: readonly ProblemCode[] = [
  'staff_not_found',
  'vendor_credentials_rejected',
  'vendor_unexpected_response',
  'vendor_unavailable',
  'vendor_rate_limited',
  'vendor_timeout',
];

export const ETAG = { ETag: headerRef('ETag') };
export const REQUEST_ID = parameterRef('RequestId');
export const STAFF_ID = parameterRef('StaffId');
export const VENDOR = parameterRef('Vendor');

/** The query of a list, from the schema that checks it. */
export function queryParameters(querySchema: Schema): Part[] {
  const { properties } = jsonSchemaOf(querySchema, { rules: 'strict' });
  return Object.entries(isObject(properties) ? properties : {}).map(([name, property]) => {
    const { description, ...schema } = isObject(property) ? property : {};
    return { name, in: 'query', description, schema };
  });
}
