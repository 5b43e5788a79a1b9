import type { Response } from 'express';
import type { ApiKey } from './seeds';

/** What a request found out about itself on its way in; kept in `response.locals`. */
export interface Call {
  requestId: string;
  timestamp: string;
  limit: number;
  remaining: number;
  /** Seconds until the window has room again. */
  resetSeconds: number;
}

/** One failed rule of a body: the field and the constraint, never a value (clinikapi.md section 5). */
export interface Issue {
  severity: 'error';
  code: 'invalid';
  diagnostics: string;
}

const calls = new WeakMap<Response, Call>();
const keys = new WeakMap<Response, ApiKey>();

/** Remembers what the answer's `meta` will say. */
export function startCall(response: Response, call: Call): void {
  calls.set(response, call);
}

/** Remembers whose request it is. */
export function rememberKey(response: Response, key: ApiKey): void {
  keys.set(response, key);
}

/** The key that was let in; only to be asked behind the key check. */
export function keyOf(response: Response): ApiKey {
  const key = keys.get(response);
  if (!key) throw new Error('no key was checked for this request');
  return key;
}

/** What is known about this request. */
export function callOf(response: Response): Call {
  const call = calls.get(response);
  if (!call) throw new Error('the request was not started');
  return call;
}

/** Answers `{data, meta}` (clinikapi.md section 2). */
export function sendData(response: Response, status: number, data: unknown): void {
  const { requestId, timestamp, limit, remaining, resetSeconds } = callOf(response);
  const meta = {
    requestId,
    timestamp,
    status,
    rateLimitTotal: limit,
    rateLimitRemaining: remaining,
    rateLimitReset: resetSeconds,
  };
  response.status(status).json({ data, meta });
}

/** Answers an error: no `data`, no `meta` (clinikapi.md section 5). Some statuses have no code. */
export function sendError(
  response: Response,
  status: number,
  error: string,
  rest: { code?: string; message?: string; issues?: Issue[] } = {},
): void {
  const { requestId } = callOf(response);
  const { code, message, issues } = rest;
  response.status(status).json({ error, message, code, requestId, issues });
}

/** Answers 404: absent, of another organization, or of the other environment. */
export function sendNotFound(response: Response): void {
  sendError(response, 404, 'Not Found', { code: 'NOT_FOUND' });
}

/** Answers 422 for a body that failed its schema. */
export function sendInvalid(response: Response, diagnostics: readonly string[]): void {
  const issues = diagnostics.map(
    (text): Issue => ({ severity: 'error', code: 'invalid', diagnostics: text }),
  );
  sendError(response, 422, 'Validation Error', { code: 'VALIDATION_ERROR', issues });
}
