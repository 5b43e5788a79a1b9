import type { Request, Response } from 'express';
import Joi from 'joi';
import type { VendorConnection } from '../../connection/connection';
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
  if (!mayLink(authenticated, connection)) throw noSuchConnection();
  const staffId = staffIdOf(req);
  const vendorRecordId = recordIdIn(await readJsonBody(req), connection);
  const by = actorOf(authenticated);
  const link = { clinic: authenticated.clinic.name, staffId, vendor: connection.name, vendorRecordId };
  const result = await links.put(link, by);
  if ('conflict' in result) {
    // Whoever tries one record after the other is seen.
    const change = act({ kind: 'link', ...link, ...by, outcome: 'refused', status: 409, code: 'conflict' });
    await journal.end({ change });
    throw new Problem('conflict', 'This vendor record is linked to another staff id.', {
      errors: [
        {
          pointer: '/vendorRecordId',
          code: 'already_taken',
          detail: 'A vendor record has one staff id only.',
        },
      ],
    });
  }
  const meta = { requestId: authenticated.requestId, clinic: authenticated.clinic.name };
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

function connectionOf({ generation }: Authenticated, req: Request): VendorConnection {
  const { vendor } = req.params;
  const connection = typeof vendor === 'string' ? generation.connections.get(vendor) : undefined;
  if (connection === undefined) throw noSuchConnection();
  return connection;
}

/**
 * A clinic links at its own connection, and, to prepare a switch, at one that no clinic uses. At another clinic's it could
 * only take records away from that one; the operator prepares such a switch by importing links.
 */
function mayLink({ generation, clinic }: Authenticated, connection: VendorConnection): boolean {
  if (clinic.connection === connection) return true;
  return ![...generation.clinics.values()].some((other) => other.connection === connection);
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
