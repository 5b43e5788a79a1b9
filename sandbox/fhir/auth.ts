import { randomUUID } from 'node:crypto';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import { SANDBOX_CREDENTIALS } from '../credentials';
import { refuse } from './outcome';
import type { FhirState, OauthClient } from './store';

/** Assertions are good for five minutes at most (SMART Backend Services). */
const LONGEST_ASSERTION_SECONDS = 300;

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Lets in who has the right token; without one nothing of a resource is told. */
export function checkToken(state: FhirState, now: () => number): RequestHandler {
  return (request, response, next) => {
    const { auth, scope } = state.settings;
    if (auth === 'none') return next();
    const token = /^Bearer (\S+)$/.exec(request.get('authorization') ?? '')?.[1];
    const granted =
      auth !== 'oauth' && token === SANDBOX_CREDENTIALS.fhir.token
        ? scope
        : auth !== 'bearer' && token !== undefined
          ? grantOf(token)
          : undefined;
    if (granted === undefined) {
      response.setHeader('www-authenticate', 'Bearer error="invalid_token"');
      return refuse(response, 401, { code: 'login', diagnostics: 'No valid access token' });
    }
    const right = request.method === 'GET' ? /[.*](read|\*|c?r)/ : /[.*](write|\*|c?r?u)/;
    if (right.test(granted)) return next();
    refuse(response, 403, { code: 'forbidden', diagnostics: 'The scope does not allow it' });
  };

  function grantOf(token: string): string | undefined {
    const grant = state.tokens.get(token);
    return grant !== undefined && grant.until > now() ? grant.scope : undefined;
  }
}

/** OAuth 2 client credentials: a secret in the body or in `Authorization: Basic`, or a signed assertion. */
export function tokenRoutes(state: FhirState, now: () => number): Router {
  const router = Router();
  router.post('/token', async (request, response) => {
    const { grant_type: grantType, scope = '' } = request.body ?? {};
    if (grantType !== 'client_credentials') {
      return void response.status(400).json({ error: 'unsupported_grant_type' });
    }
    const fault = await clientFault(state, request, now);
    if (fault !== undefined) {
      return void response.status(401).json({ error: 'invalid_client', error_description: fault });
    }
    const token = randomUUID();
    const { tokenSeconds, scope: allowed } = state.settings;
    state.tokens.set(token, { until: now() + tokenSeconds * 1000, scope: allowed });
    sendToken(response, { access_token: token, token_type: 'Bearer', expires_in: tokenSeconds, scope });
  });
  return router;
}

function sendToken(response: Response, body: object): void {
  response.setHeader('cache-control', 'no-store');
  response.json(body);
}

/** Why a client is not let in; undefined if it is. */
async function clientFault(
  state: FhirState,
  request: Request,
  now: () => number,
): Promise<string | undefined> {
  const { client_assertion: assertion, client_assertion_type: type } = request.body;
  if (typeof assertion === 'string') {
    return type === ASSERTION_TYPE
      ? assertionFault(state, request, assertion, now)
      : 'client_assertion_type is wrong';
  }
  const basic = /^Basic (\S+)$/.exec(request.get('authorization') ?? '')?.[1];
  const [id, secret] =
    basic === undefined
      ? [request.body.client_id, request.body.client_secret]
      : Buffer.from(basic, 'base64')
          .toString('utf8')
          .split(':')
          .map((text) => decodeURIComponent(text.replaceAll('+', ' ')));
  const client = state.clients.get(String(id));
  return client?.secret !== undefined && client.secret === secret ? undefined : 'no such client or secret';
}

async function assertionFault(
  state: FhirState,
  request: Request,
  assertion: string,
  now: () => number,
): Promise<string | undefined> {
  try {
    const id = decodeJwt(assertion).iss ?? '';
    const client = state.clients.get(id);
    if (client === undefined) return 'no such client';
    const { payload } = await jwtVerify(assertion, keysOf(client), {
      issuer: id,
      subject: id,
      audience: `${request.protocol}://${request.get('host')}${request.baseUrl}${request.path}`,
      algorithms: ['RS384', 'ES384'],
      currentDate: new Date(now()),
      requiredClaims: ['exp', 'jti'],
    });
    return timesFault(payload, now) ?? reuseFault(state, payload);
  } catch (error) {
    return error instanceof Error ? error.message : 'no assertion';
  }
}

function keysOf({ jwks, jwksUri }: OauthClient) {
  return jwksUri === undefined
    ? createLocalJWKSet(jwks ?? { keys: [] })
    : createRemoteJWKSet(new URL(jwksUri));
}

function timesFault({ exp = 0 }: JWTPayload, now: () => number): string | undefined {
  // A minute of clock difference is tolerated on either side elsewhere; here none is needed.
  return exp - now() / 1000 > LONGEST_ASSERTION_SECONDS ? 'exp is too far in the future' : undefined;
}

function reuseFault({ usedAssertions }: FhirState, { jti = '' }: JWTPayload): string | undefined {
  if (usedAssertions.has(jti)) return 'jti was used before';
  usedAssertions.add(jti);
  return undefined;
}
