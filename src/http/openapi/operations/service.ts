/** About the gateway itself. */
import { parameterRef, successHeaders } from '../answers';
import { exampleRefs } from '../examples';
import { ref } from '../schemas/parts';
import { answer, ETAG, OF_NOBODY, type Operation } from './operation';

export const SERVICE_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/problems/{code}',
    id: 'explainProblem',
    tag: 'Service',
    summary: 'What a problem code means',
    description: 'The page behind the `type` of a problem.',
    parameters: [parameterRef('ProblemCode')],
    success: {
      200: answer('The explanation.', ref('ProblemKind'), exampleRefs('problemKind'), {
        authenticated: false,
      }),
    },
    problems: [...OF_NOBODY, 'not_found'],
  },
  {
    method: 'get',
    path: '/.well-known/jwks.json',
    id: 'readKeys',
    tag: 'Service',
    summary: 'The public keys of the gateway',
    description: 'For vendors at which the gateway signs itself in. 404 if there is none.',
    success: {
      200: answer('A JSON Web Key Set (RFC 7517).', ref('KeySet'), exampleRefs('keySet'), {
        authenticated: false,
      }),
    },
    problems: [...OF_NOBODY, 'not_found'],
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'readOpenApi',
    tag: 'Service',
    summary: 'This document',
    description: 'OpenAPI 3.1.',
    success: {
      200: {
        description: 'The document.',
        headers: successHeaders(false, ETAG),
        content: { 'application/json': { schema: { type: 'object', additionalProperties: true } } },
      },
      304: {
        description: 'As you know it: `If-None-Match` named its `ETag`.',
        headers: successHeaders(false, ETAG),
      },
    },
    problems: OF_NOBODY,
  },
  {
    method: 'get',
    path: '/healthz',
    id: 'isAlive',
    tag: 'Service',
    summary: 'Is the process alive?',
    description: 'For the platform that runs the gateway.',
    success: {
      200: answer('Yes.', ref('Health'), exampleRefs('alive'), { authenticated: false }),
    },
    problems: OF_NOBODY,
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'isReady',
    tag: 'Service',
    summary: 'Can the gateway take requests?',
    description:
      'A vendor’s outage, or a configuration file that is refused, does not make the gateway unready.',
    success: {
      200: answer('Yes.', ref('Readiness'), exampleRefs('ready'), { authenticated: false }),
      503: answer(
        'No: starting, stopping, or without its store.',
        ref('Readiness'),
        exampleRefs('notReady'),
        {
          authenticated: false,
        },
      ),
    },
    problems: OF_NOBODY,
  },
];
