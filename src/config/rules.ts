import { createHash } from 'node:crypto';
import joi from 'joi';
import { isObject, member } from '../lib/json';

/** Names of vendors and clinics appear in URLs, logs and metrics. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** One value as it is, or a list of them: the form decides which mistakes are told. */
export function oneOrList(item: joi.StringSchema): joi.AlternativesSchema {
  return joi.alternatives().conditional(joi.array(), {
    // biome-ignore lint/suspicious/noThenProperty: joi's own name
    then: joi.array().items(item).min(1),
    otherwise: item,
  });
}

export function oneOf(values: readonly string[]): joi.StringSchema {
  return joi.string().valid(...values);
}

export function whole(least: number, most: number): joi.NumberSchema {
  return joi.number().integer().min(least).max(most);
}

export function host(): joi.StringSchema {
  return joi
    .string()
    .pattern(/^[\w.:-]+$/, 'host name or IP address')
    .default('127.0.0.1');
}

function parsedUrl(text: string): URL | undefined {
  // The URL parser drops white space and turns backslashes round; a configuration should say what it means.
  return /[\s\\]/.test(text) || !URL.canParse(text) ? undefined : new URL(text);
}

export const baseUrl: joi.CustomValidator<string> = (text, helpers) => {
  const url = parsedUrl(text);
  // A password with a / or a ? in it ends the host early: the rest of it, up to the @, would pass for a path.
  if (text.includes('@')) return helpers.error('baseUrl.user');
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return helpers.error('baseUrl.form');
  if (/[?#]/.test(text)) return helpers.error('baseUrl.query');
  return url.origin + url.pathname.replace(/\/+$/, '');
};

export const storeUrl: joi.CustomValidator<string> = (text, helpers) => {
  if (/^sqlite:./.test(text)) return text;
  if (!/^postgres(ql)?:\/\//.test(text)) return helpers.error('store.form');
  if (!isEncoded(text)) return helpers.error('store.encoding');
  return parsedUrl(text) === undefined ? helpers.error('store.form') : text;
};

/**
 * False if a delimiter in the user or password would end it early, so that the rest of a password passed for a host, a path or a
 * parameter, which are printed and logged.
 */
function isEncoded(text: string): boolean {
  const rest = text.slice(text.indexOf('//') + 2);
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const isDecodable = !/%(?![\da-f]{2})/i.test(text) && decodes(authority);
  return isDecodable && !/[\s\\#]/.test(text) && !rest.slice(authority.length).includes('@');
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const EMPTY_KEY = createHash('sha256').update('').digest('hex');

export const sha256: joi.CustomValidator<string> = (text, helpers) => {
  const digest = text.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digest)) return helpers.error('sha256.form');
  // `echo -n "$KEY" | sha256sum` with an unset KEY gives this one.
  return digest === EMPTY_KEY ? helpers.error('sha256.empty') : digest;
};

export const origin: joi.CustomValidator<string> = (text, helpers) => {
  const url = parsedUrl(text);
  const whole = url !== undefined && /^https?:$/.test(url.protocol) && url.origin === text;
  return whole ? text : helpers.error('origin.form');
};

/** For what nobody on the way may read or exchange: public keys of an issuer, tokens. Plain HTTP on this machine only. */
export const secureUrl: joi.CustomValidator<string> = (text, helpers) => {
  const url = parsedUrl(text);
  // An @ anywhere may end what was meant as a password.
  if (url === undefined || text.includes('@')) return helpers.error('secureUrl.form');
  return isSecure(url) ? url.href : helpers.error('secureUrl.form');
};

/** Where people are sent with what proves who they are. A query or a fragment has no place in it. */
export const issuerUrl: joi.CustomValidator<string> = (text, helpers) => {
  const url = parsedUrl(text);
  if (url === undefined || /[@?#]/.test(text)) return helpers.error('issuer.form');
  return isSecure(url) ? text : helpers.error('issuer.form');
};

function isSecure({ protocol, hostname }: URL): boolean {
  const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && local);
}

export const keySet: joi.CustomValidator = (value, helpers) => {
  const set = typeof value === 'string' ? parsedJson(value) : value;
  const keys = member(set, 'keys');
  if (!Array.isArray(keys) || !keys.every(isObject)) return helpers.error('jwks.form');
  // `oct` is a shared secret, `d` a private key: neither belongs into a file that is printed.
  const isPublic = keys.every((key) => key.kty !== 'oct' && !Object.hasOwn(key, 'd'));
  return isPublic ? { keys } : helpers.error('jwks.private');
};

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const wholeTls: joi.CustomValidator = (tls, helpers) => {
  const { certFile, keyFile, clientCaFile = '', requireClientCert = false } = tls;
  if ((certFile === '') !== (keyFile === '')) return helpers.error('tls.pair');
  if (requireClientCert && clientCaFile === '') return helpers.error('tls.clientCa');
  return certFile === '' && clientCaFile !== '' ? helpers.error('tls.pair') : tls;
};
