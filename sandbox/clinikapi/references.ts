import { Router } from 'express';
import type { Table } from '../table';
import { sendData, sendNotFound } from './answers';
import { contains, equals, page } from './lists';
import { renderReference } from './render';
import { isVisible } from './roles';
import type { Reference } from './seeds';
import type { ClinikapiState } from './store';

/** GET one or many practitioners, organizations or locations (clinikapi.md section 4). */
export function referenceRoutes(
  table: Table<string, Reference>,
  resourceType: 'Practitioner' | 'Organization' | 'Location',
  state: ClinikapiState,
): Router {
  const router = Router();
  router.get('/', (request, response) => {
    const { name, specialty, npi, active, status, type } = request.query;
    const found = table
      .all()
      .filter((row) => isVisible(row, response) && contains(row.name, name))
      .filter(({ details }) => !specialty || contains(String(details.specialty), specialty))
      .filter(({ details }) => equals(details.npi, npi) && equals(details.status, status))
      // Inactive practitioners are left out unless they are asked for.
      .filter(({ details }) => (active ? equals(details.active, active) : details.active !== false))
      .filter(({ details }) => !type || (Array.isArray(details.type) && details.type.includes(type)));
    sendData(
      response,
      200,
      page(found, request, (row) => renderReference(row, resourceType, state)),
    );
  });
  router.get('/:id', (request, response) => {
    const row = table.get(request.params.id);
    if (!row || !isVisible(row, response)) return sendNotFound(response);
    sendData(response, 200, renderReference(row, resourceType, state));
  });
  return router;
}
