/** One staff member's story: links, what is queued, and what was done, newest first. No personal values. */
import Joi from 'joi';
import { Problem } from '../problem';
import { isStaffId } from '../staff/id';
import { pageOfOperations, UNFINISHED } from '../store/operationList';
import { shownChange } from './changes';
import { shownDelivery } from './deliveries';
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
          queue: queue.operations.map((operation) => shownDelivery(operation, runtime)),
          changes: done.map(shownChange),
        },
      },
    };
  },
});

interface Unlink {
  vendor: string;
  vendorRecordId: string;
}

const unlink = route({
  method: 'POST',
  path: '/staff/:clinic/:id/unlink',
  access: 'operator',
  summary: 'Remove a wrong link to a connection at which the clinic is not. Nothing is sent to the vendor.',
  body: Joi.object<Unlink>({
    vendor: Joi.string().max(64).required().description('The connection.'),
    vendorRecordId: Joi.string().max(200).required().description('The record that the link leads to.'),
  }),
  work: async ({ req, parts: { runtime, links }, body: { vendor, vendorRecordId }, by }) => {
    const name = pathParameter(req, 'clinic');
    const staffId = pathParameter(req, 'id');
    const clinic = runtime.current.clinics.get(name);
    if (clinic === undefined) throw new Problem('not_found', 'The configuration has no clinic of that name.');
    if (clinic.vendor === vendor) {
      throw new Problem('conflict', 'The clinic is at this connection: its updates need the link.');
    }
    // Somebody may have put another one in its place since it was looked at.
    if ((await links.find(name, staffId, vendor)) !== vendorRecordId) {
      throw new Problem('conflict', 'There is no such link any more.');
    }
    await links.remove(name, staffId, vendor, by);
    return { body: { data: { clinic: name, staffId, vendor, vendorRecordId } } };
  },
});

export const STAFF_ROUTES: readonly Route[] = [story, unlink];
