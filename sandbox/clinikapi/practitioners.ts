import { type RequestHandler, Router } from 'express';
import Joi from 'joi';
import { reachCommit } from '../faultGate';
import type { Tools } from '../kit';
import { sendData, sendInvalid, sendNotFound } from './answers';
import { invalidMembers } from './bodies';
import { findReference } from './references';
import { renderReference } from './render';
import { isConflict } from './roles';
import type { Reference } from './seeds';
import type { ClinikapiState } from './store';

const text = Joi.string().min(1);
const texts = Joi.array().items(text);

/** The body members of the documents (clinikapi.md section 4), all optional. */
const SCHEMA = Joi.object({
  firstName: text.max(100),
  lastName: text.max(100),
  prefix: texts,
  suffix: texts,
  email: Joi.string().email({ tlds: { allow: false } }),
  phone: text.max(20),
  gender: Joi.valid('male', 'female', 'other', 'unknown'),
  birthDate: Joi.string().pattern(/^\d{4}-\d{2}-\d{2}$/),
  npi: text.max(20),
  specialty: text.max(200),
  qualifications: Joi.array(),
  languages: texts,
  address: Joi.object({ line: texts, city: text, state: text, postalCode: text, country: text }),
  photo: text,
  active: Joi.boolean(),
});

/** What is wrong with the body of an update of a practitioner. */
export function invalidPractitioner(body: unknown): string[] {
  return invalidMembers(body, SCHEMA);
}

/** PATCH /v1/practitioners/{id}: what is sent replaces what is there, objects and lists whole. */
export function practitionerRoutes(state: ClinikapiState, tools: Tools, now: () => number): Router {
  const router = Router();
  router.patch('/:id', update(state, tools, now));
  return router;
}

function update(state: ClinikapiState, tools: Tools, now: () => number): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const sent: unknown = request.body;
    const invalid = invalidPractitioner(sent);
    if (invalid.length > 0) return sendInvalid(response, invalid);
    const { id } = request.params;
    if (!findReference(state, 'Practitioner', id, response)) return sendNotFound(response);
    if (isConflict(state, response)) return;
    await reachCommit(request);
    const row = findReference(state, 'Practitioner', id, response);
    if (!row) return sendNotFound(response);
    const changes = Object.entries(Object(sent));
    const next = withDetails(row, { ...row.details, ...Object.fromEntries(changes) }, now());
    const shown =
      changes.length === 0
        ? row
        : tools.commit(request, row, next, () => storePractitioner(state, row, next));
    sendData(response, 200, renderReference(shown, 'Practitioner', state));
  };
}

/** The practitioner with these details: the name that searches look at follows. */
export function withDetails(row: Reference, details: Record<string, unknown>, now: number): Reference {
  const name = [details.firstName, details.lastName].filter((part) => typeof part === 'string').join(' ');
  return { ...row, name, details, version: (row.version ?? 1) + 1, updatedAt: new Date(now).toISOString() };
}

/** Stores a practitioner; searches see the one before for a while. */
export function storePractitioner(state: ClinikapiState, before: Reference, next: Reference): void {
  state.practitionerLag.written(next.id, before);
  state.practitioners.set(next);
}
