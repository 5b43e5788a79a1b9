import { OperationOutcomeError } from '@medplum/core';
import { FhirRouter, makeSimpleRequest } from '@medplum/fhir-router';
import { type Request, type Response, Router } from 'express';
import { reachCommit } from '../faultGate';
import type { Tools } from '../kit';
import { checkResource, isType, TYPES, type Type } from './definitions';
import { withMarkedNumbers } from './exactNumbers';
import { type Issue, outcomeOf, refuse, send } from './outcome';
import { searchRoute } from './search';
import type { FhirState, Resource } from './store';

/** @param rawBody the text of a request's body */
export function resourceRoutes(
  state: FhirState,
  tools: Tools,
  rawBody: (request: Request) => string | undefined,
): Router {
  const server = new FhirRouter();
  const router = Router();
  router.get('/:type', searchRoute(state));
  router.get('/:type/:id', async (request, response) => {
    const { type, id } = request.params;
    if (!isType(type)) return unknownType(response);
    if (!allows(type, 'read')) return refuse(response, 405, { code: 'not-supported' });
    const [, resource] = await server.handleRequest(
      makeSimpleRequest('GET', `${type}/${id}`),
      state.repository,
    );
    if (resource === undefined) return missing(response, type, id);
    show(response, resource);
  });

  router.put('/:type/:id', async (request, response) => {
    const { type, id } = request.params;
    if (!isType(type)) return unknownType(response);
    if (!allows(type, 'update')) return refuse(response, 405, { code: 'not-supported' });
    const text = rawBody(request);
    if (text === undefined) return refuse(response, 400, { code: 'structure', diagnostics: 'No JSON' });
    const faults = faultsIn(JSON.parse(text), type, id);
    if (faults.length > 0) return refuse(response, 422, ...faults);
    await reachCommit(request);
    const stored = await state.repository.readResource<Resource>(type, id).catch(() => undefined);
    if (stored === undefined) return missing(response, type, id);
    const { honoursIfMatch, staleStatus, answersUpdates } = state.settings;
    const wanted = /"([^"]*)"/.exec(request.get('if-match') ?? '')?.[1];
    if (honoursIfMatch && wanted !== undefined && wanted !== stored.meta?.versionId) {
      return refuse(response, staleStatus, {
        code: 'conflict',
        diagnostics: 'The version is not the newest',
      });
    }
    const sent: Resource = JSON.parse(withMarkedNumbers(text));
    const kept: Promise<unknown>[] = [];
    const shown = tools.commit(request, stored, { ...sent, meta: { ...sent.meta } }, (next) => {
      kept.push(server.handleRequest(makeSimpleRequest('PUT', `${type}/${id}`, next), state.repository));
    });
    await Promise.all(kept);
    const newest = kept.length === 0 ? shown : await state.repository.readResource<Resource>(type, id);
    if (answersUpdates === 'nothing') return void response.status(200).end();
    if (answersUpdates === 'outcome') return send(response, outcomeOf([ALL_WELL]));
    show(response, newest);
  });

  router.use((_request, response) =>
    refuse(response, 404, { code: 'not-found', diagnostics: 'No such path' }),
  );
  return router;

  function allows(type: Type, interaction: string): boolean {
    return state.settings.interactions[type].includes(interaction);
  }

  function missing(response: Response, type: Type, id: string): void {
    if (state.wasRemoved(type, id)) refuse(response, 410, { code: 'deleted', diagnostics: 'Was deleted' });
    else refuse(response, 404, { code: 'not-found', diagnostics: `${type}/${id} is not known` });
  }

  /** What is wrong with a resource, in the words of a server that repeats what it was sent. */
  function faultsIn(resource: Resource, type: Type, id: string): readonly Issue[] {
    if (resource.resourceType !== type || resource.id !== id) {
      return [{ code: 'invariant', diagnostics: 'The body is about another resource' }];
    }
    if (!state.settings.validates) return [];
    try {
      checkResource(resource);
      return [];
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) throw error;
      return error.outcome.issue.map(({ code, details, expression = [] }) => ({
        code: code ?? 'invalid',
        diagnostics: `${details?.text}: ${JSON.stringify(resource)}`,
        expression,
      }));
    }
  }
}

const ALL_WELL = { severity: 'information', code: 'informational', diagnostics: 'Updated' } as const;

function unknownType(response: Response): void {
  refuse(response, 404, { code: 'not-supported', diagnostics: 'Unknown resource type' });
}

function show(response: Response, resource: Resource): void {
  const { versionId, lastUpdated } = resource.meta ?? {};
  if (versionId !== undefined) response.setHeader('etag', `W/"${versionId}"`);
  if (lastUpdated !== undefined) {
    response.setHeader('last-modified', new Date(lastUpdated).toUTCString());
  }
  send(response, resource);
}

/** What this server says that it can do. */
export function capabilityStatement({ settings }: FhirState) {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-11-01',
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [
      {
        mode: 'server',
        resource: TYPES.map((type) => ({
          type,
          versioning: settings.versioning,
          interaction: settings.interactions[type].map((code) => ({ code })),
          updateCreate: false,
        })),
      },
    ],
  };
}
