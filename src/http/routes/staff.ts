import type { Request, Response } from 'express';
import { readStaff } from '../../gateway/read';
import { type UpdateParts, updateStaff } from '../../gateway/update';
import { Problem } from '../../problem';
import { parsePatch } from '../../staff/patch';
import { sendJson } from '../answer';
import { readJsonBody } from '../jsonBody';
import { parsePrefer } from '../prefer';
import { booleanQuery, refuseUnknownQuery } from '../query';
import { enter, staffIdOf } from '../session';

/** `GET /staff/:id` */
export async function getStaff(parts: UpdateParts, req: Request, res: Response): Promise<void> {
  const { clinic, requestId } = enter(res, 'staff:read');
  refuseUnknownQuery(req, []);
  const { data, meta, etag } = await readStaff(parts.links, { clinic, staffId: staffIdOf(req), requestId });
  sendJson(res, 200, { data, meta }, etag === undefined ? {} : { etag });
}

/** `PATCH /staff/:id` */
export async function patchStaff(parts: UpdateParts, req: Request, res: Response): Promise<void> {
  const { clinic, requestId } = enter(res, 'staff:write');
  refuseUnknownQuery(req, ['dryRun']);
  const dryRun = booleanQuery(req, 'dryRun');
  const prefer = parsePrefer(req.headers.prefer);
  const parsed = parsePatch(await readJsonBody(req));
  if ('errors' in parsed) {
    throw new Problem('validation_failed', 'The update is not valid. Nothing was sent.', {
      errors: parsed.errors,
    });
  }
  const ifMatch = req.headers['if-match'];
  const { data, meta, etag } = await updateStaff(parts, {
    clinic,
    staffId: staffIdOf(req),
    requestId,
    patch: parsed.patch,
    lenient: prefer.lenient,
    dryRun,
    gone: goneSignal(res),
    ...(ifMatch !== undefined && { ifMatch }),
  });
  sendJson(res, 200, prefer.minimal ? { meta } : { data, meta }, {
    ...(etag !== undefined && { etag }),
    ...(prefer.applied !== undefined && { 'preference-applied': prefer.applied }),
  });
}

/** Aborts when the client closes the connection before it was answered. */
function goneSignal(res: Response): AbortSignal {
  const controller = new AbortController();
  res.on('close', () => {
    if (!res.writableFinished) controller.abort();
  });
  return controller.signal;
}
