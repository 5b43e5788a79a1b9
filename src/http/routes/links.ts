import type { Request, Response } from 'express';
import Joi from 'joi';
import { linkableAt } from '../../config/sharing';
import type { VendorConnection } from '../../connection/connection';
import { VendorFailure } from '../../connection/failure';
import { problemFrom } from '../../directory/failures';
import { Deadline } from '../../lib/deadline';
import { Problem } from '../../problem';
import { act } from '../../store/changes';
import type { Journal } from '../../store/journal';
import type { Links } from '../../store/links';
import { sendJson } from '../answer';
import { type Authenticated, authorized, staffIdOf } from '../authentication';
import { readJsonBody } from '../jsonBody';
import { refuseUnknownQuery } from '../query';

/** The body of `PUT /staff/:id/links/:vendor`. */
export const linkSchema = Joi.object({
  vendorRecordId: Joi.string().min(1).max(200).required().description('The id of the record at the vendor.'),
}).required();

/** `GET /staff/:id/links` */
export async function getLinks(links: Links, req: Request, res: Response): Promise<void> {
  const { clinic, requestId } = authorized(res, 'staff:read');
  refuseUnknownQuery(req, []);
  const found = await links.list(clinic.name, staffIdOf(req));
  const data = found.map(({ vendor, vendorRecordId }) => ({ vendor, vendorRecordId }));
  sendJson(res, 200, { data, meta: { requestId, clinic: clinic.name } });
}

/** `PUT /staff/:id/links/:vendor` */
export async function putLink(
  { links, journal }: { links: Links; journal: Journal },
  req: Request,
  res: Response,
): Promise<void> {
  const authenticated = authorized(res, 'links:write');
  refuseUnknownQuery(req, []);
  const connection = connectionOf(authenticated, req);
  const staffId = staffIdOf(req);
  const vendorRecordId = recordIdIn(await readJsonBody(req), connection);
  const { clinic, requestId } = authenticated;
  const by = actorOf(authenticated);
  const link = { clinic: clinic.name, staffId, vendor: connection.name, vendorRecordId };
  // Whoever tries one record after the other is seen. What the row says is what the answer says: the clinic reads it too.
  const refuse = async (problem: Problem): Promise<never> => {
    const { status, code } = problem;
    await journal.end({ change: act({ kind: 'link', ...link, ...by, outcome: 'refused', status, code }) });
    throw problem;
  };
  if (!(await isThere(connection, vendorRecordId, authenticated))) return refuse(noSuchRecord(connection));
  const result = await links.put(link, { checked: true, by });
  if ('conflict' in result) {
    const holder = await links.clinicOf(connection.name, vendorRecordId);
    // Linked when the connection was shared: that this person exists is that clinic's business.
    const isElsewhere = holder !== undefined && holder !== clinic.name;
    return refuse(isElsewhere ? noSuchRecord(connection) : alreadyTaken());
  }
  const meta = { requestId, clinic: clinic.name };
  sendJson(res, result.created ? 201 : 200, { data: { vendor: connection.name, vendorRecordId }, meta });
}

/** `DELETE /staff/:id/links/:vendor` */
export async function deleteLink(links: Links, req: Request, res: Response): Promise<void> {
  const authenticated = authorized(res, 'links:write');
  refuseUnknownQuery(req, []);
  const connection = connectionOf(authenticated, req);
  const by = actorOf(authenticated);
  const removed = await links.remove(authenticated.clinic.name, staffIdOf(req), connection.name, by);
  if (!removed) throw new Problem('staff_not_found', `No link leads from this id to ${connection.name}.`);
  res.status(204).end();
}

function actorOf({ caller, requestId }: Authenticated): { caller: string; requestId: string } {
  return { caller: caller.name, requestId };
}

/**
 * The connection that the path names, if this clinic's callers may link there. Any other does not exist for them: at another
 * clinic's they could take records away from it, and at one that nobody uses yet keep ids from whoever is going to.
 */
function connectionOf({ generation, clinic }: Authenticated, req: Request): VendorConnection {
  const { vendor } = req.params;
  const connection = typeof vendor === 'string' ? generation.connections.get(vendor) : undefined;
  const isOpen = connection && linkableAt(generation.config.clinics, clinic.name).includes(connection.name);
  if (!isOpen) throw noSuchConnection();
  return connection;
}

/** @throws Problem if the vendor cannot be asked */
async function isThere(
  connection: VendorConnection,
  recordId: string,
  { clinic, requestId }: Authenticated,
): Promise<boolean> {
  try {
    const deadline = new Deadline(connection.config.timeoutMs, clinic.name, requestId);
    return await connection.has(recordId, deadline);
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    if (error.kind === 'record_not_found') return false;
    throw problemFrom(error, connection);
  }
}

function noSuchRecord({ title }: VendorConnection): Problem {
  return new Problem('staff_not_found', `${title} has no record of exactly this id.`, {
    errors: [
      {
        pointer: '/vendorRecordId',
        code: 'record_not_found',
        detail: 'The vendor has no record of exactly this id.',
      },
    ],
  });
}

function alreadyTaken(): Problem {
  return new Problem('conflict', 'This vendor record is linked to another staff id.', {
    errors: [
      { pointer: '/vendorRecordId', code: 'already_taken', detail: 'A vendor record has one staff id only.' },
    ],
  });
}

function noSuchConnection(): Problem {
  return new Problem('not_found', 'This clinic has no vendor connection of this name to link at.');
}

function recordIdIn(body: unknown, connection: VendorConnection): string {
  const { error, value } = linkSchema.validate(body, { convert: false, errors: { render: false } });
  const id: unknown = error ? undefined : value.vendorRecordId;
  if (typeof id === 'string' && connection.admits(id)) return id;
  const detail = error
    ? 'An object with the one member vendorRecordId, a string, is expected.'
    : `${connection.title} has no ids of this form.`;
  throw new Problem('validation_failed', 'The link is not valid.', {
    errors: [{ pointer: '/vendorRecordId', code: 'invalid_format', detail }],
  });
}
