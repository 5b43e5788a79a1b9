import type { Request, Response } from 'express';
import { readStaff } from '../../directory/read';
import { type FieldError, Problem } from '../../problem';
import { type AcceptParts, acceptUpdate } from '../../queue/accept';
import type { FindLink } from '../../runtime/locate';
import { parsePatch } from '../../staff/patch';
import { leaseMs } from '../../update/auditRow';
import type { UpdateIntake } from '../../update/execute';
import { type KeyedRequest, once } from '../../update/idempotency';
import { sendAnswer, sendFhir, sendJson } from '../answer';
import { authorized, staffIdOf } from '../authentication';
import { fhirEtag, prefersFhir, toPractitionerRole } from '../fhir';
import { idempotencyKeyOf } from '../idempotencyKey';
import { readJsonBody } from '../jsonBody';
import { parsePrefer } from '../prefer';
import { booleanQuery, refuseUnknownQuery } from '../query';

/** `GET /staff/:id` */
export async function getStaff(links: FindLink, req: Request, res: Response): Promise<void> {
  const { clinic, requestId } = authorized(res, 'staff:read');
  refuseUnknownQuery(req, []);
  const { data, meta, etag } = await readStaff(links, { clinic, staffId: staffIdOf(req), requestId });
  res.vary('accept');
  if (prefersFhir(req)) {
    return sendFhir(res, toPractitionerRole(data, meta.warnings), etag && fhirEtag(etag));
  }
  sendJson(res, 200, { data, meta }, etag === undefined ? {} : { etag });
}

/** An update of which nothing is wrong but that it clears what cannot be cleared says so, as it does where a vendor cannot. */
function invalid(errors: readonly FieldError[]): Problem {
  return errors.every(({ code }) => code === 'not_clearable')
    ? new Problem('not_clearable', 'The update clears what cannot be cleared. Nothing was sent.', { errors })
    : new Problem('validation_failed', 'The update is not valid. Nothing was sent.', { errors });
}

/** `PATCH /staff/:id` */
export async function patchStaff(parts: AcceptParts, req: Request, res: Response): Promise<void> {
  const { caller, clinic, requestId } = authorized(res, 'staff:write');
  refuseUnknownQuery(req, ['dryRun']);
  const dryRun = booleanQuery(req, 'dryRun');
  const prefer = parsePrefer(req.headers.prefer);
  const parsed = parsePatch(await readJsonBody(req));
  if ('errors' in parsed) throw invalid(parsed.errors);
  const ifMatch = req.headers['if-match'];
  if (ifMatch === undefined && clinic.requireIfMatch && !dryRun) {
    throw new Problem('precondition_required', 'Send the ETag of the record that you know as If-Match.');
  }
  const intake: UpdateIntake = {
    requestId,
    caller: caller.name,
    clinic,
    staffId: staffIdOf(req),
    patch: parsed.patch,
    lenient: prefer.lenient,
    minimal: prefer.minimal,
    dryRun,
    gone: clientOf(res),
    ifMatch,
  };
  const key = dryRun ? undefined : idempotencyKeyOf(req);
  const answer =
    key === undefined
      ? await acceptUpdate(parts, intake, prefer.respondAsync)
      : await once(parts.journal, keyed(intake, key, prefer.applied), (held) =>
          acceptUpdate(parts, { ...intake, ...held }, prefer.respondAsync),
        );
  // An update that was queued names what was honoured itself.
  const done = answer.status < 400 && answer.status !== 202;
  sendAnswer(res, answer, done ? prefer.applied : undefined);
}

function keyed(intake: UpdateIntake, key: string, preferences: string | undefined): KeyedRequest {
  const { requestId, caller, clinic, staffId, patch, ifMatch } = intake;
  return {
    requestId,
    scope: [clinic.name, caller, 'PATCH', `/staff/${staffId}`, key],
    fingerprint: [patch.changes, preferences ?? null, ifMatch ?? null],
    leaseMs: leaseMs(clinic),
  };
}

/** Aborted when the client closes the connection before it was answered. */
function clientOf(res: Response): AbortSignal {
  const client = new AbortController();
  const closed = () => res.writableFinished || client.abort();
  if (res.closed) closed();
  else res.on('close', closed);
  return client.signal;
}
