/**
 * OAuth 2 / OIDC access tokens (JWT): signature, issuer, audience and times by `jose`, then claims → caller by configuration.
 * Whatever is wrong with a token, the caller learns only that it is not valid; the reason goes to the metrics.
 */
import type {
  FetchImplementation,
  JWTPayload,
  JWTVerifyGetKey,
  JWTVerifyOptions,
  ProtectedHeaderParameters,
} from 'jose';
import { SCOPES, type Scope, type TokenConfig } from '../config/types';
import { member } from '../lib/json';
import type { Caller } from './caller';

/** Without an issuer in the configuration it is never loaded. */
function jose(): typeof import('jose') {
  return require('jose');
}

/** Milliseconds; tests shorten them. */
export interface KeyTimes {
  /** A fetch of keys takes no longer. */
  fetchTimeout: number;
  /** Keys are fetched again after so long. */
  maxAge: number;
  /** An unknown key id, a signature of no known key, or a failed fetch leads to another fetch only after so long. */
  cooldown: number;
  /** While the issuer's key page is down, the keys it last gave are used for so long. */
  keep: number;
}

const TIMES: KeyTimes = { fetchTimeout: 3_000, maxAge: 600_000, cooldown: 30_000, keep: 3_600_000 };

/** Far above any key set, far below what hurts. */
const MAX_KEY_SET_BYTES = 256 * 1024;

/** Hears why a token was refused: the issuer's name in the configuration, or none, and a reason out of a closed list. */
export type TokenRefused = (issuer: string, reason: string) => void;

interface Issuer {
  config: TokenConfig;
  keys: IssuerKeys;
}

/** Those that can be fetched have `reload`, and are not fetched again while `coolingDown`. */
type IssuerKeys = JWTVerifyGetKey & { readonly coolingDown?: boolean; reload?: () => Promise<void> };

/** True for the compact form of a signed token; API keys of ours hold no dots. */
export function looksLikeToken(credential: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(credential);
}

/** The issuers of one configuration, with their public keys. */
export class Tokens {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #refused: TokenRefused;

  constructor(
    configs: readonly TokenConfig[],
    refused: TokenRefused = () => {},
    times: Partial<KeyTimes> = {},
  ) {
    this.#issuers = new Map(
      configs.map((config) => [config.issuer, { config, keys: keysOf(config, { ...TIMES, ...times }) }]),
    );
    this.#refused = refused;
  }

  /**
   * The caller that a token speaks for, or undefined for any token that is not good.
   * @param isClinic whether a clinic of that name is configured
   */
  async identify(token: string, isClinic: (name: string) => boolean): Promise<Caller | undefined> {
    const issuer = this.#issuers.get(issuerIn(token));
    if (issuer === undefined) return this.#refuse('none', 'unknown_issuer');
    const { config, keys } = issuer;
    const payload = await verify(token, config, keys).catch((error: unknown) =>
      this.#refuse(config.name, reasonOf(error)),
    );
    if (payload === undefined) return undefined;
    if (!isAccessToken(jose().decodeProtectedHeader(token))) return this.#refuse(config.name, 'wrong_type');
    if (!isShortLived(payload, config)) return this.#refuse(config.name, 'lives_too_long');
    const caller = callerFrom(payload, config);
    if ('lacks' in caller) return this.#refuse(config.name, caller.lacks);
    return isClinic(caller.clinic) ? caller : this.#refuse(config.name, 'unknown_clinic');
  }

  #refuse(issuer: string, reason: string): undefined {
    this.#refused(issuer, reason);
  }
}

/** Only to choose the keys; everything is verified afterwards. */
function issuerIn(token: string): string {
  try {
    return jose().decodeJwt(token).iss ?? '';
  } catch {
    return '';
  }
}

/** With fresh keys if none of the known ones has made the signature: an issuer may give a new key the name of an old one. */
async function verify(token: string, config: TokenConfig, keys: IssuerKeys): Promise<JWTPayload> {
  const options: JWTVerifyOptions = {
    issuer: config.issuer,
    audience: typeof config.audience === 'string' ? config.audience : [...config.audience],
    algorithms: [...config.algorithms],
    clockTolerance: config.clockSkewSeconds,
    // A token that never ends could not be taken back.
    requiredClaims: ['exp'],
    // Wants `iat`, and refuses a token from the future too.
    ...(config.maxAgeSeconds !== undefined && { maxTokenAge: config.maxAgeSeconds }),
  };
  try {
    return await verifyWith(token, keys, options);
  } catch (error) {
    if (!isOtherKey(error) || keys.coolingDown !== false) throw error;
    await keys.reload?.();
    return verifyWith(token, keys, options);
  }
}

