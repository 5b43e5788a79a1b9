/** The part of a request that comes before its own work: who is calling, from which clinic, with which right. */
import type { Request, Response } from 'express';
import type { Caller } from '../callers/caller';
import { type Authenticator, requireScope } from '../callers/callers';
import type { Scope } from '../config/types';
import { Problem } from '../problem';
import type { Clinic } from '../runtime/locate';
import type { Generation } from '../runtime/runtime';
import { isStaffId } from '../staff/id';
import { contextOf } from './answer';
import { joinedHeader } from './headers';

/** What is known of a request once its caller is. */
export interface Authenticated {
  generation: Generation;
  caller: Caller;
  clinic: Clinic;
  requestId: string;
}

/**
 * Identifies the caller and remembers it for the handlers. A promise only if a token has to be verified.
 * @throws Problem `unauthenticated`
 */
export function authenticate(
  authenticator: Authenticator,
  generation: Generation,
  req: Request,
  res: Response,
): void | Promise<void> {
  // Of two such headers `req.headers` shows the first, a proxy may have checked the other: together they are no credential.
  const caller = authenticator.callersOf(generation.config).identify(joinedHeader(req, 'authorization'));
  if (!(caller instanceof Promise)) return remember(generation, caller, res);
  return caller.then((found) => remember(generation, found, res));
}

function remember(generation: Generation, caller: Caller, res: Response): void {
  const clinic = generation.clinics.get(caller.clinic);
  if (clinic === undefined) throw new TypeError('the configuration has checked that the clinic exists');
  const context = contextOf(res);
  context.caller = caller.name;
  context.clinic = clinic.name;
  context.vendor = clinic.connection.name;
  const authenticated: Authenticated = { generation, caller, clinic, requestId: context.requestId };
  res.locals.authenticated = authenticated;
}

/** Who sent this request. @throws Problem `forbidden` without `scope` */
export function authorized(res: Response, scope?: Scope): Authenticated {
  const authenticated: Authenticated = res.locals.authenticated;
  if (scope !== undefined) requireScope(authenticated.caller, scope);
  return authenticated;
}

/** The staff id in the path. @throws Problem `staff_not_found` for one that cannot exist */
export function staffIdOf(req: Request): string {
  const { id } = req.params;
  if (typeof id === 'string' && isStaffId(id)) return id;
  throw new Problem(
    'staff_not_found',
    'Staff ids have 1 to 128 letters, digits and . _ ~ : @ -, and begin with a letter or digit.',
  );
}
