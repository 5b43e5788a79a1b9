/** The part of a request that comes before its own work: who is calling, from which clinic, with which right. */
import type { Request, Response } from 'express';
import type { Caller } from '../callers/caller';
import { type Authenticator, requireScope } from '../callers/callers';
import type { Scope } from '../config/types';
import { Problem } from '../problem';
import type { Clinic } from '../runtime/locate';
import type { Generation, Runtime } from '../runtime/runtime';
import { isStaffId } from '../staff/id';
import { contextOf } from './answer';
import { headerValues } from './headers';

/** What is known of a request once its caller is. */
export interface Authenticated {
  generation: Generation;
  caller: Caller;
  clinic: Clinic;
  requestId: string;
  /** Whether this caller would still be let in: for answers that go on for long. */
  stillAllowed: (scope: Scope) => Promise<boolean>;
}

/** What a request is held against. */
interface Gate {
  authenticator: Authenticator;
  /** The one that the request began with. */
  generation: Generation;
  runtime: Runtime;
}

/**
 * Identifies the caller and remembers it for the handlers. A promise only if a token has to be verified.
 * @throws Problem `unauthenticated`
 */
export function authenticate(gate: Gate, req: Request, res: Response): void | Promise<void> {
  // Of two such headers `req.headers` shows the first, a proxy may have checked the other: together they are no credential.
  const given = headerValues(req, 'authorization');
  const credential = given.length === 0 ? undefined : given.join(', ');
  const caller = gate.authenticator.callersOf(gate.generation.config).identify(credential);
  if (!(caller instanceof Promise)) return remember(gate, caller, credential, res);
  return caller.then((found) => remember(gate, found, credential, res));
}

function remember(gate: Gate, caller: Caller, credential: string | undefined, res: Response): void {
  const { generation, runtime, authenticator } = gate;
  const clinic = generation.clinics.get(caller.clinic);
  if (clinic === undefined) throw new TypeError('the configuration has checked that the clinic exists');
  const context = contextOf(res);
  context.caller = caller.name;
  context.clinic = clinic.name;
  context.vendor = clinic.connection.name;
  const stillAllowed = async (scope: Scope) => {
    try {
      const now = await authenticator.callersOf(runtime.current.config).identify(credential);
      return now.name === caller.name && now.clinic === caller.clinic && now.scopes.includes(scope);
    } catch (error) {
      if (error instanceof Problem) return false;
      throw error;
    }
  };
  const authenticated: Authenticated = {
    generation,
    caller,
    clinic,
    requestId: context.requestId,
    stillAllowed,
  };
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
