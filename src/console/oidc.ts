/** Signing in at an OpenID Connect provider: authorization code with PKCE (RFC 7636), state and nonce. */
import type { Request, Response } from 'express';
import type { Configuration, UserInfoResponse } from 'openid-client';
import type { OidcConfig, OperatorRole } from '../config/operators';
import { contextOf } from '../http/answer';
import { queryOf } from '../http/query';
import { isObject, member } from '../lib/json';
import { Problem } from '../problem';
import { dropCookie, readCookie, setCookie } from './cookies';
import type { Operator } from './sessions';
import { begin, isSecure, type SignInParts } from './signIn';

type Library = typeof import('openid-client');

/** Has to be there when the provider sends people back, so it is no strict one; it opens nothing by itself. */
const COOKIE = 'console-sign-in';
const LIFETIME_SECONDS = 600;
const PATIENCE_SECONDS = 5;

/** What is known of a sign-in that is under way. */
interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
  /** The path of the page to go back to. */
  to: string;
}

/** Loaded when somebody signs in so: most gateways never do. */
function library(): Library {
  return require('openid-client');
}

export class OidcSignIn {
  readonly #parts: SignInParts;
  #found: Promise<Configuration> | undefined;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /** `GET /console/api/oidc/start?to=`: to the provider. */
  async start(req: Request, res: Response): Promise<void> {
    const oidc = this.#config();
    const client = library();
    const provider = await this.#provider(oidc);
    const attempt: Attempt = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      to: pathIn(queryOf(req).to),
    };
    const url = client.buildAuthorizationUrl(provider, {
      redirect_uri: this.#redirectUri(oidc),
      scope: oidc.scope,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
    });
    const value = Buffer.from(JSON.stringify(attempt)).toString('base64url');
    setCookie(res, COOKIE, value, { ...this.#cookie(), maxAgeSeconds: LIFETIME_SECONDS });
    sendOn(res, url.href);
  }

  /** `GET /console/api/oidc/callback`: back from the provider. Whoever has no role here is told so by the page. */
  async callback(req: Request, res: Response): Promise<void> {
    const oidc = this.#config();
    const attempt = attemptIn(readCookie(req, COOKIE, isSecure(this.#parts)));
    dropCookie(res, COOKIE, this.#cookie());
    const operator = attempt && (await this.#operator(oidc, attempt, req));
    if (attempt === undefined || operator === undefined) {
      this.#noteRefusal(req, res);
      return sendOn(res, '/console?refused=1');
    }
    contextOf(res).caller = `operator:${operator.name}`;
    await begin(this.#parts, res, () => this.#parts.sessions.open(operator, { role: operator.role }));
    sendOn(res, attempt.to);
  }

  /** Undefined if the provider, or what it says, does not lead to a role here. */
  async #operator(oidc: OidcConfig, attempt: Attempt, req: Request): Promise<Operator | undefined> {
    const client = library();
    const provider = await this.#provider(oidc);
    const url = new URL(this.#redirectUri(oidc));
    url.search = new URL(req.url, url).search;
    try {
      const tokens = await client.authorizationCodeGrant(provider, url, {
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        pkceCodeVerifier: attempt.verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) return undefined;
      const isWhole = Object.hasOwn(claims, oidc.claim) && Object.hasOwn(claims, oidc.nameClaim);
      const asked = !isWhole && provider.serverMetadata().userinfo_endpoint !== undefined;
      const more = asked ? await client.fetchUserInfo(provider, tokens.access_token, claims.sub) : {};
      return operatorIn({ ...more, ...claims }, oidc);
    } catch (error) {
      // Its own text may quote what the provider has sent.
      this.#parts.log.notice('a sign-in at the provider has failed', { error: codeIn(error) });
      return undefined;
    }
  }

  #provider(oidc: OidcConfig): Promise<Configuration> {
    this.#found ??= discover(oidc).catch((error: unknown) => {
      this.#found = undefined;
      this.#parts.log.notice('the provider of sign-ins cannot be asked', { error: codeIn(error) });
      throw new Problem('gateway_unavailable', 'The provider of sign-ins cannot be asked now.', {
        headers: { 'retry-after': String(PATIENCE_SECONDS) },
      });
    });
    return this.#found;
  }

  #config(): OidcConfig {
    const { oidc } = this.#parts.runtime.current.config.ops;
    if (oidc === undefined) throw new Problem('not_found', 'No provider of sign-ins is configured.');
    return oidc;
  }

  #redirectUri({ redirectUri }: OidcConfig): string {
    return redirectUri ?? `${this.#parts.url()}/console/api/oidc/callback`;
  }

  #cookie() {
    return { secure: isSecure(this.#parts), sameSite: 'lax' } as const;
  }

  #noteRefusal(req: Request, res: Response): void {
    const { requestId, route = '' } = contextOf(res);
    const address = req.socket.remoteAddress ?? '';
    const refused = { requestId, status: 403, code: 'forbidden', address, method: req.method, route };
    this.#parts.refusals.note({ ...refused, clinic: '', caller: '' });
  }
}

async function discover({ issuer, clientId, clientSecret }: OidcConfig): Promise<Configuration> {
  const client = library();
  const isLocal = new URL(issuer).protocol === 'http:';
  const authentication = clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret);
  return client.discovery(new URL(issuer), clientId, undefined, authentication, {
    timeout: PATIENCE_SECONDS,
    ...(isLocal && { execute: [client.allowInsecureRequests] }),
  });
}

function operatorIn(claims: Partial<UserInfoResponse>, oidc: OidcConfig): Operator | undefined {
  const said = [claims[oidc.claim]].flat();
  const roles = said.flatMap((value): OperatorRole[] => {
    const role =
      typeof value === 'string' && Object.hasOwn(oidc.roles, value) ? oidc.roles[value] : undefined;
    return role === undefined ? [] : [role];
  });
  if (roles.length === 0) return undefined;
  const told = claims[oidc.nameClaim] ?? claims.sub;
  // Apart from those of the configuration, whose names stand by themselves.
  const name = `oidc/${String(told).replaceAll(/\p{C}/gu, '').slice(0, 100)}`;
  return { name, role: roles.includes('operator') ? 'operator' : 'viewer' };
}

/** Only the console's own pages: a link must not lead elsewhere by way of a sign-in. */
function pathIn(to: unknown): string {
  return typeof to === 'string' && /^\/console(\/[\w./~:@%-]*)?$/.test(to) ? to : '/console';
}

function attemptIn(cookie: string | undefined): Attempt | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cookie ?? '', 'base64url').toString());
    const [state, nonce, verifier] = ['state', 'nonce', 'verifier'].map((name) => member(value, name));
    const isAttempt = typeof state === 'string' && typeof nonce === 'string' && typeof verifier === 'string';
    return isObject(value) && isAttempt ? { state, nonce, verifier, to: pathIn(value.to) } : undefined;
  } catch {
    return undefined;
  }
}

function codeIn(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : error instanceof Error ? error.name : typeof error;
}

function sendOn(res: Response, to: string): void {
  res.statusCode = 303;
  res.setHeader('location', to);
  res.setHeader('cache-control', 'no-store');
  res.end();
}
