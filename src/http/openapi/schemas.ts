/** The schemas of what travels: the record and its update from the joi schemas, the rest from the lists that execute. */

import { isObject, member } from '../../lib/json';
import { PROBLEMS } from '../../problem';
import { OPEN_OUTCOMES, OUTCOMES } from '../../receipt';
import { FIELDS, pointerOf } from '../../staff/fields';
import { patchSchema } from '../../staff/schema';
import { CHANGE_KINDS, CHANGE_OUTCOMES } from '../../store/changes';
import { OPERATION_STATUSES } from '../../store/operation';
import { linkSchema } from '../routes/links';
import { jsonSchemaOf, type Part } from './joiSchema';

export const ref = (name: string): Part => ({ $ref: `#/components/schemas/${name}` });

const text = (description: string, more: Part = {}): Part => ({ type: 'string', description, ...more });
const number = (description: string, more: Part = {}): Part => ({ type: 'integer', description, ...more });
const listOf = (items: Part, description: string): Part => ({ type: 'array', items, description });
const time = (description: string): Part => text(description, { format: 'date-time' });

/** An object in which the members whose names do not end in `?` are always there. */
function object(description: string, members: Readonly<Record<string, Part>>): Part {
  const names = Object.keys(members);
  return {
    type: 'object',
    description,
    required: names.filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(names.map((name) => [name.replace('?', ''), members[name] ?? {}])),
  };
}

/** The record and its update, with the block of weekly hours as a schema of its own. */
function recordSchemas(): Record<string, Part> {
  const patch = jsonSchemaOf(patchSchema, { rules: 'strict' });
  const shape = jsonSchemaOf(patchSchema, { rules: 'shape' });
  const [sent, sentBlock] = withBlock(patch, 'AvailableTimePatch');
  const [shown, shownBlock] = withBlock(shape, 'AvailableTime');
  return {
    StaffPatch: {
      ...patch,
      description:
        'A JSON Merge Patch (RFC 7396): absent keeps, `null` clears, objects merge member by member, arrays replace. Shown ' +
        'is the canonical spelling; on the way in, white space is trimmed, case does not matter in enumerations and day ' +
        'names (`Monday` is `mon`), `9:00` is `09:00:00`, and a date-time counts as its date. Text has something visible, no ' +
        'half of a surrogate pair, and no control characters; line breaks and tabs are allowed in `address.text` and in the ' +
        '`description` of a recurrence. Dates are of the calendar, from the year 0001.',
      properties: sent,
    },
    AvailableTimePatch: {
      ...sentBlock,
      description:
        'One block of weekly hours. It ends after it starts, on the same day: an overnight shift is two blocks. Blocks of ' +
        'one day do not overlap.',
    },
    Staff: {
      ...shape,
      description:
        'The record as far as the vendor shows it: a field that it does not show is absent; `null` is empty, or unreadable ' +
        '(`meta.warnings` then says so).',
      properties: {
        id: text('The staff id of the URL.'),
        ...shown,
        ...Object.fromEntries(Object.entries(SHARED).map(([name, schema]) => [name, ref(schema)])),
      },
      required: ['id'],
    },
    ...Object.fromEntries(Object.entries(SHARED).map(([name, schema]) => [schema, objectOf(shown[name])])),
    AvailableTime: { ...shownBlock, description: 'One block of weekly hours.' },
  };
}

/** Members of a record that are objects: in the list, too. */
const SHARED = { name: 'Name', address: 'Address', specialty: 'Specialty', period: 'Period' } as const;

