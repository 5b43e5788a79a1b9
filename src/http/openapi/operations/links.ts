/** Links. */
import { successHeaders } from '../answers';
import { exampleRefs } from '../examples';
import { ref } from '../schemas/parts';
import {
  answer,
  OF_A_BODY,
  OF_A_CALLER,
  OF_A_READ,
  type Operation,
  REQUEST_ID,
  STAFF_ID,
  VENDOR,
} from './operation';

export const LINK_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/staff/{id}/links',
    id: 'listLinks',
    tag: 'Links',
    summary: 'Which vendor records a staff id is linked to',
    description: 'One row for each vendor. Empty if there is none.',
    scope: 'staff:read',
    parameters: [STAFF_ID, REQUEST_ID],
    success: { 200: answer('The links.', ref('LinksAnswer'), exampleRefs('links')) },
    problems: [...OF_A_CALLER, 'staff_not_found'],
  },
  {
    method: 'put',
    path: '/staff/{id}/links/{vendor}',
    id: 'putLink',
    tag: 'Links',
    summary: 'Link a staff id to a vendor record',
    description:
      'Replaces the link to this vendor, if there is one. A vendor record belongs to one staff id only. Possible at the clinic’s own ' +
      'connection, and, to prepare a switch, at those that the operator has named for it; never at one that other clinics have a ' +
      'part in. The vendor is asked for the record, which has to have exactly this id.',
    scope: 'links:write',
    parameters: [STAFF_ID, VENDOR, REQUEST_ID],
    body: {
      required: true,
      content: {
        'application/json': { schema: ref('NewLink'), examples: exampleRefs('newLink') },
      },
    },
    success: {
      200: answer('Replaced, or already so.', ref('LinkAnswer'), exampleRefs('link')),
      201: answer('New.', ref('LinkAnswer'), exampleRefs('link')),
    },
    problems: [...OF_A_CALLER, ...OF_A_BODY, ...OF_A_READ, 'not_found', 'conflict'],
  },
  {
    method: 'delete',
    path: '/staff/{id}/links/{vendor}',
    id: 'deleteLink',
    tag: 'Links',
    summary: 'Remove a link',
    description: 'The vendor’s record stays as it is.',
    scope: 'links:write',
    parameters: [STAFF_ID, VENDOR, REQUEST_ID],
    success: { 204: { description: 'Removed.', headers: successHeaders(true) } },
    problems: [...OF_A_CALLER, 'staff_not_found', 'not_found'],
  },
];
