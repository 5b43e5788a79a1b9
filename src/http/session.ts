/** The part of a request that comes before its own work: who is calling, from which clinic, with which right. */
import type { Request, Response } from 'express';
import type { Scope } from '../../config/types';
import type { Clinic } from '../gateway/locate';
import type { Setup } from '../gateway/runtime';
import { Problem } from '../problem';
import { contextOf } from './answer';
import { type Caller, requireScope } from './authenticate';
import { joinedHeader } from './headers';

export interface Session {
  setup: Setup;
  caller: Caller;
  clinic: Clinic;
  requestId: string;
}

/**
 * Identifies the caller and remembers it for the handlers. A promise only where a token has to be verified.
 * @throws Problem `unauthenticated`
 */
export function openSession(setup: Setup, req: Request, res: Response): void | Promise<void> {
  // Of two such headers `req.headers` shows the first, a proxy may have checked the other: together they are no credential.
  const caller = setup.callers.identify(joinedHeader(req, 'authorization'));
  if (!(caller instanceof Promise)) return remember(setup, caller, res);
  return caller.then((found) => remember(setup, found, res));
}

function remember(setup: Setup, caller: Caller, res: Response): void {
  const clinic = setup.clinics.get(caller.clinic);
  if (clinic === undefined) throw new TypeError('the configuration has checked that the clinic exists');
  const context = contextOf(res);
  context.caller = caller.name;
  context.clinic = clinic.name;
  context.vendor = clinic.connection.name;
  const session: Session = { setup, caller, clinic, requestId: context.requestId };
  res.locals.session = session;
}

/** The session of this request. @throws Problem `forbidden` without `scope` */
export function enter(res: Response, scope?: Scope): Session {
  const session: Session = res.locals.session;
  if (scope !== undefined) requireScope(session.caller, scope);
  return session;
}

const STAFF_ID = /^[A-Za-z0-9][A-Za-z0-9._~:@-]{0,127}$/;

/** The staff id in the path. @throws Problem `staff_not_found` for one that cannot exist */
export function staffIdOf(req: Request): string {
  const { id } = req.params;
  if (typeof id === 'string' && STAFF_ID.test(id)) return id;
  throw new Problem(
    'staff_not_found',
    'Staff ids have 1 to 128 letters, digits and . _ ~ : @ -, and begin with a letter or digit.',
  );
}
