import type { Request, RequestHandler } from 'express';
import type { VitalisDialect, VitalisState } from './store';

/** What a rule says: nothing if the value is right, else true, or a text that replaces the rule's own. */
export type Verdict = boolean | string;

/** One rule of a route, in the order in which the vendor's route lists them. */
export interface Check {
  field: string;
  msg: string;
  /** Gives true or a text when the value is wrong. */
  test: (value: unknown, request: Request, dialect: VitalisDialect) => Verdict;
  /** Where to look; every place but the path parameters unless given. */
  location?: 'params';
}

/** Reads better in a table than a bare condition: the rule fails if the condition holds. */
export function failIf(condition: boolean): Verdict {
  return condition;
}

interface Instance {
  value: unknown;
  location: 'body' | 'headers' | 'params' | 'query';
}

/**
 * Runs every rule and answers 400 with all that failed, in route order (vitalis.md section 5).
 *
 * express-validator's `check()` looks for a field in body, headers and query, and judges every value it finds; only
 * if there is none anywhere it judges the missing body value. So a query string can complete a partial body.
 */
export function validate(checks: readonly Check[], state: VitalisState): RequestHandler {
  return (request, response, next) => {
    const { dialect } = state.settings;
    const errors = checks.flatMap((check) =>
      instancesOf(check, request).flatMap((instance) => {
        const verdict = check.test(instance.value, request, dialect);
        if (verdict === false) return [];
        return [describeError(check, instance, typeof verdict === 'string' ? verdict : check.msg, dialect)];
      }),
    );
    if (errors.length === 0) return next();
    // The code serialises the Result object itself, the document shows the list.
    response.status(400).json({ errors: dialect === 'documented' ? errors : { errors } });
  };
}

function describeError(check: Check, { value, location }: Instance, msg: string, dialect: VitalisDialect) {
  const { field } = check;
  if (dialect === 'documented') return { msg, param: field, location };
  // JSON leaves `value` out if the field was missing.
  return { type: 'field', value, msg, path: field, location };
}

function instancesOf({ field, location }: Check, request: Request): Instance[] {
  if (location) return [{ value: request.params[field], location }];
  const body: Instance = { value: bodyField(request, field), location: 'body' };
  const elsewhere: Instance[] = [
    { value: request.headers[field.toLowerCase()], location: 'headers' },
    { value: request.query[field], location: 'query' },
  ];
  const found = [body, ...elsewhere].filter((instance) => instance.value !== undefined);
  return found.length > 0 ? found : [body];
}

/** A member of the body; undefined if there is no body, as after another content type. */
export function bodyField(request: Request, field: string): unknown {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, field)) return undefined;
  return new Map(Object.entries(body)).get(field);
}
