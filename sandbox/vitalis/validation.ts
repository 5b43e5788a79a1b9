import type { Request, RequestHandler } from 'express';
import { validatorText } from './rules';
import type { VitalisDialect, VitalisState } from './store';

/** One rule of a route, in the order in which the vendor's route lists them. */
export interface Check {
  field: string;
  /** The text of a rule of the library, and of every rule in the documented dialect. */
  msg: string;
  /** A rule of express-validator's own: it judges the text of the value, or of each member of a list. */
  holds?: (text: string) => boolean;
  /** A rule of the vendor's: it judges the value as it was sent. What it gives or throws is what is wrong. */
  refuses?: (value: unknown, request: Request, dialect: VitalisDialect) => string | undefined;
  /** Says nothing about a value that is missing everywhere. */
  optional?: boolean;
  /** Only where the document is followed by the letter. */
  onlyDocumented?: boolean;
}

interface Instance {
  value: unknown;
  location: 'body' | 'headers' | 'params' | 'query';
}

/** A value that is wrong, and why. */
interface Finding {
  value: unknown;
  msg: string;
}

/**
 * Runs every rule and answers 400 with all that failed, in route order (vitalis.md section 5).
 *
 * express-validator's `check()` looks for a field in body, headers, path and query, and judges every value it finds;
 * only if there is none anywhere it judges the missing body value. So a query string can complete a partial body.
 */
export function validate(checks: readonly Check[], state: VitalisState): RequestHandler {
  return (request, response, next) => {
    const { dialect } = state.settings;
    const errors = checks
      .filter((check) => !check.onlyDocumented || dialect === 'documented')
      .flatMap((check) =>
        instancesOf(check, request).flatMap((instance) =>
          findings(check, instance, request, dialect).map((finding) =>
            describe(check, instance, finding, dialect),
          ),
        ),
      );
    if (errors.length === 0) return next();
    // The code serialises the Result object itself, the document shows the list.
    response.status(400).json({ errors: dialect === 'documented' ? errors : { errors } });
  };
}

function findings(check: Check, { value }: Instance, request: Request, dialect: VitalisDialect): Finding[] {
  const { holds, refuses, msg } = check;
  const members: unknown[] = Array.isArray(value) ? value : [value];
  const wrong = holds ? members.filter((member) => !holds(validatorText(member))) : [];
  const found = wrong.map((member) => ({ value: member, msg }));
  const text = refuses && textOf(() => refuses(value, request, dialect));
  if (text !== undefined) found.push({ value, msg: dialect === 'documented' ? msg : text });
  return found;
}

function textOf(refusal: () => string | undefined): string | undefined {
  try {
    return refusal();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function describe(
  { field }: Check,
  { location }: Instance,
  { value, msg }: Finding,
  dialect: VitalisDialect,
): object {
  if (dialect === 'documented') return { msg, param: field, location };
  // JSON leaves `value` out if the field was missing.
  const path = location === 'headers' ? field.toLowerCase() : field;
  return { type: 'field', value, msg, path, location };
}

function instancesOf({ field, optional }: Check, request: Request): Instance[] {
  const body: Instance = { value: bodyField(request, field), location: 'body' };
  const elsewhere: Instance[] = [
    { value: request.headers[field.toLowerCase()], location: 'headers' },
    { value: request.params[field], location: 'params' },
    { value: request.query[field], location: 'query' },
  ];
  const found = [body, ...elsewhere].filter((instance) => instance.value !== undefined);
  return found.length > 0 || optional ? found : [body];
}

/** A member of the body; undefined if there is no body, as after another content type. */
export function bodyField(request: Request, field: string): unknown {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, field)) return undefined;
  return new Map(Object.entries(body)).get(field);
}