/** The types of an access token (RFC 9068 section 2.1) and of any token; an ID or logout token of the issuer is none. */
const TYPES: readonly unknown[] = [undefined, 'jwt', 'at+jwt'];

function isAccessToken({ typ }: ProtectedHeaderParameters): boolean {
  return TYPES.includes(typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ);
}

function isShortLived({ iat = 0, exp = 0 }: JWTPayload, { maxAgeSeconds }: TokenConfig): boolean {
  return maxAgeSeconds === undefined || exp - iat <= maxAgeSeconds;
}

/** Of several keys that fit the token's head, such as all of them for one without `kid`, each is tried. */
async function verifyWith(token: string, keys: IssuerKeys, options: JWTVerifyOptions): Promise<JWTPayload> {
  const { jwtVerify, errors } = jose();
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (wrong) {
        if (!isOtherKey(wrong)) throw wrong;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function isOtherKey(error: unknown): boolean {
  return error instanceof jose().errors.JWSSignatureVerificationFailed;
}

/** jose's own codes are a closed list; anything else is a failure to get the keys. */
function reasonOf(error: unknown): string {
  return error instanceof jose().errors.JOSEError ? error.code.toLowerCase() : 'keys_unavailable';
}

function callerFrom({ ...claims }: JWTPayload, config: TokenConfig): Caller | { lacks: string } {
  const said = claims[config.claims.clinic];
  const clinic = typeof said === 'string' ? clinicFor(said, config) : undefined;
  if (clinic === undefined) return { lacks: 'no_clinic' };
  const name = claims[config.claims.name];
  // It appears in logs and in the audit, so it has the form of a name.
  if (typeof name !== 'string' || !/^[\w.:@|-]{1,100}$/.test(name)) return { lacks: 'no_name' };
  return {
    name: `${config.name}/${name}`,
    clinic,
    scopes: scopesIn(claims[config.claims.scopes]),
    ...(config.rateLimit && { rateLimit: config.rateLimit }),
    ...(config.maxInFlight !== undefined && { maxInFlight: config.maxInFlight }),
  };
}

function clinicFor(said: string, { clinics }: TokenConfig): string | undefined {
  if (clinics === undefined) return said;
  const found = member(clinics, said);
  return typeof found === 'string' ? found : undefined;
}

/** A list, or text with spaces (RFC 9068 section 2.2.3). Scopes of other services are passed over. */
function scopesIn(claim: unknown): Scope[] {
  const words: readonly unknown[] = typeof claim === 'string' ? claim.split(' ') : listOf(claim);
  return SCOPES.filter((scope) => words.includes(scope));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function keysOf({ jwksUri, jwks }: TokenConfig, times: KeyTimes): IssuerKeys {
  if (jwksUri === undefined) return jose().createLocalJWKSet({ keys: [...(jwks?.keys ?? [])].map(jwkOf) });
  return jose().createRemoteJWKSet(new URL(jwksUri), {
    timeoutDuration: times.fetchTimeout,
    cacheMaxAge: times.maxAge,
    cooldownDuration: times.cooldown,
    [jose().customFetch]: keyFetch(times),
  });
}

/** jose wants `kty` to be text; a key without it never fits. */
function jwkOf(key: Readonly<Record<string, unknown>>): { kty: string } {
  return { ...key, kty: typeof key.kty === 'string' ? key.kty : '' };
}

/**
 * Fetches a key set: limited in size, no redirects, and not again right after a failure, so that a flood of tokens does not
 * become a flood of fetches. A failure gives back the last good answer while it is young enough.
 */
function keyFetch({ cooldown, keep }: KeyTimes): FetchImplementation {
  let failedAt = Number.NEGATIVE_INFINITY;
  let last: { text: string; at: number } | undefined;
  return async (url, options) => {
    try {
      if (performance.now() - failedAt < cooldown) throw new Error('the last fetch has just failed');
      const text = await fetchText(url, options);
      last = { text, at: performance.now() };
    } catch (error) {
      if (performance.now() - failedAt >= cooldown) failedAt = performance.now();
      if (last === undefined || performance.now() - last.at > keep) throw error;
    }
    return new Response(last.text);
  };
}

async function fetchText(...[url, options]: Parameters<FetchImplementation>): Promise<string> {
  const response = await fetch(url, options);
  if (response.status !== 200 || response.body === null) {
    // Unread it would hold its connection.
    await response.body?.cancel();
    throw new Error('no key set was answered');
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > MAX_KEY_SET_BYTES) throw new Error('the key set is too large');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const keys = member(JSON.parse(text), 'keys');
  if (!Array.isArray(keys)) throw new Error('no key set was answered');
  return text;
}
