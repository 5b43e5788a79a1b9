/** Problems, and what their codes mean. */
import { PROBLEMS } from '../../../problem';
import type { Part } from '../joiSchema';
import { listOf, number, object, ref, text } from './parts';

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

export function problemSchemas(): Record<string, Part> {
  return {
    FieldError: fieldError,
    Problem: problem,
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
  };
}
