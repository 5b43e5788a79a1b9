/**
 * OAuth 2 client credentials (RFC 6749 section 4.4), with a secret, or with a signed assertion as SMART Backend Services want it
 * (`private_key_jwt`, RFC 7523).
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import joi, { type CustomValidator, type ObjectSchema } from 'joi';
import { secureUrl } from '../config/rules';
import { member } from '../lib/json';
import { textIn } from './codecs';
import type { Login, PublicKey, VendorRequest } from './contract';

/** The credentials of a client, as configured. */
export interface ClientCredentials {
  tokenUrl: string;
  clientId: string;
  /** Either this or `privateKey`. */
  clientSecret?: string;
  /** PEM, or a JSON Web Key. */
  privateKey?: string;
  scope?: string;
}

/**
 * Where a client's secret goes (RFC 6749 section 2.3.1): into the form, or into `Authorization: Basic`, which servers must
 * take. `post` is the default all the same: servers differ in whether they decode what Basic wants encoded.
 */
export const CLIENT_AUTHENTICATIONS = ['post', 'basic'] as const;
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATIONS)[number];

/** What may be configured: no credentials at all, a token that does not end, or a client. */
export type BearerCredentials = Partial<Readonly<Record<keyof ClientCredentials | 'token', string>>>;

const privateKey: CustomValidator<string> = (text, helpers) =>
  algorithmOf(keyOf(text)) === undefined ? helpers.error('privateKey.form') : text;

/** The schema of `BearerCredentials`. */
export function bearerCredentials(): ObjectSchema<BearerCredentials> {
  return joi
    .object<BearerCredentials>({
      token: joi.string().description('Sent as Authorization: Bearer. Either this, or a client.'),
      tokenUrl: joi
        .string()
        .custom(secureUrl)
        .description('Where a client gets its tokens (OAuth 2 client credentials): https only.'),
      clientId: joi.string().description('The name that the client is registered under.'),
      clientSecret: joi.string().description('Its secret. Either this or privateKey.'),
      privateKey: joi
        .string()
        .custom(privateKey)
        .description(
          'Its private key, PEM or JWK: RSA of 2048 bits or more (RS384), or P-384 (ES384). The public one is at /.well-known/jwks.json.',
        ),
      scope: joi.string().description('What is asked for, such as system/*.rs.'),
    })
    .oxor('token', 'tokenUrl')
    .oxor('clientSecret', 'privateKey')
    .and('tokenUrl', 'clientId')
    .with('clientSecret', 'tokenUrl')
    .with('privateKey', 'tokenUrl')
    .with('scope', 'tokenUrl')
    .when(joi.object({ tokenUrl: joi.exist() }).unknown(), {
      // biome-ignore lint/suspicious/noThenProperty: joi's own name
      then: joi.object().or('clientSecret', 'privateKey'),
    })
    .optional();
}

/** The client among the credentials; undefined if there is none. */
export function clientOf(credentials: BearerCredentials): ClientCredentials | undefined {
  const { tokenUrl, clientId, token: _, ...rest } = credentials;
  return tokenUrl === undefined || clientId === undefined ? undefined : { tokenUrl, clientId, ...rest };
}

/** A token is fetched anew so long before it ends, in seconds, or after nine tenths of its life. */
const MARGIN_SECONDS = 30;
/** Of a token whose life is not told. */
const DEFAULT_SECONDS = 300;
/** Servers allow five minutes at most; one is kept back for clocks that differ. */
const ASSERTION_SECONDS = 240;

/** The login of a client, whose session is the access token. @param authentication of a client with a secret */
export function clientLogin(client: ClientCredentials, authentication: ClientAuthentication = 'post'): Login {
  const { tokenUrl, clientId, clientSecret, privateKey, scope } = client;
  const asked = { grant_type: 'client_credentials', ...(scope !== undefined && { scope }) };
  const post = (form: Readonly<Record<string, string>>): VendorRequest => ({
    method: 'POST',
    path: '/',
    form: { ...asked, ...form },
  });
  const withSecret = (secret: string): VendorRequest =>
    authentication === 'post'
      ? post({ client_id: clientId, client_secret: secret })
      : { ...post({}), headers: { authorization: basic(clientId, secret) } };
  return {
    url: tokenUrl,
    request:
      privateKey === undefined
        ? withSecret(clientSecret ?? '')
        : async ({ now, unique }) =>
            post({
              client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
              client_assertion: await assertion(privateKey, { clientId, tokenUrl, now, unique }),
            }),
    session: (body) => textIn(body, 'access_token'),
    lifetimeSeconds: (body) => {
      const told = Number(member(body, 'expires_in') ?? DEFAULT_SECONDS);
      const seconds = Number.isFinite(told) ? told : DEFAULT_SECONDS;
      return Math.max(seconds - MARGIN_SECONDS, Math.floor(seconds * 0.9));
    },
  };
}

/** Both are encoded as in a form first, so that a colon in the name does not end it. */
function basic(name: string, secret: string): string {
  const encoded = [name, secret].map((text) => new URLSearchParams({ '': text }).toString().slice(1));
  return `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`;
}

async function assertion(
  text: string,
  { clientId, tokenUrl, now, unique }: { clientId: string; tokenUrl: string; now: Date; unique: string },
): Promise<string> {
  const key = keyOf(text);
  const algorithm = algorithmOf(key);
  if (key === undefined || algorithm === undefined) throw new TypeError('the private key was not checked');
  const [{ kid }] = await publicKeysOf(text);
  const seconds = Math.floor(now.getTime() / 1000);
  return new (jose().SignJWT)({ jti: unique })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: String(kid) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(tokenUrl)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + ASSERTION_SECONDS)
    .sign(key);
}

/** The public part of a private key, named by its thumbprint (RFC 7638). */
export async function publicKeysOf(text: string): Promise<[PublicKey]> {
  const key = keyOf(text);
  if (key === undefined) throw new TypeError('the private key was not checked');
  const { kty, n, e, crv, x, y } = createPublicKey(key).export({ format: 'jwk' });
  const parts = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
  const kid = await jose().calculateJwkThumbprint(parts as import('jose').JWK);
  return [{ ...parts, kid, alg: algorithmOf(key), use: 'sig' }];
}

/** Undefined if the text is no private key. */
function keyOf(text: string): KeyObject | undefined {
  try {
    return text.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' })
      : createPrivateKey(text);
  } catch {
    return undefined;
  }
}

/** What SMART Backend Services sign with; undefined for other kinds of keys, and for weak ones. */
function algorithmOf(key: KeyObject | undefined): 'RS384' | 'ES384' | undefined {
  const { modulusLength = 0, namedCurve } = key?.asymmetricKeyDetails ?? {};
  if (key?.asymmetricKeyType === 'rsa') return modulusLength >= 2048 ? 'RS384' : undefined;
  return key?.asymmetricKeyType === 'ec' && namedCurve === 'secp384r1' ? 'ES384' : undefined;
}

/** Without a key in the configuration it is never loaded. */
function jose(): typeof import('jose') {
  return require('jose');
}
