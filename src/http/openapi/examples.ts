/** Examples of the document. A test checks each against its schema; the people in them do not exist. */
import { PROBLEMS, type ProblemCode } from '../../problem';
import type { Part } from './joiSchema';

const requestId = 'booking-7301';
const clinic = 'north';
const vendor = 'clinic-system';
const vendorRecordId = 'pr_abc123';
const operationId = '0c7e6f52-1c0b-4a0f-9a55-0a7d3a3c9b11';
const vendorRequest = {
  method: 'PATCH',
  url: 'https://vendor.example/roles/pr_abc123',
  headers: { 'x-api-key': '***' },
  body: { status: 'active' },
};

const meta = { requestId, clinic, vendor, vendorRecordId };
const clinicMeta = { requestId, clinic };

const staff = {
  id: 'st-42',
  status: 'active',
  role: 'doctor',
  specialty: { code: '394579002', display: 'Cardiology', system: 'http://snomed.info/sct' },
  period: { start: '2024-01-01', end: '2025-12-31' },
};

const updated = {
  data: staff,
  meta: {
    ...meta,
    receipt: [
      { pointer: '/status', outcome: 'verified' },
      { pointer: '/phone', outcome: 'dropped', detail: 'This vendor’s records hold no phone' },
      { pointer: '/period', outcome: 'unchanged' },
    ],
    warnings: [],
  },
};

const operation = {
  id: operationId,
  staffId: 'st-42',
  status: 'succeeded',
  createdAt: '2025-11-13T09:00:00.000Z',
  finishedAt: '2025-11-13T09:00:01.250Z',
  attempts: [
    {
      number: 1,
      startedAt: '2025-11-13T09:00:00.010Z',
      finishedAt: '2025-11-13T09:00:01.250Z',
      outcome: 'succeeded',
    },
  ],
  // As it is with `Prefer: return=minimal`; the record and other outcomes are in the example of the update itself.
  answer: {
    status: 200,
    body: { meta: { ...meta, receipt: [{ pointer: '/status', outcome: 'verified' }], warnings: [] } },
  },
};

/** By the name that they have in the document. */
const ANSWERS_AND_BODIES = {
  statusPatch: { summary: 'Change the status', value: { status: 'active' } },
  contactPatch: {
    summary: 'Change several fields',
    value: {
      name: { family: 'Quiroga' },
      phone: '+54 11 5555-0000',
    },
  },
  hoursPatch: {
    summary: 'Change the weekly hours',
    value: {
      availableTime: [
        { daysOfWeek: ['mon', 'wed'], availableStartTime: '09:00:00', availableEndTime: '13:00:00' },
        { daysOfWeek: ['fri'], availableStartTime: '14:00:00', availableEndTime: '18:00:00' },
      ],
    },
  },
  staff: { summary: 'Staff member', value: { data: staff, meta: { ...meta, warnings: [] } } },
  staffList: {
    summary: 'Page',
    value: {
      data: [{ vendorRecordId, ...staff }],
      meta: {
        ...clinicMeta,
        vendor,
        source: 'live',
        asOf: '2025-11-13T09:00:00.000Z',
        total: 1,
        nextCursor: null,
        warnings: [],
      },
    },
  },
  fhirBundle: {
    summary: 'FHIR',
    value: {
      resourceType: 'Bundle',
      type: 'searchset',
      total: 1,
      link: [{ relation: 'self', url: '/staff?status=active' }],
      entry: [
        {
          resource: { resourceType: 'PractitionerRole', id: 'st-42', active: true },
          search: { mode: 'match' },
        },
      ],
    },
  },
  fhir: { summary: 'FHIR', value: { resourceType: 'PractitionerRole', id: 'st-42', active: true } },
  updated: { summary: 'Updated', value: updated },
  dryRun: {
    summary: 'Dry run',
    value: {
      data: staff,
      meta: {
        ...meta,
        receipt: [{ pointer: '/status', outcome: 'verified' }],
        warnings: [],
        dryRun: true,
        vendorRequests: [vendorRequest],
      },
    },
  },
  accepted: {
    summary: 'Queued',
    value: {
      data: { id: operationId, staffId: 'st-42', status: 'queued', createdAt: '2025-11-13T09:00:00.000Z' },
      meta: clinicMeta,
    },
  },
  operation: { summary: 'Succeeded', value: { data: operation, meta: clinicMeta } },
  retried: {
    summary: 'Queued again',
    value: {
      data: {
        id: operationId,
        staffId: 'st-42',
        status: 'queued',
        createdAt: '2025-11-13T09:00:00.000Z',
        attempts: [],
      },
      meta: clinicMeta,
    },
  },
  capabilities: {
    summary: 'Capabilities',
    value: {
      data: {
        vendor,
        adapter: 'example',
        fields: [
          { pointer: '/status', read: true, write: true, clear: false, values: ['active', 'inactive'] },
          {
            pointer: '/phone',
            read: false,
            write: false,
            clear: false,
            reason: 'This vendor’s records hold no phone',
          },
        ],
      },
      meta: clinicMeta,
    },
  },
  newLink: { summary: 'Link', value: { vendorRecordId } },
  link: { summary: 'A link', value: { data: { vendor, vendorRecordId }, meta: clinicMeta } },
  links: { summary: 'Links', value: { data: [{ vendor, vendorRecordId }], meta: clinicMeta } },
  changes: {
    summary: 'Page',
    value: {
      data: [
        {
          kind: 'update',
          sequence: 1,
          at: '2025-11-13T09:00:00.000Z',
          requestId,
          clinic,
          caller: 'scheduling-app',
          staffId: 'st-42',
          vendor,
          vendorRecordId,
          outcome: 'success',
          status: 200,
          code: null,
          durationMs: 84,
          fields: [{ pointer: '/status', outcome: 'verified' }],
        },
      ],
      meta: { ...clinicMeta, nextCursor: 'YmVsb3c6MQ' },
    },
  },
  ready: {
    summary: 'Ready',
    value: {
      status: 'ready',
      checks: { config: 'ok', store: 'ok', process: 'ok' },
      configFile: 'ok',
      certificate: 'ok',
    },
  },
  notReady: {
    summary: 'Not ready',
    value: {
      status: 'not ready',
      checks: { config: 'ok', store: 'failed', process: 'ok' },
      configFile: 'ok',
      certificate: 'ok',
    },
  },
  problemKind: { summary: 'Explained', value: { code: 'unsupported_field', ...PROBLEMS.unsupported_field } },
  keySet: {
    summary: 'One key',
    value: { keys: [{ kty: 'RSA', n: 'yR5…', e: 'AQAB', kid: 'PLXJ…', alg: 'RS384', use: 'sig' }] },
  },
  alive: { summary: 'Alive', value: { status: 'ok' } },
} as const satisfies Readonly<Record<string, Part>>;

