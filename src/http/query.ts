import type { Request } from 'express';
import { Problem } from '../problem';

/**
 * Refuses query parameters that a route does not have: a misspelt `?dryrun=true` must not become a real write.
 * @throws Problem `malformed_request`
 */
export function refuseUnknownQuery(req: Request, known: readonly string[]): void {
  if (!req.url.includes('?')) return;
  if (Object.keys(req.query).every((name) => known.includes(name))) return;
  const expected = known.length === 0 ? 'none' : known.join(', ');
  throw new Problem('malformed_request', `There is an unknown query parameter. Known here: ${expected}.`);
}

/** @throws Problem `malformed_request` for anything but one `true` or `false` */
export function booleanQuery(req: Request, name: string): boolean {
  const value = req.url.includes('?') ? req.query[name] : undefined;
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new Problem('malformed_request', `The query parameter ${name} is either true or false.`);
}
