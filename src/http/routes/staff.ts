import type { Request, Response } from 'express';
import { isEntityTagList, matchesWeakly } from '../../directory/etag';
import { readStaff } from '../../directory/read';
import { member } from '../../lib/json';
import { type FieldError, Problem } from '../../problem';
import type { FindLink } from '../../runtime/locate';
import { parsePatch } from '../../staff/patch';
import { MAX_BLOCKS } from '../../staff/schema';
import type { Change } from '../../store/changes';
import { type UpdateParts, update } from '../../update/update';
import { sendAnswer, sendFhir, sendJson, sendNotModified } from '../answer';
import { authorized, staffIdOf } from '../authentication';
import { fhirEtag, prefersFhir, toPractitionerRole } from '../fhir';
import { idempotencyKeyOf, parsePrefer } from '../headers';
import { readJsonBody } from '../jsonBody';
import { booleanQuery, refuseUnknownQuery } from '../query';

/** Writes down that somebody was shown a record, or a page of a list, before it is shown; undefined if the operator does not want that. */
export type ReadTrail =
  | ((
      read: Pick<
        Change,
        'clinic' | 'caller' | 'requestId' | 'staffId' | 'vendor' | 'vendorRecordId' | 'detail'
      >,
    ) => Promise<void>)
  | undefined;

/** `GET /staff/:id` */
export async function getStaff(
  { links, reads }: { links: FindLink; reads: ReadTrail },
  req: Request,
  res: Response,
): Promise<void> {
  const { caller, clinic, requestId } = authorized(res, 'staff:read');
  refuseUnknownQuery(req, []);
  const staffId = staffIdOf(req);
  const { data, meta, etag } = await readStaff(links, { clinic, staffId, requestId });
  const { vendor, vendorRecordId } = meta;
  await reads?.({ clinic: clinic.name, caller: caller.name, requestId, staffId, vendor, vendorRecordId });
  res.vary('accept');
  const fhir = prefersFhir(req);
  const ifNoneMatch = req.headers['if-none-match'];
  if (etag !== undefined && ifNoneMatch !== undefined && matchesWeakly(ifNoneMatch, etag)) {
    return sendNotModified(res, fhir ? fhirEtag(etag) : etag);
  }
  if (fhir) return sendFhir(res, toPractitionerRole(data, meta.warnings), etag && fhirEtag(etag));
  sendJson(res, 200, { data, meta }, etag === undefined ? {} : { etag });
}

/** An update whose only fault is that it clears what cannot be cleared says so, as it does if a vendor cannot. */
function invalid(errors: readonly FieldError[]): Problem {
  return errors.every(({ code }) => code === 'not_clearable')
    ? new Problem('not_clearable', 'The update clears a field that cannot be cleared. Nothing was sent.', {
        errors,
      })
    : new Problem('validation_failed', 'The update is not valid. Nothing was sent.', { errors });
}

/** Values beyond which `parsePatch` looks at none of them. */
const MOST_VALUES = 5_000;

/** Before any block is looked at: thousands of them would each be complained of. */
function refuseEndlessWeek(body: unknown): void {
  const blocks = member(body, 'availableTime');
  if (!Array.isArray(blocks) || blocks.length <= MAX_BLOCKS || blocks.length > MOST_VALUES) return;
  throw invalid([
    {
      pointer: '/availableTime',
      code: 'too_long',
      detail: `There are too many blocks: ${MAX_BLOCKS} at most.`,
    },
  ]);
}

/** `PATCH /staff/:id` */
export async function patchStaff(parts: UpdateParts, req: Request, res: Response): Promise<void> {
  const { caller, clinic, requestId } = authorized(res, 'staff:write');
  refuseUnknownQuery(req, ['dryRun']);
  const dryRun = booleanQuery(req, 'dryRun');
  const { lenient, minimal, respondAsync, applied } = parsePrefer(req.headers.prefer);
  const body = await readJsonBody(req);
  refuseEndlessWeek(body);
  const parsed = parsePatch(body);
  if ('errors' in parsed) throw invalid(parsed.errors);
  const ifMatch = req.headers['if-match'];
  const ifNoneMatch = ifNoneMatchOf(req);
  if (ifMatch === undefined && clinic.requireIfMatch && !dryRun) {
    throw new Problem('precondition_required', 'Send the ETag of the record that you know as If-Match.');
  }
  const response = await update(parts, {
    requestId,
    caller: caller.name,
    clinic,
    staffId: staffIdOf(req),
    patch: parsed.patch,
    mayRead: caller.scopes.includes('staff:read'),
    lenient,
    minimal,
    respondAsync,
    preferences: applied,
    dryRun,
    gone: clientOf(res),
    ifMatch,
    ifNoneMatch,
    idempotencyKey: dryRun ? undefined : idempotencyKeyOf(req),
  });
  // An update that was queued names what was honoured itself.
  const done = response.status < 400 && response.status !== 202;
  sendAnswer(res, response, done ? applied : undefined);
}

/** @throws Problem `malformed_request`: an update whose condition cannot be read is not made without one */
function ifNoneMatchOf(req: Request): string | undefined {
  const value = req.headers['if-none-match'];
  if (value === undefined || isEntityTagList(value)) return value;
  throw new Problem('malformed_request', 'If-None-Match is * or a list of entity tags, such as "abc".');
}

/** Aborted when the client closes the connection before it was answered. */
function clientOf(res: Response): AbortSignal {
  const client = new AbortController();
  const closed = () => res.writableFinished || client.abort();
  if (res.closed) closed();
  else res.on('close', closed);
  return client.signal;
}
