/** The audit. */
import { changesQuerySchema } from '../../routes/changes';
import { exampleRefs } from '../examples';
import { ref } from '../schemas/parts';
import { answer, OF_A_CALLER, type Operation, queryParameters, REQUEST_ID } from './operation';

export const AUDIT_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/changes',
    id: 'listChanges',
    tag: 'Audit',
    summary: 'Who changed what, and with what result',
    description:
      'The clinic’s part of the audit, newest first: as pages, or with `Accept: application/x-ndjson` as a stream of lines. ' +
      'Without `kind` only updates: every valid one that was carried out or refused. `kind` asks for other rows, such as dry runs, ' +
      'changed links and refusals. Never listed: what was refused as not valid before a vendor was looked for, answers given again ' +
      'for a key, and what was refused instead of being queued.',
    scope: 'changes:read',
    parameters: [...queryParameters(changesQuerySchema), REQUEST_ID],
    success: {
      200: answer('A page, or the stream.', ref('ChangesAnswer'), exampleRefs('changes'), {
        content: {
          'application/x-ndjson': {
            schema: { type: 'string', description: 'One `Change` a line, as JSON.' },
          },
        },
      }),
    },
    problems: OF_A_CALLER,
  },
];
