/**
 * What a caller may not read it does not learn by writing either: without the right to read, every answer shows only members
 * that the request sent.
 */
import type { ShownRequest } from '../connection/connection';
import { isObject, member, sameJson } from '../lib/json';
import { topLevelOf } from '../staff/fields';
import type { CanonicalPatch } from '../staff/patch';
import { withoutNulls } from './admit';
import type { Plan, Target } from './plan';
import type { UpdateRequest, UpdateResponse } from './request';

/** The answer as this caller may see it. Also for answers that are given again: the right may be gone since. */
export function visibleTo(
  { mayRead = true, patch }: Pick<UpdateRequest, 'mayRead' | 'patch'>,
  response: UpdateResponse,
): UpdateResponse {
  if (mayRead) return response;
  const { etag: _, ...headers } = response.headers;
  return {
    ...response,
    headers,
    body: response.status < 400 ? success(response, patch) : problem(response, patch),
  };
}

function success({ body }: UpdateResponse, patch: CanonicalPatch): Record<string, unknown> {
  const { data, meta } = body;
  return {
    ...body,
    ...(isObject(data) && { data: sentMembers(data, meta, patch) }),
    ...(isObject(meta) && { meta: { ...meta, ...warningsIn(meta, patch) } }),
  };
}

/** Of an accepted update, which is an operation, everything; of a record the id and what was sent. */
function sentMembers(
  data: Record<string, unknown>,
  meta: unknown,
  patch: CanonicalPatch,
): Record<string, unknown> {
  if ('createdAt' in data) return data;
  const receipt = member(meta, 'receipt');
  const rows = Array.isArray(receipt) ? receipt : [];
  const shown = Object.entries(data).flatMap(([name, value]): [string, unknown][] => {
    if (name === 'id') return [[name, value]];
    const row = rows.find((item) => member(item, 'pointer') === `/${name}`);
    return isTaken(name, value, row, patch) ? [[name, takenParts(name, value, row, patch)]] : [];
  });
  return Object.fromEntries(shown);
}

/** What was sent and dropped is not shown: that the vendor cannot hold it leaves what is stored in its place. */
function isTaken(name: string, value: unknown, row: unknown, { members, changes }: CanonicalPatch): boolean {
  if (!members.includes(name) || member(row, 'outcome') === 'dropped') return false;
  const change = changes.find(({ field }) => field === name);
  return change === undefined || isObject(value) || isSure(row) || sameJson(change.value, value);
}

/** The same of a value with members: of a name one half may have been dropped, and the row says so in its detail. */
function takenParts(name: string, value: unknown, row: unknown, patch: CanonicalPatch): unknown {
  const parts = sentParts(name, value, patch);
  if (!isObject(parts) || isSure(row)) return parts;
  const sent = (part: string) => {
    const whole = patch.changes.find(({ field }) => field === name)?.value;
    return isObject(whole)
      ? whole[part]
      : patch.changes.find(({ field }) => field === `${name}.${part}`)?.value;
  };
  return Object.fromEntries(Object.entries(parts).filter(([part, shown]) => sameJson(sent(part), shown)));
}

/** Nothing but the outcome is to be said of it: all that was sent was taken. */
function isSure(row: unknown): boolean {
  return member(row, 'detail') === undefined;
}

/** Of a value with members, those that were sent: the others are what was stored. */
function sentParts(name: string, value: unknown, { changes }: CanonicalPatch): unknown {
  if (!isObject(value)) return value;
  const sent = changes.filter(({ field }) => topLevelOf(field) === name);
  const parts = sent.flatMap(({ field, value: part }) =>
    field === name
      ? isObject(part)
        ? Object.keys(part)
        : Object.keys(value)
      : [field.slice(name.length + 1)],
  );
  return Object.fromEntries(Object.entries(value).filter(([part]) => parts.includes(part)));
}

function warningsIn(meta: Record<string, unknown>, patch: CanonicalPatch): Record<string, unknown> {
  const { warnings } = meta;
  return Array.isArray(warnings) ? { warnings: warnings.filter((item) => isAboutSent(item, patch)) } : {};
}

function isAboutSent(item: unknown, { members }: CanonicalPatch): boolean {
  const pointer = member(item, 'pointer');
  return typeof pointer !== 'string' || pointer === '' || members.includes(pointer.split('/')[1] ?? '');
}

/** That a field which was not sent is in the way is told, which one it is not. */
function problem({ body }: UpdateResponse, patch: CanonicalPatch): Record<string, unknown> {
  const { errors } = body;
  if (!Array.isArray(errors)) return body;
  const about = errors.filter((item) => isAboutSent(item, patch));
  const own = about.map(withoutStored);
  const other = errors.find((item) => !about.includes(item));
  if (other === undefined) return { ...body, errors: own };
  const hidden = {
    pointer: '',
    code: String(member(other, 'code')),
    detail: 'It is about a field that was not sent; the scope staff:read is needed to see which.',
  };
  // The vendor's own words may name the field.
  const { vendor, ...rest } = body;
  const { message: _, code: __, ...told } = isObject(vendor) ? vendor : {};
  return {
    ...rest,
    ...(isObject(vendor) && { vendor: told }),
    detail: 'Something that is stored is in the way of the update.',
    errors: [...own, hidden],
  };
}

/** Which part of what is stored cannot be cleared is not told. */
function withoutStored(error: unknown): unknown {
  return isObject(error) && error.code === 'not_clearable'
    ? { ...error, detail: 'The vendor cannot clear it, or a part of it that is stored.' }
    : error;
}

/** The vendor's request of a dry run: whole records hold what was stored besides what was sent. */
export function visibleRequest(
  { mayRead = true, patch }: Pick<UpdateRequest, 'mayRead' | 'patch'>,
  shown: ShownRequest,
  { targets }: Plan,
  resource: string | undefined,
): ShownRequest {
  const { body, ...rest } = shown;
  if (mayRead || body === undefined) return shown;
  // What an array or an item of it says, no table tells.
  if (!isObject(body)) return rest;
  const sent = Object.entries(body).flatMap(([key, value]): [string, unknown][] => {
    const target = targets.find(({ mapping }) => mapping.resource === resource && mapping.key === key);
    return target ? sentWire(target, key, value, patch) : [];
  });
  return { ...rest, body: Object.fromEntries(sent) };
}

/** Of a value without members nothing is shown that is not made of what was sent alone: a list may hold stored items besides. */
function sentWire(
  { field, mapping }: Target,
  key: string,
  value: unknown,
  patch: CanonicalPatch,
): [string, unknown][] {
  if (isObject(value)) return [[key, sentParts(field, value, patch)]];
  const sent = patch.changes.find((change) => change.field === field)?.value;
  const own = sent === null ? mapping.cleared?.wire : mapping.encode(withoutNulls(sent), () => undefined);
  return sameJson(own ?? null, value ?? null) ? [[key, value]] : [];
}