/** What an answer with a code looks like beyond the members that all have. */
const EXTRAS: Partial<Record<ProblemCode, Part>> & Readonly<Record<string, Part>> = {
  validation_failed: {
    detail: 'The update is not valid. Nothing was sent.',
    errors: [
      { pointer: '/birthDate', code: 'invalid_format', detail: 'A date, YYYY-MM-DD, is expected.' },
      { pointer: '/phnoe', code: 'unknown_field', detail: 'There is no such member. Did you mean phone?' },
    ],
  },
  unsupported_field: {
    errors: [{ pointer: '/phone', code: 'unsupported_field', detail: 'This vendor’s records hold no phone' }],
  },
  vendor_timeout: { vendor: { name: 'clinic-system' }, outcome: 'unknown' },
  vendor_unavailable: { vendor: { name: 'clinic-system', status: 503 }, outcome: 'not_applied' },
  write_not_confirmed: {
    vendor: { name: 'clinic-system' },
    errors: [
      {
        pointer: '/status',
        code: 'write_not_confirmed',
        detail: 'The vendor’s record does not hold the value that was sent.',
      },
    ],
    receipt: [{ pointer: '/role', outcome: 'verified' }],
  },
};

/** Without a summary: its name is the code, and its value has the title. */
function exampleOf(code: string, { status, title, meaning }: (typeof PROBLEMS)[ProblemCode]): Part {
  return {
    value: {
      type: `/problems/${code}`,
      title,
      status,
      code,
      detail: meaning,
      requestId,
      ...EXTRAS[code],
    },
  };
}

/** All examples, for `components/examples`: what is shown at several operations is in the document once. */
export function examples(): Record<string, Part> {
  const problems = Object.entries(PROBLEMS)
    // Any URL may be answered so, and no operation lists it.
    .filter(([code]) => code !== 'method_not_allowed')
    .map(([code, kind]) => [code, exampleOf(code, kind)]);
  return { ...ANSWERS_AND_BODIES, ...Object.fromEntries(problems) };
}

/** References to examples, for the `examples` of a media type. */
export function exampleRefs(...names: readonly (keyof typeof ANSWERS_AND_BODIES | ProblemCode)[]): Part {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/examples/${name}` }]));
}
