import { randomBytes } from 'node:crypto';
import { type RequestHandler, type Response, Router } from 'express';
import { reachCommit } from '../faultGate';
import type { Tools } from '../kit';
import { keyOf, sendData, sendError, sendInvalid, sendNotFound } from './answers';
import { applyBody, invalidMembers, isSentRole, roleSchema, type SentRole } from './bodies';
import { contains, equals, page } from './lists';
import { renderRole } from './render';
import type { Owned, Role } from './seeds';
import type { ClinikapiState } from './store';

type ById = RequestHandler<{ id: string }>;

/** /v1/practitioner-roles (clinikapi.md sections 2 and 3). */
export function roleRoutes(state: ClinikapiState, tools: Tools, now: () => number): Router {
  const router = Router();
  router.get('/', list(state));
  router.get('/:id', read(state));
  router.post('/', create(state, tools, now));
  router.patch('/:id', update(state, tools, now));
  router.delete('/:id', remove(state, tools));
  return router;
}

/** Whether the key of this request sees the record: same organization, same environment. */
export function isVisible(record: Owned, response: Response): boolean {
  const { organization, environment } = keyOf(response);
  return record.organization === organization && record.environment === environment;
}

/** The role with this id, if the key of this request sees it. */
export function findRole(state: ClinikapiState, id: string, response: Response): Role | undefined {
  const role = state.roles.get(id);
  return role && isVisible(role, response) ? role : undefined;
}

function list(state: ClinikapiState): RequestHandler {
  return (request, response) => {
    const { practitionerId, specialty, status } = request.query;
    const stored = state.roles.view();
    // Searches lag behind writes, and a deleted role lingers in them; reads by id do not (clinikapi.md section 6).
    const shown = [
      ...stored.flatMap((role) => state.lag.seen(role.id, role) ?? []),
      ...state.lag.lingering((id) => stored.some((role) => role.id === id)),
    ];
    const found = shown
      .filter((role) => isVisible(role, response))
      .filter((role) => equals(role.practitionerId, practitionerId) && equals(role.status, status))
      .filter((role) => !specialty || hasSpecialty(role, specialty));
    sendData(
      response,
      200,
      page(found, request, state, (role) => renderRole(role, state, 'read')),
    );
  };
}

function hasSpecialty(role: Role, wanted: unknown): boolean {
  return role.specialties.some(({ code, display }) => contains(display, wanted) || code === wanted);
}

function read(state: ClinikapiState): ById {
  return (request, response) => {
    const role = findRole(state, request.params.id, response);
    if (!role) return sendNotFound(response);
    sendData(response, 200, renderRole(role, state, 'read'));
  };
}

function update(state: ClinikapiState, tools: Tools, now: () => number): ById {
  return async (request, response) => {
    const sent: unknown = request.body;
    const schema = roleSchema(state.settings.dialect, 'PATCH');
    if (!isSentRole(sent, schema)) return sendInvalid(response, invalidMembers(sent, schema));
    const dangling = danglingReferences(sent, state, response);
    if (dangling.length > 0) return sendInvalid(response, dangling);
    const { id } = request.params;
    if (!findRole(state, id, response)) return sendNotFound(response);
    if (isConflict(state, response)) return;
    await reachCommit(request);
    const role = findRole(state, id, response);
    if (!role) return sendNotFound(response);
    // An empty object changes nothing and is not refused: every member is optional.
    const shown =
      Object.keys(sent).length === 0
        ? role
        : tools.commit(request, role, changed(role, sent), (next) => storeRole(state, role, next));
    sendData(response, 200, renderRole(shown, state, 'write'));
  };

  function changed(role: Role, sent: SentRole): Role {
    return { ...applyBody(role, sent), version: role.version + 1, updatedAt: new Date(now()).toISOString() };
  }
}

/** Stores a role; searches see the one before for a while. */
export function storeRole(state: ClinikapiState, before: Role, next: Role): void {
  state.lag.written(next.id, before);
  state.roles.set(next);
}

/** Answers 409 while conflicts are asked for. @returns whether it did */
export function isConflict({ settings }: ClinikapiState, response: Response): boolean {
  if (settings.conflicts <= 0) return false;
  settings.conflicts -= 1;
  sendError(response, 409, 'Conflict', { message: 'Resource version conflict' });
  return true;
}

function create(state: ClinikapiState, tools: Tools, now: () => number): RequestHandler {
  return (request, response) => {
    const sent: unknown = request.body;
    const schema = roleSchema(state.settings.dialect, 'POST');
    if (!isSentRole(sent, schema)) return sendInvalid(response, invalidMembers(sent, schema));
    const dangling = danglingReferences(sent, state, response);
    if (dangling.length > 0) return sendInvalid(response, dangling);
    const { organization, environment } = keyOf(response);
    const stamp = new Date(now()).toISOString();
    const blank: Role = {
      id: `pr_${randomBytes(6).toString('hex')}`,
      environment,
      organization,
      practitionerId: '',
      role: '',
      status: 'active',
      specialties: [],
      version: 1,
      createdAt: stamp,
      updatedAt: stamp,
    };
    const role = applyBody(blank, sent);
    tools.commit(request, role, role, (next) => {
      state.lag.written(next.id, undefined);
      state.roles.set(next);
    });
    sendData(response, 201, renderRole(role, state, 'write'));
  };
}

function remove(state: ClinikapiState, tools: Tools): ById {
  return (request, response) => {
    const role = findRole(state, request.params.id, response);
    if (!role) return sendNotFound(response);
    tools.commit(request, role, role, () => {
      state.lag.written(role.id, role);
      state.roles.remove(role.id);
    });
    response.status(204).end();
  };
}

/** Only with the setting `checkReferences`: no source says whether the ids must exist. */
function danglingReferences(sent: SentRole, state: ClinikapiState, response: Response): string[] {
  if (!state.settings.checkReferences) return [];
  const wrong: string[] = [];
  const exists = (record: Owned | undefined): boolean => record !== undefined && isVisible(record, response);
  if (sent.organizationId !== undefined && !exists(state.organizations.get(sent.organizationId))) {
    wrong.push('organizationId: Unknown reference');
  }
  if (sent.locationId !== undefined && !exists(state.locations.get(sent.locationId))) {
    wrong.push('locationId: Unknown reference');
  }
  return wrong;
}
