/** The OpenAPI document of the console's API, from the table that is executed. */
import { jsonSchemaOf, type Part } from '../http/openapi/joiSchema';
import { PROBLEMS, type ProblemCode } from '../problem';
import type { Route } from './route';
import { ROUTES } from './routes';

const STRICT = { rules: 'strict' } as const;

export function CONSOLE_API(): Part {
  const paths: Record<string, Record<string, Part>> = { ...SIGN_IN };
  for (const one of ROUTES) {
    const at = `/console/api${one.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    paths[at] = { ...paths[at], [one.method.toLowerCase()]: operation(one) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Provider Directory Gateway: the operators’ console',
      version: '1.0.0',
      description:
        'What the page at /console asks for, on the ops port. Sign in with POST /console/api/session; every act needs the header X-CSRF-Token with the token that was answered.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The ops port of this gateway.' }],
    security: [{ session: [] }],
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'console-session', description: 'Set by signing in.' },
      },
      schemas: {
        Problem: {
          type: 'object',
          required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            code: { type: 'string', enum: Object.keys(PROBLEMS) },
            detail: { type: 'string' },
            requestId: { type: 'string' },
            errors: { type: 'array', items: { type: 'object' } },
          },
        },
        Answer: {
          type: 'object',
          required: ['data'],
          properties: { data: {}, meta: { type: 'object' } },
        },
      },
    },
  };
}

function operation(one: Route): Part {
  const acts = one.access === 'operator';
  const problems: ProblemCode[] = [
    'malformed_request',
    'unauthenticated',
    ...(acts ? (['forbidden', 'validation_failed', 'idempotency_in_progress'] as const) : []),
    'not_found',
    'rate_limited',
    'gateway_unavailable',
  ];
  return {
    operationId: idOf(one),
    summary: one.summary,
    description: acts ? 'Takes the role operator.' : 'Takes the role viewer or operator.',
    parameters: [
      ...[...one.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      ...queryParameters(one),
      ...(acts ? [CSRF, IDEMPOTENCY] : []),
    ],
    ...(one.body !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: jsonSchemaOf(one.body, STRICT) } },
      },
    }),
    responses: {
      200: answer('What was asked for.'),
      ...(one.method === 'GET' && { 304: { description: 'It is as `If-None-Match` says.' } }),
      ...problemAnswers(problems),
    },
  };
}

function idOf({ method, path }: Route): string {
  const words = path.split(/[/:-]/).filter(Boolean);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function queryParameters({ query }: Route): Part[] {
  const properties = query === undefined ? {} : Object(jsonSchemaOf(query, STRICT).properties);
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }));
}

const CSRF: Part = {
  name: 'X-CSRF-Token',
  in: 'header',
  required: true,
  description: 'The token of the session.',
  schema: { type: 'string' },
};

const IDEMPOTENCY: Part = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'Sent twice it does one thing, and gets one answer.',
  schema: { type: 'string', maxLength: 255 },
};

function answer(description: string): Part {
  return {
    description,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Answer' } } },
  };
}

/** One answer for each status: several codes may share one. */
function problemAnswers(codes: readonly ProblemCode[]): Record<string, Part> {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, shared]) => [
      status,
      {
        description: shared.join(', '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

const SIGN_IN: Readonly<Record<string, Record<string, Part>>> = {
  '/console/api/sign-in': {
    get: {
      operationId: 'getSignIn',
      summary: 'Which ways in there are, and who is signed in, if anybody.',
      security: [],
      responses: { 200: answer('The ways in.'), ...problemAnswers(['malformed_request', 'rate_limited']) },
    },
  },
  '/console/api/oidc/start': {
    get: {
      operationId: 'startSignInAtProvider',
      summary: 'To the OpenID Connect provider, if one is configured.',
      security: [],
      parameters: [
        { name: 'to', in: 'query', description: 'The page to come back to.', schema: { type: 'string' } },
      ],
      responses: {
        303: { description: 'To the provider.' },
        ...problemAnswers(['malformed_request', 'not_found', 'rate_limited', 'gateway_unavailable']),
      },
    },
  },
  '/console/api/oidc/callback': {
    get: {
      operationId: 'finishSignInAtProvider',
      summary: 'Back from the provider, with its own parameters.',
      security: [],
      responses: {
        303: { description: 'To the page: signed in, or with `refused=1`.' },
        ...problemAnswers(['malformed_request', 'not_found', 'rate_limited', 'gateway_unavailable']),
      },
    },
  },
  '/console/api/session': {
    post: {
      operationId: 'signIn',
      summary: 'Sign in with a key: sets the session cookie.',
      security: [],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['key'],
              additionalProperties: false,
              properties: {
                key: { type: 'string', maxLength: 1_000 },
                name: {
                  type: 'string',
                  maxLength: 64,
                  description: 'Given, the key has to be this operator’s.',
                },
              },
            },
          },
        },
      },
      responses: {
        201: answer('The session: operator, role, csrfToken, expiresAt.'),
        ...problemAnswers([
          'malformed_request',
          'unauthenticated',
          'forbidden',
          'validation_failed',
          'rate_limited',
        ]),
      },
    },
    get: {
      operationId: 'getSession',
      summary: 'Who is signed in.',
      responses: { 200: answer('The session.'), ...problemAnswers(['unauthenticated']) },
    },
    delete: {
      operationId: 'signOut',
      summary: 'Sign out.',
      parameters: [
        {
          name: 'everywhere',
          in: 'query',
          description: '`true`: all sessions of this operator end.',
          schema: { type: 'boolean' },
        },
        CSRF,
      ],
      responses: {
        204: { description: 'Signed out.' },
        ...problemAnswers(['malformed_request', 'unauthenticated', 'forbidden']),
      },
    },
  },
};
