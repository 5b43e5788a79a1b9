/** Examples of the document. A test checks each against its schema; the people in them do not exist. */
import { PROBLEMS } from '../../problem';

const requestId = '7c2f1f0e-6a3f-4f5e-9d1b-0d6f6f1f2a10';
const clinic = 'north';
const vendor = 'clinic-system';
const vendorRecordId = 'pr_abc123';
const operationId = '0c7e6f52-1c0b-4a0f-9a55-0a7d3a3c9b11';
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
  answer: { status: 200, body: updated },
};

export const EXAMPLES = {
  statusPatch: { status: 'active' },
  contactPatch: {
    name: { family: 'Quiroga' },
    phone: '+54 11 5555-0000',
    address: { text: 'Calle Falsa 123' },
  },
  hoursPatch: {
    availableTime: [
      { daysOfWeek: ['mon', 'wed'], availableStartTime: '09:00:00', availableEndTime: '13:00:00' },
      {
        daysOfWeek: ['fri'],
        availableStartTime: '14:00:00',
        availableEndTime: '18:00:00',
        locationId: 'centro',
      },
    ],
  },
  staff: { data: staff, meta: { ...meta, warnings: [] } },
  fhir: { resourceType: 'PractitionerRole', id: 'st-42', active: true },
  updated,
  dryRun: {
    data: staff,
    meta: {
      ...meta,
      receipt: [{ pointer: '/status', outcome: 'verified' }],
      warnings: [],
      dryRun: true,
      vendorRequest: {
        method: 'PATCH',
        url: 'https://clinic-system.example/v1/roles/pr_abc123',
        headers: { 'x-api-key': '***' },
        body: { status: 'active' },
      },
    },
  },
  accepted: {
    data: { id: operationId, staffId: 'st-42', status: 'queued', createdAt: '2025-11-13T09:00:00.000Z' },
    meta: clinicMeta,
  },
  operation: { data: operation, meta: clinicMeta },
  retried: {
    data: {
      id: operationId,
      staffId: 'st-42',
      status: 'queued',
      createdAt: '2025-11-13T09:00:00.000Z',
      nextAttemptAt: '2025-11-13T09:30:00.000Z',
      attempts: [],
    },
    meta: clinicMeta,
  },
  capabilities: {
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
  newLink: { vendorRecordId },
  link: { data: { vendor, vendorRecordId }, meta: clinicMeta },
  links: { data: [{ vendor, vendorRecordId }], meta: clinicMeta },
  changes: {
    data: [
      {
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
        values: { '/status': 'jV0Dq6m1cI0Hq2x3r6c5Yb8e3w1n4p7s9u2v5y8zA1B' },
        previousHash: '0'.repeat(64),
        hash: 'a'.repeat(64),
      },
    ],
    meta: { ...clinicMeta, nextCursor: 'YmVmb3JlOjE' },
  },
  ready: {
    status: 'ready',
    checks: { config: 'ok', store: 'ok', process: 'ok' },
    configFile: 'ok',
    vendors: { [vendor]: 'closed' },
  },
  notReady: {
    status: 'not ready',
    checks: { config: 'ok', store: 'failed', process: 'ok' },
    configFile: 'ok',
    vendors: { [vendor]: 'open' },
  },
  problemKind: { code: 'unsupported_field', ...PROBLEMS.unsupported_field },
};
