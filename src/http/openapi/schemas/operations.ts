/** Updates that are delivered later. */
import { OPERATION_STATUSES } from '../../../store/operation';
import type { Part } from '../joiSchema';
import { enveloped, listOf, number, object, ref, text, time } from './parts';

const operationSummary = {
  id: text('Id of the operation.', { format: 'uuid' }),
  staffId: text('The staff member that is updated.'),
  status: ref('OperationStatus'),
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

export function operationSchemas(): Record<string, Part> {
  return {
    OperationStatus: {
      type: 'string',
      enum: [...OPERATION_STATUSES],
      description:
        '`queued` and `running` are on the way. `succeeded` and `failed` are final, `answer` says how. `dead`: no attempt gave ' +
        'a definite answer; retry it, or let an operator decide. Later updates of the same staff member wait until then.',
    },
    AcceptedAnswer: enveloped(
      'An update that was accepted and is delivered later.',
      object('The operation.', operationSummary),
      ref('ClinicMeta'),
    ),
    Operation: operation,
    OperationAnswer: enveloped('The state of an operation.', ref('Operation'), ref('ClinicMeta')),
  };
}
