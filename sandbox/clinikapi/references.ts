import { type Response, Router } from 'express';
import type { Table } from '../table';
import { sendData, sendNotFound } from './answers';
import { contains, equals, page } from './lists';
import { renderReference } from './render';
import { isVisible } from './roles';
import type { Reference } from './seeds';
import type { ClinikapiState } from './store';

/** The resource types that a role refers to. */
export type ReferenceType = 'Practitioner' | 'Organization' | 'Location';

function tableOf(state: ClinikapiState, type: ReferenceType): Table<string, Reference> {
  const tables = {
    Practitioner: state.practitioners,
    Organization: state.organizations,
    Location: state.locations,
  };
  return tables[type];
}

/** The record with this id, if the key of this request sees it. */
export function findReference(
  state: ClinikapiState,
  type: ReferenceType,
  id: string,
  response: Response,
): Reference | undefined {
  const row = tableOf(state, type).get(id);
  return row && isVisible(row, response) ? row : undefined;
}

/** GET one or many practitioners, organizations or locations (clinikapi.md section 4). */
export function referenceRoutes(type: ReferenceType, state: ClinikapiState): Router {
  const router = Router();
  router.get('/', (request, response) => {
    const { name, specialty, npi, active, status } = request.query;
    const wantedType = request.query.type;
    const found = tableOf(state, type)
      .view()
      // Searches lag behind writes; reads by id do not (clinikapi.md section 6).
      .flatMap((row) => (type === 'Practitioner' ? (state.practitionerLag.seen(row.id, row) ?? []) : row))
      .filter((row) => isVisible(row, response) && contains(row.name, name))
      .filter(({ details }) => !specialty || contains(String(details.specialty), specialty))
      .filter(({ details }) => equals(details.npi, npi) && equals(details.status, status))
      // Inactive practitioners are left out unless they are asked for.
      .filter(({ details }) => (active ? equals(details.active, active) : details.active !== false))
      .filter(
        ({ details }) => !wantedType || (Array.isArray(details.type) && details.type.includes(wantedType)),
      );
    sendData(
      response,
      200,
      page(found, request, state, (row) => renderReference(row, type, state)),
    );
  });
  router.get('/:id', (request, response) => {
    const row = findReference(state, type, request.params.id, response);
    if (!row) return sendNotFound(response);
    sendData(response, 200, renderReference(row, type, state));
  });
  return router;
}
