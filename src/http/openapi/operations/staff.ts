/** Reading and updating staff. */
import { staffQuerySchema } from '../../routes/staffList';
import { headerRef, parameterRef, successHeaders } from '../answers';
import { exampleRefs } from '../examples';
import { ref } from '../schemas/parts';
import {
  answer,
  ETAG,
  OF_A_BODY,
  OF_A_CALLER,
  OF_A_READ,
  type Operation,
  queryParameters,
  REQUEST_ID,
  STAFF_ID,
} from './operation';

export const STAFF_OPERATIONS: readonly Operation[] = [
  {
    method: 'patch',
    path: '/staff/{id}',
    id: 'updateStaff',
    tag: 'Staff',
    summary: 'Update a staff member',
    description:
      'Carries the update out at the vendor that holds the record, and answers with a receipt: one row for each top-level ' +
      'member that was sent. Strict handling, the default, refuses an update with a field that the vendor cannot hold, names ' +
      'all of them, and sends nothing.',
    scope: 'staff:write',
    parameters: [
      STAFF_ID,
      parameterRef('DryRun'),
      parameterRef('Prefer'),
      parameterRef('IfMatch'),
      parameterRef('IdempotencyKey'),
      REQUEST_ID,
    ],
    body: {
      required: true,
      content: Object.fromEntries(
        ['application/merge-patch+json', 'application/json'].map((type) => [
          type,
          {
            schema: ref('StaffPatch'),
            examples: exampleRefs('statusPatch', 'contactPatch', 'hoursPatch'),
          },
        ]),
      ),
    },
    success: {
      200: answer(
        'Carried out, or with `dryRun=true` shown.',
        ref('UpdateAnswer'),
        exampleRefs('updated', 'dryRun'),
        {
          headers: {
            ...ETAG,
            'Preference-Applied': headerRef('PreferenceApplied'),
            'Idempotency-Replayed': headerRef('IdempotencyReplayed'),
          },
        },
      ),
      202: answer(
        'Queued: asked for with `Prefer: respond-async`, or because the vendor is down and the clinic queues.',
        ref('AcceptedAnswer'),
        exampleRefs('accepted'),
        {
          headers: {
            Location: headerRef('Location'),
            'Preference-Applied': headerRef('PreferenceApplied'),
            'Idempotency-Replayed': headerRef('IdempotencyReplayed'),
          },
        },
      ),
    },
    problems: [
      ...OF_A_CALLER,
      ...OF_A_BODY,
      ...OF_A_READ,
      'conflict',
      'idempotency_in_progress',
      'precondition_failed',
      'precondition_required',
      'unsupported_field',
      'unmapped_code',
      'not_clearable',
      'stored_value_invalid',
      'vendor_rejected',
      'idempotency_key_reused',
      'write_not_confirmed',
      'clinic_is_moving',
    ],
  },
  {
    method: 'get',
    path: '/staff/{id}',
    id: 'readStaff',
    tag: 'Staff',
    summary: 'Read a staff member',
    description:
      'Reads the record at the vendor that holds it. With `Accept: application/fhir+json` the answer is an FHIR R4 ' +
      '`PractitionerRole` with a contained `Practitioner`; its `ETag` is the weak form of the same, which ' +
      'as it is cannot be used as `If-Match`.',
    scope: 'staff:read',
    parameters: [STAFF_ID, parameterRef('IfNoneMatch'), REQUEST_ID],
    success: {
      200: answer('The record.', ref('StaffAnswer'), exampleRefs('staff'), {
        headers: ETAG,
        content: {
          'application/fhir+json': {
            schema: ref('PractitionerRole'),
            examples: exampleRefs('fhir'),
          },
        },
      }),
      304: {
        description: 'Not modified: the record has an entity tag that `If-None-Match` names.',
        headers: successHeaders(true, ETAG),
      },
    },
    problems: [...OF_A_CALLER, ...OF_A_READ],
  },
  {
    method: 'get',
    path: '/staff',
    id: 'listStaff',
    tag: 'Staff',
    summary: 'List and search the staff',
    description:
      'The clinic’s staff as its vendor holds them, by pages; filters compose. The vendor’s list is read whole, within its ' +
      'limits, and kept for a short while (`meta.source`, `meta.asOf`); with `Cache-Control: no-cache` it is read anew. ' +
      'A list that could not be read to its end is a problem, never a part of it. A filter on a field that the vendor does not ' +
      'show is refused. With `Accept: application/fhir+json` the answer is a searchset `Bundle`.',
    scope: 'staff:read',
    parameters: [...queryParameters(staffQuerySchema), parameterRef('CacheControl'), REQUEST_ID],
    success: {
      200: answer('A page.', ref('StaffListAnswer'), exampleRefs('staffList'), {
        content: {
          'application/fhir+json': { schema: ref('Bundle'), examples: exampleRefs('fhirBundle') },
        },
      }),
    },
    problems: [
      ...OF_A_CALLER,
      ...OF_A_READ.filter((code) => code !== 'staff_not_found' && code !== 'vendor_timeout'),
      'not_found',
      'cursor_expired',
      'unsupported_field',
    ],
  },
  {
    method: 'get',
    path: '/capabilities',
    id: 'readCapabilities',
    tag: 'Staff',
    summary: 'What your clinic can read and write',
    description:
      'For each field, whether it can be read and written, with the allowed values, and the reason if not.',
    scope: 'staff:read',
    parameters: [REQUEST_ID],
    success: {
      200: answer('All fields.', ref('CapabilitiesAnswer'), exampleRefs('capabilities')),
    },
    problems: OF_A_CALLER,
  },
];
