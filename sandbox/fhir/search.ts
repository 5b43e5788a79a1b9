import { parseSearchRequest } from '@medplum/core';
import { getExtraEntries } from '@medplum/fhir-router';
import { type Request, type RequestHandler, Router } from 'express';
import { isType, loadDefinitions } from './definitions';
import { outcomeOf, refuse, send } from './outcome';
import type { FhirState, Resource } from './store';

type Entry = Parameters<typeof getExtraEntries>[3][number];

/** A search finds all at once; its pages are of what it has found, as on servers that keep searches. */
export function searchRoute(state: FhirState): RequestHandler {
  return async (request, response, next) => {
    const { type } = request.params;
    if (!isType(type)) return next();
    if (!state.settings.interactions[type].includes('search-type')) {
      return refuse(response, 405, { code: 'not-supported' });
    }
    const query = searchOf(`${type}?${queryOf(request)}`);
    const { count: _, offset: __, include: ___, ...all } = query;
    const { entry = [] } = await state.repository.search(all);
    const found = entry.flatMap(({ resource }) => resource ?? []);
    const key = `${state.pages.size + 1}`;
    state.pages.set(key, found);
    send(response, await pageOf(state, request, { key, search: queryOf(request), type, from: 0 }));
  };
}

/** Pages after the first one. */
export function pageRoutes(state: FhirState): Router {
  const router = Router();
  router.get('/:key', async (request, response) => {
    const { type, from, search } = request.query;
    const { key } = request.params;
    if (!state.pages.has(key) || !isType(type)) {
      return refuse(response, 410, { code: 'not-found', diagnostics: 'The search is not kept any more' });
    }
    send(response, await pageOf(state, request, { key, search: String(search), type, from: Number(from) }));
  });
  return router;
}

interface Page {
  key: string;
  type: string;
  search: string;
  from: number;
}

async function pageOf(state: FhirState, request: Request, { key, type, search, from }: Page) {
  const { largestPage, outcomeRows } = state.settings;
  const query = searchOf(`${type}?${search}`);
  const found = state.pages.get(key) ?? [];
  const end = from + Math.min(query.count ?? largestPage, largestPage);
  const rows = found.slice(from, end);
  const entries: Entry[] = rows.map((resource) => ({ search: { mode: 'match' }, resource }));
  if (query.include) loadDefinitions();
  await getExtraEntries(state.repository, query, rows, entries);
  const base = originOf(request);
  const all: unknown[] = entries.map((entry) => ({
    fullUrl: `${base}/${entry.resource?.resourceType}/${entry.resource?.id}`,
    ...entry,
  }));
  if (outcomeRows) all.splice(1, 0, { resource: outcomeOf([NOTE]), search: { mode: 'outcome' } });
  const next = { key, type, search, from: end };
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    total: found.length,
    link: [
      { relation: 'self', url: `${base}/${type}?${search}` },
      ...(end < found.length ? [{ relation: 'next', url: nextUrl(state, request, next) }] : []),
    ],
    entry: all,
  };
}

const NOTE = { severity: 'warning', code: 'not-supported', diagnostics: 'A parameter was ignored' } as const;

function nextUrl(state: FhirState, request: Request, { key, type, search, from }: Page): string {
  const path = `/pages/${key}?${new URLSearchParams({ type, from: String(from), search })}`;
  const origin = originOf(request).replace(/(?<=\/\/[^/]*)\/.*/, '');
  switch (state.settings.nextPages) {
    case 'same-path':
      return `${originOf(request)}${path}`;
    case 'other-path':
      return `${origin}/elsewhere${path}`;
    case 'other-origin':
      return `http://another.example.test${path}`;
    case 'relative':
      return path.slice(1);
  }
}

/** Where the resources are, as the client calls it. */
function originOf(request: Request): string {
  return `${request.protocol}://${request.get('host')}/fhir/R4`;
}

function queryOf({ originalUrl }: Request): string {
  return originalUrl.split('?')[1] ?? '';
}

function searchOf(text: string) {
  return parseSearchRequest<Resource>(text);
}