/** A record of the list has the vendor's id beside its own. */
function listedStaff(staff: Part | undefined): Part {
  const { id: _, ...fields } = objectOf(staff?.properties);
  return {
    ...staff,
    description: 'A record of the staff list, as `GET /staff/{id}` shows it.',
    properties: {
      id: { type: ['string', 'null'], description: 'The staff id; `null` for a record without a link.' },
      vendorRecordId: readMeta.vendorRecordId,
      ...fields,
    },
    required: ['id', 'vendorRecordId'],
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function withBlock(record: Part, name: string): [Record<string, unknown>, Record<string, unknown>] {
  const { properties } = record;
  const hours = member(properties, 'availableTime');
  const block = member(hours, 'items');
  if (!isObject(properties) || !isObject(hours) || !isObject(block)) {
    throw new TypeError('the record has weekly hours, a list of blocks');
  }
  return [{ ...properties, availableTime: { ...hours, items: ref(name) } }, block];
}

const receiptRow = object('What became of one top-level member of the update.', {
  pointer: text('JSON pointer of the member, such as `/name`.'),
  outcome: {
    type: 'string',
    enum: [...OUTCOMES, ...OPEN_OUTCOMES],
    description:
      '`verified`: the vendor’s returned or re-read record holds the value. `accepted`: the vendor acknowledged and the ' +
      'value cannot be read back. `unchanged`: a read has shown that it already had the value. `dropped`: the vendor cannot hold it ' +
      '(`Prefer: handling=lenient` only). In a problem also `not_applied`, and `unknown`: nobody can tell, or only a part.',
  },
  'detail?': text('Why, if the outcome alone does not say it.'),
});

const warning = object('Something to know although the request succeeded.', {
  'pointer?': text('JSON pointer of the field that it is about.'),
  code: text(
    'A stable code: `unreadable`, `lost_on_update`, `stored_value_invalid`, `not_stored`, `normalised`, `settled_by_reading`.',
  ),
  detail: text('For people. Never carries a value.'),
});

const fieldError = object('One complaint about one place in the request.', {
  pointer: text('JSON pointer into the body as it was sent; empty for the whole.'),
  code: text('A stable code, such as `invalid_format`.'),
  detail: text('For people. Never carries a value.'),
});

const problem = object('Problem details (RFC 9457). Every answer that is not a success is one.', {
  type: text('Where the code is explained.', { format: 'uri-reference' }),
  title: text('The code in words.'),
  status: number('The status of the answer.'),
  code: ref('ProblemCode'),
  detail: text('What happened here, for people. Never carries a value.'),
  requestId: text('The `X-Request-Id` of the answer. Quote it when you ask for help.'),
  'errors?': listOf(ref('FieldError'), 'Every complaint, not only the first.'),
  'vendor?': object('What the vendor said, as far as it may be shown.', {
    name: text('Name of the vendor connection.'),
    'status?': number('The status of the vendor’s answer.'),
    'code?': text('The vendor’s own code.'),
    'message?': text('The vendor’s own sentence, only if it carries no personal data.'),
  }),
  'outcome?': {
    type: 'string',
    enum: ['applied', 'partial', 'not_applied', 'unknown'],
    description:
      'What is known about the update. `partial`: `receipt` says which part was applied; ' +
      'the same request with the same `Idempotency-Key` sends the rest.',
  },
  'receipt?': listOf(
    ref('ReceiptRow'),
    'What became of the other members; of all, if `outcome` is `partial`.',
  ),
});

const readMeta = {
  requestId: text('The `X-Request-Id` of the answer.'),
  clinic: text('The caller’s clinic.'),
  vendor: text('Name of the vendor connection that holds the record.'),
  vendorRecordId: text('The vendor’s own id of the record.'),
  warnings: listOf(ref('Warning'), 'Empty if there is nothing to report.'),
};

const listMeta = object('About the page, and the list that it is of.', {
  requestId: readMeta.requestId,
  clinic: readMeta.clinic,
  vendor: text('Name of the vendor connection that holds the records.'),
  source: {
    type: 'string',
    enum: ['live', 'cache'],
    description: '`live`: read from the vendor for this request. `cache`: read a short while ago.',
  },
  asOf: time('When the reading of the list began.'),
  'complete?': {
    type: 'boolean',
    enum: [false],
    description: 'Set if the list may not be whole: the vendor counts more records than it lists.',
  },
  total: number('How many records fit, on all pages.'),
  nextCursor: {
    type: ['string', 'null'],
    description: 'Send it as `cursor`, with the same filters, for the next page; `null` on the last one.',
  },
  warnings: listOf(
    ref('Warning'),
    'Pointers lead into `data`: `/0/status`. One without a pointer is about the list, such as `list_incomplete`, `rows_skipped`, `parts_not_listed` and `not_listed`.',
  ),
});

const clinicMeta = object('About the answer.', {
  requestId: readMeta.requestId,
  clinic: readMeta.clinic,
});

const vendorRequest = object('A request to the vendor.', {
  method: text('HTTP method.'),
  url: text('URL at the vendor.'),
  headers: { type: 'object', additionalProperties: { type: 'string' } },
  'body?': { type: ['object', 'array'] },
});

const updateMeta = object('About the answer, with the receipt.', {
  requestId: readMeta.requestId,
  clinic: readMeta.clinic,
  vendor: readMeta.vendor,
  vendorRecordId: readMeta.vendorRecordId,
  receipt: listOf(ref('ReceiptRow'), 'One row for each top-level member that was sent.'),
  warnings: readMeta.warnings,
  'dryRun?': { type: 'boolean', const: true, description: 'Nothing was sent to be written.' },
  'vendorRequests?': listOf(
    ref('VendorRequest'),
    'Dry run: what would be sent, in order, credentials masked.',
  ),
  'vendorRequest?': {
    description: 'If it is one; `null` if none.',
    anyOf: [ref('VendorRequest'), { type: 'null' }],
  },
});

const capability = object('What a clinic can do with one field.', {
  pointer: { type: 'string', enum: FIELDS.map(pointerOf), description: 'JSON pointer of the field.' },
  read: { type: 'boolean', description: 'Whether `GET` can show it.' },
  write: { type: 'boolean', description: 'Whether `PATCH` can change it.' },
  clear: {
    type: 'boolean',
    description: 'Whether `null` is accepted for the whole field; `note` says if a part differs.',
  },
  'values?': listOf({ type: 'string' }, 'The allowed values, if they are a closed list.'),
  'notStored?': {
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Members that may be sent but are not stored, each with the reason.',
  },
  'reason?': text('Why the field cannot be written, or cannot be cleared.'),
  'note?': text('A remark, such as which values the members of a composite field can have here.'),
});

const operationSummary = {
  id: text('Id of the operation.', { format: 'uuid' }),
  staffId: text('The staff member that is updated.'),
  status: {
    type: 'string',
    enum: [...OPERATION_STATUSES],
    description:
      '`queued` and `running` are on the way. `succeeded` and `failed` are final, `answer` says how. `dead`: no attempt gave ' +
      'a definite answer; retry it, or let an operator decide. Later updates of the same staff member wait until then.',
  },
  createdAt: time('When the update was accepted.'),
};

const operation = object('An update that is delivered later.', {
  ...operationSummary,
  'finishedAt?': time('When it reached its end.'),
  'nextAttemptAt?': time('When it is tried next, if it only waits for its time.'),
  'waitsFor?': text('The earlier operation of the same staff member that has to end first.'),
  'lastError?': object('Why the last attempt did not succeed.', {
    code: text('A problem code, or one of the queue’s own.'),
    detail: text('For people. Never carries a value.'),
  }),
  attempts: listOf(
    object('One attempt.', {
      number: number('Counted from 1.'),
      startedAt: time('When it began.'),
      'finishedAt?': time('When it ended.'),
      'outcome?': {
        type: 'string',
        enum: ['succeeded', 'failed', 'postponed', 'interrupted'],
        description:
          '`postponed`: tried again later. `interrupted`: the process that made it is gone, or gave it back.',
      },
      'code?': text('A problem code, or one of the queue’s own, such as `lease_expired`.'),
      'detail?': text('For people. Never carries a value.'),
    }),
    'Every attempt, in order.',
  ),
  'answer?': object('The answer that `PATCH` would have given.', {
    status: number('Its status.'),
    body: {
      description: 'Its body.',
      anyOf: [ref('UpdateAnswer'), ref('Problem')],
    },
  }),
});

const change = object('One row of the audit. Rows are never changed.', {
  kind: {
    type: 'string',
    enum: [...CHANGE_KINDS],
    description:
      'What was done: an attempted `update`, a `dry_run`, a link that was made, replaced (`link`) or removed, an `import` of links, ' +
      'a `discard` or `retry` of a queued update, a `refusal` (401 or 403), a `read`, a `copy` or `switch` to another vendor, an update for the `mirror`, or an `operator`’s act.',
  },
  sequence: number('Position among the rows of this clinic, of every kind, from 1 and without gaps.'),
  at: time('When it ended.'),
  requestId: text('The `X-Request-Id` of the request; empty where there was none.'),
  clinic: text('The clinic.'),
  caller: text('Who did it.'),
  staffId: text('Whose record it was about; empty where it was about none.'),
  vendor: text('Name of the vendor connection; empty where it was about none.'),
  vendorRecordId: { type: ['string', 'null'], description: '`null` if the record was not determined.' },
  outcome: {
    type: 'string',
    enum: [...CHANGE_OUTCOMES],
    description:
      '`partial`: `fields` says what was done. `refused`: it was not wanted. `failed`: it could not be done. `unknown`: it is not known what happened. `not_sent`: a dry run, which sends nothing.',
  },
  status: {
    type: ['integer', 'null'],
    description: 'Status of the answer; `null` if no caller was waiting any more.',
  },
  code: { type: ['string', 'null'], description: 'Problem code of the answer; `null` for a success.' },
  durationMs: number('How long it took, in milliseconds.'),
  fields: listOf(
    object('One sent member.', {
      pointer: text('JSON pointer of the member, such as `/name`.'),
      outcome: {
        type: 'string',
        enum: [...OUTCOMES, 'not_applied', 'not_confirmed', 'unknown'],
        description: 'As in a receipt.',
      },
    }),
    'What became of each sent member.',
  ),
  'values?': {
    type: 'object',
    description: 'What was sent, by pointer; only where the operator keeps it (`audit.values: full`).',
    additionalProperties: true,
  },
  'detail?': {
    type: 'object',
    description: 'Facts of this kind of row: names, ids, counts, or the address that was refused.',
    additionalProperties: true,
  },
});

const enveloped = (description: string, data: Part, meta: Part): Part => object(description, { data, meta });

export function schemas(): Record<string, Part> {
  const record = recordSchemas();
  return {
    ...record,
    ReceiptRow: receiptRow,
    Warning: warning,
    FieldError: fieldError,
    Problem: problem,
    ReadMeta: object('About the answer.', readMeta),
    VendorRequest: vendorRequest,
    UpdateMeta: updateMeta,
    ClinicMeta: clinicMeta,
    ListedStaff: listedStaff(record.Staff),
    StaffListAnswer: object('A page of the staff list.', {
      data: listOf(ref('ListedStaff'), 'In the vendor’s order. Empty if nothing matches.'),
      meta: listMeta,
    }),
    StaffAnswer: enveloped('A staff member.', ref('Staff'), ref('ReadMeta')),
    UpdateAnswer: object(
      'A staff member after an update. `data` is left out under `Prefer: return=minimal`.',
      {
        'data?': ref('Staff'),
        meta: ref('UpdateMeta'),
      },
    ),
    AcceptedAnswer: enveloped(
      'An update that was accepted and is delivered later.',
      object('The operation.', operationSummary),
      ref('ClinicMeta'),
    ),
    Bundle: {
      type: 'object',
      description: 'An FHIR R4 Bundle of type searchset; see hl7.org/fhir/R4/bundle.html.',
      required: ['resourceType', 'type'],
      properties: {
        resourceType: { type: 'string', const: 'Bundle' },
        type: { type: 'string', const: 'searchset' },
      },
      additionalProperties: true,
    },
    PractitionerRole: {
      type: 'object',
      description: 'An FHIR R4 PractitionerRole; see hl7.org/fhir/R4/practitionerrole.html.',
      required: ['resourceType'],
      properties: { resourceType: { type: 'string', const: 'PractitionerRole' } },
      additionalProperties: true,
    },
    Capability: capability,
    CapabilitiesAnswer: enveloped(
      'What the caller’s clinic can read and write.',
      object('The vendor and its fields.', {
        vendor: text('Name of the vendor connection.'),
        adapter: text('The kind of vendor system.'),
        fields: listOf(ref('Capability'), 'All fields, in the order of the record.'),
      }),
      ref('ClinicMeta'),
    ),
    NewLink: jsonSchemaOf(linkSchema, { rules: 'strict' }),
    Link: object('Which vendor record a staff id is linked to.', {
      vendor: text('Name of the vendor connection.'),
      vendorRecordId: text('The vendor’s own id of the record.'),
    }),
    LinkAnswer: enveloped('A link.', ref('Link'), ref('ClinicMeta')),
    LinksAnswer: enveloped(
      'All links of a staff id.',
      listOf(ref('Link'), 'One for each vendor.'),
      ref('ClinicMeta'),
    ),
    Operation: operation,
    OperationAnswer: enveloped('The state of an operation.', ref('Operation'), ref('ClinicMeta')),
    Change: change,
    ChangesAnswer: enveloped(
      'A page of the audit, newest first.',
      listOf(ref('Change'), 'Empty if nothing matches.'),
      object('About the answer.', {
        requestId: readMeta.requestId,
        clinic: readMeta.clinic,
        'nextCursor?': text('Send it as `cursor` for the next page; absent on the last one.'),
      }),
    ),
    KeySet: object('A JSON Web Key Set (RFC 7517).', {
      keys: {
        type: 'array',
        description: 'One for each private key in the configuration.',
        items: { type: 'object', additionalProperties: true },
      },
    }),
    ProblemCode: {
      type: 'string',
      enum: Object.keys(PROBLEMS),
      description: 'The stable code of a problem. Branch on this.',
    },
    ProblemKind: object('What a problem code means.', {
      code: ref('ProblemCode'),
      status: number('The status of answers with this code.'),
      title: text('The code in words.'),
      meaning: text('What happened and what to do.'),
    }),
    Readiness: object('Whether the gateway can work, and what it is waiting for.', {
      status: { type: 'string', enum: ['ready', 'not ready'], description: 'The sum of the checks.' },
      checks: object('What the gateway itself needs.', {
        config: { type: 'string', enum: ['ok'], description: 'The configuration in use.' },
        store: { type: 'string', enum: ['ok', 'failed'], description: 'Its database.' },
        process: {
          type: 'string',
          enum: ['ok', 'stopping'],
          description: '`stopping`: requests are taken for a short while only (`server.drainMs`).',
        },
      }),
      configFile: {
        type: 'string',
        enum: ['ok', 'refused'],
        description:
          '`refused`: the file on disk cannot be used, and the configuration before it stays in use; that is no reason to be unready.',
      },
      certificate: {
        type: 'string',
        enum: ['ok', 'refused'],
        description:
          '`refused`: the certificate files on disk cannot be used, and the certificate before them stays in use; likewise no reason.',
      },
    }),
    Health: object('How the gateway is.', { status: text('In a word or two.') }),
  };
}
