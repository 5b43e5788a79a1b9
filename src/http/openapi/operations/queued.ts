/** Updates that are delivered later. */
import { headerRef, parameterRef } from '../answers';
import { exampleRefs } from '../examples';
import { ref } from '../schemas/parts';
import { answer, OF_A_CALLER, type Operation, REQUEST_ID } from './operation';

export const QUEUED_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/operations/{id}',
    id: 'readOperation',
    tag: 'Operations',
    summary: 'The state of a queued update',
    description: 'Every attempt and, once it has ended, the answer that the update would have had.',
    scope: 'staff:read',
    parameters: [parameterRef('OperationId'), REQUEST_ID],
    success: {
      200: answer('The operation.', ref('OperationAnswer'), exampleRefs('operation')),
    },
    problems: [...OF_A_CALLER, 'not_found'],
  },
  {
    method: 'post',
    path: '/operations/{id}/retry',
    id: 'retryOperation',
    tag: 'Operations',
    summary: 'Try a dead operation again',
    description:
      'Only one whose status is `dead`; the next attempt reads the record before it sends anything.',
    scope: 'staff:write',
    parameters: [parameterRef('OperationId'), REQUEST_ID],
    success: {
      202: answer('Queued again.', ref('OperationAnswer'), exampleRefs('retried'), {
        headers: { Location: headerRef('Location') },
      }),
    },
    problems: [...OF_A_CALLER, 'not_found', 'conflict'],
  },
];
