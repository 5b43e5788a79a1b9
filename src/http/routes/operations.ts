import type { Request, Response } from 'express';
import { Problem } from '../../problem';
import type { Operation } from '../../store/operation';
import type { Operations } from '../../store/operations';
import { sendJson } from '../answer';
import { authorized } from '../authentication';
import { refuseUnknownQuery } from '../query';

/** `GET /operations/:id`: the state of a queued update, every attempt, and once it has ended the answer. */
export async function getOperation(operations: Operations, req: Request, res: Response): Promise<void> {
  const { clinic, requestId } = authorized(res, 'staff:read');
  refuseUnknownQuery(req, []);
  const operation = await operations.find(idOf(req), clinic.name);
  if (operation === undefined) throw noSuchOperation();
  sendJson(res, 200, { data: await shown(operations, operation), meta: { requestId, clinic: clinic.name } });
}

/** `POST /operations/:id/retry`: a dead one is tried again. */
export async function retryOperation(operations: Operations, req: Request, res: Response): Promise<void> {
  const { clinic, caller, requestId } = authorized(res, 'staff:write');
  refuseUnknownQuery(req, []);
  const id = idOf(req);
  const result = await operations.retry(id, {
    ...{ caller: caller.name, requestId, clinic: clinic.name, status: 202 },
  });
  const operation = result === 'not_found' ? undefined : await operations.find(id, clinic.name);
  if (operation === undefined) throw noSuchOperation();
  if (result === 'wrong_status') {
    throw new Problem('conflict', `Only a dead operation can be retried; this one is ${operation.status}.`);
  }
  sendJson(
    res,
    202,
    { data: await shown(operations, operation), meta: { requestId, clinic: clinic.name } },
    { location: `/operations/${id}` },
  );
}

async function shown(operations: Operations, operation: Operation): Promise<Record<string, unknown>> {
  const { id, staffId, status, createdAt, finishedAt, nextAttemptAt, lastError, answer } = operation;
  const waits = status === 'queued' && nextAttemptAt === undefined;
  const waitsFor = waits ? await operations.predecessorOf(id) : undefined;
  return {
    id,
    staffId,
    status,
    createdAt,
    ...(finishedAt !== undefined && { finishedAt }),
    ...(nextAttemptAt !== undefined && { nextAttemptAt }),
    ...(waitsFor !== undefined && { waitsFor }),
    ...(lastError !== undefined && { lastError }),
    attempts: await operations.attemptsOf(id),
    ...(answer !== undefined && { answer }),
  };
}

/** Also said of another clinic's: this caller may not learn whether it exists. */
function noSuchOperation(): Problem {
  return new Problem('not_found', 'There is no such operation, or its retention time is over.');
}

function idOf(req: Request): string {
  const { id } = req.params;
  if (typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id)) return id;
  throw noSuchOperation();
}
