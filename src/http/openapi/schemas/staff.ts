/** What reading and updating staff is answered with. */
import { OPEN_OUTCOMES, OUTCOMES } from '../../../receipt';
import { FIELDS, pointerOf } from '../../../staff/fields';
import type { Part } from '../joiSchema';
import { readMeta } from './meta';
import { enveloped, listOf, number, object, ref, text, time } from './parts';

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
    description: 'Set if the vendor counts more than it lists.',
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

export function staffSchemas(): Record<string, Part> {
  return {
    ReceiptRow: receiptRow,
    Warning: warning,
    ReadMeta: object('About the answer.', readMeta),
    VendorRequest: vendorRequest,
    UpdateMeta: updateMeta,
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
  };
}
