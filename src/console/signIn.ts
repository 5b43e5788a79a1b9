/** Signing in and out. The ways in are a key of the configuration and, if there is one, an OpenID Connect provider. */
import type { Request, Response } from 'express';
import { overTls } from '../config/operators';
import { contextOf, sendJson } from '../http/answer';
import { readJsonBody } from '../http/jsonBody';
import { booleanQuery, refuseUnknownQuery } from '../http/query';
import { isObject, member } from '../lib/json';
import { Problem } from '../problem';
import { act } from '../store/changes';
import { dropCookie, readCookie, setCookie } from './cookies';
import type { ConsoleParts } from './route';
import { LONGEST_MS, type Sessions, type Signed } from './sessions';
import type { SignInLimits } from './signInLimits';

export const SESSION_COOKIE = 'console-session';

export interface SignInParts extends ConsoleParts {
  sessions: Sessions;
  limits: SignInLimits;
}

export function isSecure({ runtime }: Pick<ConsoleParts, 'runtime'>): boolean {
  return overTls(runtime.current.config.ops);
}

/** The name of an operator in the audit. The name of a caller holds no colon unless somebody chooses one. */
export function operatorCaller(name: string): string {
  return `operator:${name}`;
}

/** `GET /console/api/sign-in`: for anyone, what the page needs to begin: which ways in there are, and whether one is in. */
export async function getSignIn(parts: SignInParts, req: Request, res: Response): Promise<void> {
  refuseUnknownQuery(req, []);
  const { operators, ops } = parts.runtime.current.config;
  const signed = await parts.sessions.find(readCookie(req, SESSION_COOKIE, isSecure(parts)), false);
  sendJson(res, 200, {
    data: {
      key: operators.length > 0,
      oidc: ops.oidc !== undefined,
      session: signed === undefined ? null : shown(signed),
    },
  });
}

/** `POST /console/api/session {key, name?}` */
export async function postSession(parts: SignInParts, req: Request, res: Response): Promise<void> {
  refuseUnknownQuery(req, []);
  refuseForeign(req);
  const { key, name } = credentialsIn(await readJsonBody(req));
  const address = req.socket.remoteAddress ?? '';
  parts.limits.check(address, name);
  const owner = parts.sessions.ownerOf(key, name);
  if (owner === undefined) {
    parts.limits.failed(address, name);
    throw new Problem('unauthenticated', 'The key is not one of an operator.');
  }
  const old = await parts.sessions.find(readCookie(req, SESSION_COOKIE, isSecure(parts)), false);
  if (old !== undefined) await parts.sessions.close(old);
  const signed = await begin(parts, res, () =>
    parts.sessions.open(owner.operator, { keySha256: owner.keySha256 }),
  );
  sendJson(res, 201, { data: shown(signed) });
}

/** Opens a session, hands its cookie out and tells the audit. */
export async function begin(parts: SignInParts, res: Response, open: () => Promise<Signed>): Promise<Signed> {
  const signed = await open();
  await note(parts, res, signed, 'signed_in');
  const secure = isSecure(parts);
  setCookie(res, SESSION_COOKIE, signed.token, {
    secure,
    sameSite: 'strict',
    maxAgeSeconds: LONGEST_MS / 1000,
  });
  return signed;
}

/** `GET /console/api/session` */
export function getSession(signed: Signed, req: Request, res: Response): void {
  refuseUnknownQuery(req, []);
  sendJson(res, 200, { data: shown(signed) });
}

/** `DELETE /console/api/session`, with `?everywhere=true` all sessions of the operator. */
export async function deleteSession(
  parts: SignInParts,
  signed: Signed,
  req: Request,
  res: Response,
): Promise<void> {
  refuseUnknownQuery(req, ['everywhere']);
  const everywhere = booleanQuery(req, 'everywhere');
  if (everywhere) await parts.sessions.closeAll(signed);
  else await parts.sessions.close(signed);
  await note(parts, res, signed, everywhere ? 'signed_out_everywhere' : 'signed_out');
  dropCookie(res, SESSION_COOKIE, { secure: isSecure(parts), sameSite: 'strict' });
  res.statusCode = 204;
  res.setHeader('cache-control', 'no-store');
  res.end();
}

function shown({ operator, csrfToken, expiresAt }: Signed) {
  return { operator: operator.name, role: operator.role, csrfToken, expiresAt: expiresAt.toISOString() };
}

async function note(
  { trail }: SignInParts,
  res: Response,
  { operator }: Signed,
  done: string,
): Promise<void> {
  const { requestId } = contextOf(res);
  await trail.add([
    act({
      kind: 'operator',
      clinic: '',
      caller: operatorCaller(operator.name),
      requestId,
      detail: { act: done, role: operator.role },
    }),
  ]);
}

/** Another site's page must not sign its visitors in, or make them act. Browsers say where a request comes from. */
export function refuseForeign(req: Request): void {
  const site = req.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin') return;
  throw new Problem('forbidden', 'This request was made by another site’s page.');
}

/** Longer than any key that anybody has. */
const LONGEST_KEY = 1_000;

function credentialsIn(body: unknown): { key: string; name?: string } {
  const key = member(body, 'key');
  const name = member(body, 'name');
  const known = isObject(body) && Object.keys(body).every((one) => one === 'key' || one === 'name');
  const wellFormed =
    typeof key === 'string' &&
    key !== '' &&
    key.length <= LONGEST_KEY &&
    (name === undefined || (typeof name === 'string' && name.length <= 64));
  if (known && wellFormed) return { key, ...(name !== undefined && { name }) };
  throw new Problem('validation_failed', 'A text "key" is expected, and a text "name" if any.', {
    errors: [{ pointer: '/key', code: 'invalid_format', detail: 'is the operator’s key, a text' }],
  });
}
