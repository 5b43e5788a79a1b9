import { type Request, type RequestHandler, type Response, Router } from 'express';
import { reachCommit } from '../faultGate';
import type { Tools } from '../kit';
import { sendError, sendInvalid, sendNotFound } from './answers';
import { detailsOfFhir, fhirReference, roleOfFhir } from './fhirBodies';
import { applyJsonPatch, PatchError } from './jsonPatch';
import { storePractitioner, withDetails } from './practitioners';
import { findReference } from './references';
import { fhirRole } from './render';
import { findRole, isConflict, storeRole } from './roles';
import type { Reference, Role } from './seeds';
import type { ClinikapiState } from './store';

type ById = RequestHandler<{ id: string }>;

/**
 * /v1/fhir: bare FHIR resources without the envelope, whatever the rendering elsewhere. PATCH takes the operations of
 * RFC 6902 (clinikapi.md section 3). No source says how errors look here: they are those of the other routes.
 */
export function fhirRoutes(state: ClinikapiState, tools: Tools, now: () => number): Router {
  const router = Router();
  router.get('/PractitionerRole/:id', (request, response) => {
    const role = findRole(state, request.params.id, response);
    if (!role) return sendNotFound(response);
    sendResource(response, fhirRole(role, state));
  });
  for (const type of ['Practitioner', 'Organization', 'Location'] as const) {
    router.get(`/${type}/:id`, (request: Request<{ id: string }>, response) => {
      const row = findReference(state, type, request.params.id, response);
      if (!row) return sendNotFound(response);
      sendResource(response, fhirReference(row, type));
    });
  }
  const role = updateRole(state, tools, now);
  const practitioner = updatePractitioner(state, tools, now);
  router.patch('/PractitionerRole/:id', onlyJsonPatch, role);
  router.patch('/Practitioner/:id', onlyJsonPatch, practitioner);
  return router;
}

function sendResource(response: Response, resource: object): void {
  response.type('application/fhir+json').send(JSON.stringify(resource));
}

/** A plain object is what the other routes take: here it is another media type. */
const onlyJsonPatch: ById = (request, response, next) => {
  if (request.is('application/json-patch+json')) return next();
  sendError(response, 415, 'Unsupported Media Type');
};

function updateRole(state: ClinikapiState, tools: Tools, now: () => number): ById {
  return async (request, response) => {
    if (!findRole(state, request.params.id, response)) return sendNotFound(response);
    if (isConflict(state, response)) return;
    await reachCommit(request);
    const role = findRole(state, request.params.id, response);
    if (!role) return sendNotFound(response);
    const next = patched(request, fhirRole(role, state), (resource) => roleOfFhir(role, resource));
    if (Array.isArray(next)) return sendInvalid(response, next);
    const stamped: Role = { ...next, version: role.version + 1, updatedAt: new Date(now()).toISOString() };
    const shown = tools.commit(request, role, stamped, (row) => storeRole(state, role, row));
    sendResource(response, fhirRole(shown, state));
  };
}

function updatePractitioner(state: ClinikapiState, tools: Tools, now: () => number): ById {
  return async (request, response) => {
    const find = (): Reference | undefined =>
      findReference(state, 'Practitioner', request.params.id, response);
    if (!find()) return sendNotFound(response);
    if (isConflict(state, response)) return;
    await reachCommit(request);
    const row = find();
    if (!row) return sendNotFound(response);
    const resource = fhirReference(row, 'Practitioner');
    const next = patched(request, resource, (changed) => detailsOfFhir(row, changed));
    if (Array.isArray(next)) return sendInvalid(response, next);
    const shown = tools.commit(request, row, withDetails(row, next, now()), (changed) =>
      storePractitioner(state, row, changed),
    );
    sendResource(response, fhirReference(shown, 'Practitioner'));
  };
}

/** What the patched resource says, or why it cannot be patched like that. */
function patched<Result>(
  request: Request<{ id: string }>,
  resource: object,
  read: (resource: unknown) => Result | string[],
): Result | string[] {
  try {
    // As JSON, so that absent members are absent.
    return read(applyJsonPatch(JSON.parse(JSON.stringify(resource)), request.body));
  } catch (error) {
    if (error instanceof PatchError) return [error.message];
    throw error;
  }
}
