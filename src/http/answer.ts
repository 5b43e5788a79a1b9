import type { Response } from 'express';
import { type Problem, problemBody } from '../problem';

/** What every handler and error middleware may know about the request being answered. */
export interface RequestContext {
  requestId: string;
  /** The client has made it up. */
  givenId?: boolean;
  /** The problem code of the answer, for the log and the metrics. */
  code?: string;
  caller?: string;
  clinic?: string;
  vendor?: string;
  route?: string;
  /** True while a handler is at work. */
  working?: boolean;
  /** Lets go of the generation that the request began with. */
  release?: () => void;
}

/** The context that the first middleware has put on the response. */
export function contextOf(res: Response): RequestContext {
  return res.locals.context;
}

type Headers = Readonly<Record<string, string>>;

/** Writes a JSON answer. Bypasses `res.json`, which computes an entity tag and negotiates again at some cost. */
export function sendJson(res: Response, status: number, body: unknown, headers: Headers = {}): void {
  write(res, status, 'application/json; charset=utf-8', body, headers);
}

/** Writes a FHIR resource. */
export function sendFhir(res: Response, resource: unknown, etag: string | undefined): void {
  write(res, 200, 'application/fhir+json; charset=utf-8', resource, etag === undefined ? {} : { etag });
}

/** What the client has is the record as it is: 304, without a body (RFC 9110 section 15.4.5). */
export function sendNotModified(res: Response, etag: string): void {
  res.statusCode = 304;
  res.setHeader('etag', etag);
  res.setHeader('cache-control', 'no-store');
  res.end();
}

/** Writes a problem document (RFC 9457). */
export function sendProblem(res: Response, problem: Problem): void {
  const context = contextOf(res);
  context.code = problem.code;
  const body = problemBody(problem, context.requestId);
  write(res, problem.status, 'application/problem+json; charset=utf-8', body, problem.extras.headers ?? {});
}

/**
 * Writes an answer that was made elsewhere, or at another time: a success or a problem document.
 * @param applied the value of `Preference-Applied`
 */
export function sendAnswer(
  res: Response,
  { status, headers, body }: { status: number; headers: Headers; body: Readonly<Record<string, unknown>> },
  applied?: string,
): void {
  const isProblem = status >= 400;
  if (isProblem && typeof body.code === 'string') contextOf(res).code = body.code;
  const type = isProblem ? 'application/problem+json' : 'application/json';
  const all = applied === undefined ? headers : { ...headers, 'preference-applied': applied };
  write(res, status, `${type}; charset=utf-8`, body, all);
}

function write(res: Response, status: number, type: string, body: unknown, headers: Headers): void {
  if (res.headersSent) return;
  const text = JSON.stringify(body);
  for (const name of Object.keys(headers)) res.setHeader(name, headers[name] ?? '');
  res.statusCode = status;
  res.setHeader('content-type', type);
  res.setHeader('content-length', Buffer.byteLength(text));
  res.setHeader('cache-control', 'no-store');
  // Node sends a text together with the head in one write, bytes in two.
  res.end(res.req.method === 'HEAD' ? undefined : text);
}
