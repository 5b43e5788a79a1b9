/** What comes before the work on a route: who is calling, whether there is room for one more, and letting go of all that. */
import type { Request, Response } from 'express';
import type { Authenticator } from '../callers/callers';
import type { Anonymous, CallerLimits, InFlight } from '../callers/limits';
import { withTrace } from '../ops/trace';
import type { Runtime } from '../runtime/runtime';
import { contextOf } from './answer';
import { authenticate, authorized } from './authentication';
import { recognise } from './connections';
import type { RequestIds } from './requestIds';

export type Handler = (req: Request, res: Response) => void | Promise<void>;

/** What comes before the work on a route: who is calling, and whether there is room for one more. */
export interface Entrance {
  runtime: Runtime;
  authenticator: Authenticator;
  limits: CallerLimits;
  inFlight: InFlight;
  /** Who says who is calling by a token is nobody until it is checked. */
  unidentified: Anonymous;
  requestIds: RequestIds;
}

/** Work for anyone, counted until its answer has left. */
export async function enterUnknown(
  work: Handler,
  anonymous: Anonymous,
  req: Request,
  res: Response,
): Promise<void> {
  const leave = anonymous.enter(req.socket.remoteAddress);
  whenClosed(res, leave);
  await work(req, res);
}

function whenClosed(res: Response, then: () => void): void {
  if (res.closed) then();
  else res.once('close', then);
}

/** Opens the session, has the work done, and lets go of the generation when both the work and the connection have ended. */
export async function enterAnd(
  work: Handler,
  entrance: Entrance,
  req: Request,
  res: Response,
): Promise<void> {
  const { runtime, limits, inFlight, authenticator, unidentified } = entrance;
  // Kept alive for as long as the request lasts, whatever happens to the configuration meanwhile.
  const { generation, release } = runtime.acquire();
  const context = contextOf(res);
  context.release = release;
  context.working = true;
  let leave: (() => void) | undefined;
  let leaveShare: (() => void) | undefined;
  try {
    const leaveUnidentified = unidentified.enter(req.socket.remoteAddress);
    try {
      // Awaiting costs a turn of the queue even without a promise, and only tokens need it.
      const opening = authenticate({ authenticator, generation, runtime }, req, res);
      if (opening) await opening;
    } finally {
      leaveUnidentified();
    }
    const { caller, clinic } = authorized(res);
    recognise(req);
    entrance.requestIds.settle(caller, res);
    const admission = limits.admit(caller, res);
    if (admission) await admission;
    leave = inFlight.enter();
    leaveShare = limits.enter(caller, inFlight.most);
    const traced = clinic.connection.config.propagateTrace;
    await (traced ? withTrace(req.headers.traceparent, () => work(req, res)) : work(req, res));
  } finally {
    context.working = false;
    // A handler that is still at work when its client has gone lets go itself, when it has ended.
    if (res.closed) release();
    leave?.();
    // An answer that nobody takes is held in memory, so it goes on counting, but only against who asked for it.
    if (leaveShare) whenClosed(res, leaveShare);
  }
}
