/** The record, its update and its row of the list, from the joi schemas that check them. */
import { isObject, member } from '../../../lib/json';
import { patchSchema } from '../../../staff/schema';
import { jsonSchemaOf, type Part } from '../joiSchema';
import { readMeta } from './meta';
import { objectOf, ref, text } from './parts';

/** With the block of weekly hours as a schema of its own. */
export function recordSchemas(): Record<string, Part> {
  const patch = jsonSchemaOf(patchSchema, { rules: 'strict' });
  const shape = jsonSchemaOf(patchSchema, { rules: 'shape' });
  const [sent, sentBlock] = withBlock(patch, 'AvailableTimePatch');
  const [shown, shownBlock] = withBlock(shape, 'AvailableTime');
  const fields = { ...shown, ...refs(SHARED), ...refs(SAME) };
  return {
    StaffPatch: {
      ...patch,
      description:
        'A JSON Merge Patch (RFC 7396): absent keeps, `null` clears, objects merge member by member, arrays replace. Shown ' +
        'is the canonical spelling; on the way in, white space is trimmed, case does not matter in enumerations and day ' +
        'names (`Monday` is `mon`), `9:00` is `09:00:00`, and a date-time counts as its date. Text has something visible, no ' +
        'half of a surrogate pair, and no control characters; line breaks and tabs are allowed in `address.text` and in the ' +
        '`description` of a recurrence. Dates are of the calendar, from the year 0001.',
      properties: { ...sent, ...refs(SAME) },
    },
    AvailableTimePatch: {
      ...sentBlock,
      properties: {
        ...objectOf(sentBlock.properties),
        daysOfWeek: { ...daysOf(sentBlock), items: ref('Day') },
      },
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
        ...fields,
      },
      required: ['id'],
    },
    // It has the vendor's id beside its own.
    ListedStaff: {
      ...shape,
      description: 'A record of the staff list, as `GET /staff/{id}` shows it.',
      properties: {
        id: { type: ['string', 'null'], description: 'The staff id; `null` for a record without a link.' },
        vendorRecordId: readMeta.vendorRecordId,
        ...fields,
      },
      required: ['id', 'vendorRecordId'],
    },
    ...Object.fromEntries(
      Object.entries({ ...SHARED, ...SAME }).map(([name, schema]) => [schema, objectOf(shown[name])]),
    ),
    AvailableTime: {
      ...shownBlock,
      description: 'One block of weekly hours.',
      properties: {
        ...objectOf(shownBlock.properties),
        daysOfWeek: { ...daysOf(shownBlock), items: ref('Day') },
      },
    },
    Day: objectOf(member(daysOf(sentBlock), 'items')),
  };
}

function daysOf(block: Record<string, unknown>): Record<string, unknown> {
  return objectOf(member(block.properties, 'daysOfWeek'));
}

/** Members of a record that are objects, or have much to say: in the list, too. */
const SHARED = {
  name: 'Name',
  nationalId: 'NationalId',
  address: 'Address',
  phone: 'Phone',
  specialty: 'Specialty',
  period: 'Period',
} as const;

/** Members that an update takes as the record shows them. */
const SAME = { status: 'StaffStatus', birthDate: 'BirthDate', gender: 'Gender' } as const;

function refs(members: Readonly<Record<string, string>>): Record<string, Part> {
  return Object.fromEntries(Object.entries(members).map(([name, schema]) => [name, ref(schema)]));
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
