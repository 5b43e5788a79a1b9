/** The audit. */
import { OUTCOMES } from '../../../receipt';
import { CHANGE_KINDS, CHANGE_OUTCOMES } from '../../../store/changes';
import type { Part } from '../joiSchema';
import { clinicMeta } from './meta';
import { enveloped, listOf, number, object, ref, text, time } from './parts';

const change = object('One row of the audit. Rows are never changed.', {
  kind: {
    type: 'string',
    enum: [...CHANGE_KINDS],
    description:
      'What was done. `link`: one was made or replaced. `discard`, `retry`: of a queued update. `refusal`: 401 or 403. ' +
      '`copy`, `switch`: to another vendor. `mirror`: an update for it. `operator`: another act of theirs.',
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

export function changeSchemas(): Record<string, Part> {
  return {
    Change: change,
    ChangesAnswer: enveloped(
      'A page of the audit, newest first.',
      listOf(ref('Change'), 'Empty if nothing matches.'),
      object('About the answer.', {
        ...clinicMeta,
        'nextCursor?': text('Send it as `cursor` for the next page; absent on the last one.'),
      }),
    ),
  };
}
