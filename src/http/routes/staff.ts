import type { Request, Response } from 'express';
import type { GoneSignal } from '../../connection/transport';
import { isEntityTagList, matchesWeakly } from '../../directory/etag';
import { readStaff } from '../../directory/read';
import { type FieldError, Problem } from '../../problem';
import { type AcceptParts, acceptUpdate } from '../../queue/accept';
import type { FindLink } from '../../runtime/locate';
import { parsePatch } from '../../staff/patch';
import { leaseMs } from '../../update/auditRow';
import type { UpdateIntake } from '../../update/execute';
import { type KeyedRequest, once } from '../../update/idempotency';
import { sendAnswer, sendFhir, sendJson, sendNotModified } from '../answer';
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
  const fhir = prefersFhir(req);
  const ifNoneMatch = req.headers['if-none-match'];
  if (etag !== undefined && ifNoneMatch !== undefined && matchesWeakly(ifNoneMatch, etag)) {
    return sendNotModified(res, fhir ? fhirEtag(etag) : etag);
  }
  if (fhir) return sendFhir(res, toPractitionerRole(data, meta.warnings), etag && fhirEtag(etag));
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
  const ifNoneMatch = ifNoneMatchOf(req);
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
    gone: new Client(res),
    ifMatch,
  };
  const key = dryRun ? undefined : idempotencyKeyOf(req);
  const answer =
    key === undefined
      ? await acceptUpdate(parts, intake, prefer.respondAsync)
      : await once(parts.journal, keyed(intake, key, [prefer.applied, ifNoneMatch]), (held) =>
          acceptUpdate(parts, { ...intake, ...held }, prefer.respondAsync),
        );
  // An update that was queued names what was honoured itself.
  const done = answer.status < 400 && answer.status !== 202;
  sendAnswer(res, answer, done ? prefer.applied : undefined);
}

/** @throws Problem `malformed_request`: an update whose condition cannot be read is not made without one */
function ifNoneMatchOf(req: Request): string | undefined {
  const value = req.headers['if-none-match'];
  if (value === undefined || isEntityTagList(value)) return value;
  throw new Problem('malformed_request', 'If-None-Match is * or a list of entity tags, such as "abc".');
}

function keyed(
  intake: UpdateIntake,
  key: string,
  [preferences, ifNoneMatch]: readonly [string | undefined, string | undefined],
): KeyedRequest {
  const { requestId, caller, clinic, staffId, patch, ifMatch } = intake;
  return {
    requestId,
    scope: [clinic.name, caller, 'PATCH', `/staff/${staffId}`, key],
    fingerprint: [
      patch.changes,
      preferences ?? null,
      ifMatch ?? null,
      // Without it as it was before there was one: keys outlive an upgrade.
      ...(ifNoneMatch === undefined ? [] : [ifNoneMatch]),
    ],
    leaseMs: leaseMs(clinic),
  };
}

/** Aborted when the client has closed the connection before it was answered. Costs nothing until somebody listens. */
class Client implements GoneSignal {
  readonly #res: Response;

  constructor(res: Response) {
    this.#res = res;
  }

  get aborted(): boolean {
    return this.#res.closed && !this.#res.writableFinished;
  }

  addEventListener(_: 'abort', listener: () => void): void {
    this.#res.on('close', listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    this.#res.off('close', listener);
  }
}
