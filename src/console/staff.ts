/** One staff member's story: links, what is queued, and what was done, newest first. No personal values. */
import { Problem } from '../problem';
import { isStaffId } from '../staff/id';
import { pageOfOperations, UNFINISHED } from '../store/operationList';
import { shownChange } from './changes';
import { withoutAnswer } from './deliveries';
import { pathParameter, type Route, route } from './route';

const MOST = 50;

const story = route({
  method: 'GET',
  path: '/staff/:clinic/:id',
  access: 'viewer',
  summary: 'One staff member: links, queue, changes with their receipts.',
  work: async ({ req, parts: { runtime, database, links, changes, cipher } }) => {
    const name = pathParameter(req, 'clinic');
    const staffId = pathParameter(req, 'id');
    const clinic = runtime.current.clinics.get(name);
    if (clinic === undefined) throw new Problem('not_found', 'The configuration has no clinic of that name.');
    if (!isStaffId(staffId)) throw new Problem('not_found', 'No staff id has this form.');
    const [linked, queue, done] = await Promise.all([
      links.list(name, staffId),
      pageOfOperations(database, { clinic: name, staffId, statuses: UNFINISHED }, MOST, { cipher }),
      changes.list({ clinic: name, staffId }, MOST),
    ]);
    return {
      body: {
        data: {
          clinic: name,
          staffId,
          vendor: clinic.vendor,
          identity: clinic.identity,
          links: linked.map(({ vendor, vendorRecordId }) => ({
            vendor,
            vendorRecordId,
            inUse: vendor === clinic.vendor && clinic.identity === 'linked',
          })),
          queue: queue.operations.map(withoutAnswer),
          changes: done.map(shownChange),
        },
      },
    };
  },
});

export const STAFF_ROUTES: readonly Route[] = [story];
