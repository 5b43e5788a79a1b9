import { randomBytes } from 'node:crypto';
import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import { callOf, keyOf, rememberKey, sendError, startCall } from './answers';
import type { ApiKey } from './seeds';
import type { ClinikapiState } from './store';

const WINDOW_MS = 60_000;
const MONTHLY_POOL = 600_000;
const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/** Gives the request its id and puts the headers of clinikapi.md section 6 on whatever is answered. */
export function openCall(state: ClinikapiState, now: () => number): RequestHandler {
  return (_request, response, next) => {
    const requestId = `req_${randomBytes(4).toString('hex')}`;
    const timestamp = new Date(now()).toISOString();
    const { rateLimit } = state.settings;
    startCall(response, { requestId, timestamp, limit: rateLimit, remaining: rateLimit, resetSeconds: 60 });
    response.setHeader('x-request-id', requestId);
    response.setHeader('x-timestamp', timestamp);
    setRateHeaders(response);
    setQuotaHeaders(response, state, now());
    next();
  };
}

function setRateHeaders(response: Response): void {
  const { limit, remaining, resetSeconds } = callOf(response);
  response.setHeader('X-RateLimit-Limit', limit);
  response.setHeader('X-RateLimit-Remaining', remaining);
  response.setHeader('X-RateLimit-Reset', resetSeconds);
}

function setQuotaHeaders(response: Response, state: ClinikapiState, now: number): void {
  const used = state.settings.quota ? MONTHLY_POOL : state.quotaUsed;
  const today = new Date(now);
  const reset = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 1));
  response.setHeader('X-Quota-Limit', MONTHLY_POOL);
  response.setHeader('X-Quota-Used', used);
  response.setHeader('X-Quota-Remaining', MONTHLY_POOL - used);
  response.setHeader('X-Quota-Reset', reset.toISOString());
}

/** 400 METHOD_OVERRIDE_REJECTED (clinikapi.md section 1). */
export const rejectMethodOverride: RequestHandler = (request, response, next) => {
  if (OVERRIDES.every((name) => request.headers[name] === undefined)) return next();
  sendError(response, 400, 'Bad Request', { code: 'METHOD_OVERRIDE_REJECTED' });
};

/** The five 401 codes, then 403 for a key that may not do this (clinikapi.md sections 1 and 5). */
export function checkKey(state: ClinikapiState): RequestHandler {
  return (request, response, next) => {
    const text = request.get('x-api-key');
    const unauthorized = (code: string): void => sendError(response, 401, 'Unauthorized', { code });
    if (!text) return unauthorized('UNAUTHORIZED');
    if (!/^clk_(live|test)_\w+$/.test(text)) return unauthorized('INVALID_KEY_FORMAT');
    const key = state.keys.get(text);
    if (!key) return unauthorized('INVALID_KEY');
    if (key.state === 'revoked') return unauthorized('KEY_REVOKED');
    if (key.state === 'expired') return unauthorized('KEY_EXPIRED');
    const scope = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
    // No code is listed for this one.
    if (!mayDo(key, scope)) {
      return sendError(response, 403, 'Forbidden', { message: `The key lacks the scope ${scope}` });
    }
    rememberKey(response, key);
    next();
  };
}

function mayDo(key: ApiKey, scope: 'read' | 'write'): boolean {
  return key.scopes.includes('*') || key.scopes.includes(scope);
}

/** The quota first, then a rolling minute for an organization, all its keys together (clinikapi.md section 6). */
export function limitRate(state: ClinikapiState, now: () => number): RequestHandler {
  return (_request, response, next) => {
    const { rateLimit, quota, retryAfter } = state.settings;
    if (quota) return sendQuotaExceeded(response, quota);

    const { organization } = keyOf(response);
    const time = now();
    const recent = (state.requests.get(organization) ?? []).filter((at) => at > time - WINDOW_MS);
    const refused = recent.length >= rateLimit;
    if (!refused) recent.push(time);
    state.requests.set(organization, recent);

    const call = callOf(response);
    call.remaining = rateLimit - recent.length;
    call.resetSeconds = Math.ceil(((recent[0] ?? time) + WINDOW_MS - time) / 1000);
    setRateHeaders(response);
    if (!refused) {
      state.quotaUsed += 1;
      return next();
    }
    if (retryAfter) response.setHeader('Retry-After', call.resetSeconds);
    sendError(response, 429, 'Too Many Requests', { code: 'RATE_LIMITED' });
  };
}

function sendQuotaExceeded(response: Response, code: string): void {
  // This body carries no requestId.
  const message = 'Monthly request quota reached (600000). Requests resume on the 1st.';
  response.status(429).json({ error: 'Quota exceeded', message, code });
}

/** Reads JSON of every content type the sources name (clinikapi.md section 8), up to the SDK's own limit. */
export const bodyParser: RequestHandler = express.json({
  limit: 1_048_576,
  type: ['application/json', 'application/json-patch+json', 'application/fhir+json'],
});

/** 400 INVALID_JSON; the sources have no code for a body that is too large, so the status alone says it. */
export const answerBodyError: ErrorRequestHandler = (error, _request, response, next) => {
  if (error?.type === 'entity.too.large') return sendError(response, 413, 'Payload Too Large');
  if (error?.status >= 400 && error?.status < 500) {
    return sendError(response, 400, 'Invalid JSON', { code: 'INVALID_JSON' });
  }
  if (response.headersSent) return next(error);
  sendError(response, 500, 'Internal Server Error', { code: 'INTERNAL_ERROR' });
};
