/** Every route with what it takes and what it may answer. A test compares this list with the routes of the application. */
import { isObject } from '../../lib/json';
import type { ProblemCode } from '../../problem';
import { problemAnswers } from './answers';
import type { Part } from './joiSchema';
import { AUDIT_OPERATIONS } from './operations/audit';
import { LINK_OPERATIONS } from './operations/links';
import type { Operation } from './operations/operation';
import { QUEUED_OPERATIONS } from './operations/queued';
import { SERVICE_OPERATIONS } from './operations/service';
import { STAFF_OPERATIONS } from './operations/staff';

const OPERATIONS: readonly Operation[] = [
  ...STAFF_OPERATIONS,
  ...LINK_OPERATIONS,
  ...QUEUED_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...SERVICE_OPERATIONS,
];

export function paths(): Record<string, Part> {
  return Object.fromEntries(
    [...new Set(OPERATIONS.map(({ path }) => path))].map((path) => {
      const own = OPERATIONS.filter((operation) => operation.path === path);
      return [path, Object.fromEntries(own.map((operation) => [operation.method, describe(operation)]))];
    }),
  );
}

function describe(operation: Operation): Part {
  const { id, tag, summary, description, scope, parameters = [], body, success, problems } = operation;
  const needed = scope === undefined ? '' : `\n\nNeeds the scope \`${scope}\`.`;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: description + needed,
    // Else what the document says for all.
    ...(scope === undefined && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: body }),
    responses: { ...success, ...problemsOf(problems, scope !== undefined, success) },
  };
}

/** Problem answers; one whose status is also one of the operation's own is beside it under its media type. */
function problemsOf(
  codes: readonly ProblemCode[],
  authenticated: boolean,
  success: Readonly<Record<string, Part>>,
): Record<string, Part> {
  return Object.fromEntries(
    Object.entries(problemAnswers(codes, authenticated)).map(([status, { name, response }]) => {
      const own = success[status];
      if (own === undefined) return [status, { $ref: `#/components/responses/${name}` }];
      const content = { ...objectOf(own.content), ...objectOf(response.content) };
      return [status, { ...own, content }];
    }),
  );
}

/** For `components/responses`: the problem answers of all operations. */
export function responses(): Record<string, Part> {
  const all = OPERATIONS.flatMap(({ problems, scope, success }) =>
    Object.entries(problemAnswers(problems, scope !== undefined)).filter(([status]) => !(status in success)),
  );
  return Object.fromEntries(all.map(([, { name, response }]) => [name, response]));
}

function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** The routes that the document describes, as the application names them: `GET /staff/:id`. */
export function documentedRoutes(): string[] {
  return OPERATIONS.map(
    ({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
  );
}
