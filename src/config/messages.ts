import { closest, distance } from 'fastest-levenshtein';
import type { Context, ValidationErrorItem } from 'joi';
import { isObject } from '../lib/json';
import { type Description, descriptionAt, formsOf, keysOf } from './describe';
import { type ConfigProblem, isSecretPath, type Path, pathText } from './problem';

/**
 * joi's findings in our own words. joi's messages are not used: some quote the value, and any value may be a secret.
 * @param description of the whole schema, for suggestions
 */
export function problemsOf(
  detail: ValidationErrorItem,
  description: Description,
): (ConfigProblem & { at: Path })[] {
  if (detail.type === 'alternatives.match') return problemsOfForms(detail, description);
  if (detail.type === 'object.unknown') return [unknownKey(detail.path, description)];
  return [{ at: detail.path, path: pathText(detail.path), message: messageFor(detail) }];
}

const MESSAGES: Readonly<Record<string, (context: Context, path: Path) => string>> = {
  'any.required': () => 'is required',
  'any.only': onlyMessage,
  'string.base': ({ value }) =>
    typeof value === 'number' ? 'must be text: put it in quotes' : mustBe('text', value),
  'string.empty': () => 'must not be empty',
  'string.min': ({ limit }) => `must have at least ${limit} ${limit === 1 ? 'character' : 'characters'}`,
  'string.max': ({ limit }) => `must have at most ${limit} ${limit === 1 ? 'character' : 'characters'}`,
  'string.length': ({ limit }) => `must have exactly ${limit} characters`,
  'string.pattern.name': ({ name }) => `must be a ${name}`,
  'string.email': () => 'must be an e-mail address',
  'string.guid': () => 'must be a UUID',
  'string.uri': () => 'must be a URL',
  'number.base': ({ value }) => mustBe('a number', value),
  'number.unsafe': () => 'is too large for a number: put it in quotes',
  'number.integer': () => 'must be a whole number',
  'number.port': () => 'must be a port number: 0 to 65535',
  'number.min': ({ limit }) => `must be at least ${limit}`,
  'number.max': ({ limit }) => `must be at most ${limit}`,
  'number.greater': ({ limit }) => `must be greater than ${limit}`,
  'number.less': ({ limit }) => `must be less than ${limit}`,
  'number.positive': () => 'must be greater than 0',
  'boolean.base': ({ value }) => mustBe('true or false', value),
  'object.base': ({ value }) => mustBe('a group of keys', value),
  'object.min': ({ limit }) => `needs at least ${limit} ${limit === 1 ? 'entry' : 'entries'}`,
  'object.missing': ({ peers }) => `needs one of ${list(peers)}`,
  'object.xor': ({ peers }) => `must have only one of ${list(peers)}`,
  'object.oxor': ({ peers }) => `must have only one of ${list(peers)}`,
  'object.and': ({ missing }) => `also needs ${list(missing)}`,
  'object.with': ({ main, peer }) => `has ${main} and so needs ${peer}`,
  'object.without': ({ main, peer }) => `cannot have both ${main} and ${peer}`,
  'array.base': ({ value }) => mustBe('a list', value),
  'array.min': ({ limit }) => `needs at least ${limit} entry`,
  'array.max': ({ limit }) => `must have at most ${limit} entries`,
  'alternatives.types': ({ types }) => `must be ${list(types, ' or ')}`,
  'alternatives.any': () => 'has a value of the wrong kind',
  'baseUrl.form': () => 'must be a URL that starts with https:// or http://',
  'baseUrl.user': () => 'must not hold a user or password: use credentials',
  'baseUrl.query': () => 'must not have a query or a fragment',
  'store.form': () => 'must be sqlite:<file> or postgres://user:password@host/database',
  'store.encoding': () =>
    `must have special characters of its user, password and parameters percent-encoded (@ is %40, / is %2F, # is %23, ? is %3F, % is %25); what \${…} fills in inside the URL is encoded by the gateway`,
  'origin.form': () => 'must be an origin: https://host or https://host:port, without a path',
  'issuer.form': () =>
    'must be a URL that starts with https:// (http:// on the loopback interface only), without a user, a query or a fragment',
  'privateKey.form': () =>
    'must be a private key, PEM or JWK: RSA of 2048 bits or more, or elliptic on the curve P-384',
  'secureUrl.form': () => 'must be a URL that starts with https://, without a user',
  'jwks.form': () => 'must be a JSON Web Key Set: { keys: [...] }',
  'jwks.private': () => 'holds a private or a shared key: only public keys belong here',
  'tls.pair': () => 'needs both certFile and keyFile',
  'tls.clientCa': () => 'requires client certificates and so needs clientCaFile',
  'codes.same': ({ first, second }) =>
    `${JSON.stringify(first)} and ${JSON.stringify(second)} are one code in two spellings: keep one`,
  'codes.blank': () => 'holds a code without any character that can be seen',
  'sha256.form': () => 'must be the SHA-256 of the key: 64 hexadecimal digits',
  'sha256.empty': () => 'is the SHA-256 of nothing: the key was empty when it was made',
};

function messageFor({ type, context, path }: ValidationErrorItem): string {
  return MESSAGES[type]?.(context ?? {}, path) ?? 'has a value of the wrong form';
}

function mustBe(kind: string, value: unknown): string {
  return value === null ? `has no value: remove it or give it ${kind}` : `must be ${kind}`;
}

function onlyMessage({ valids, value }: Context, path: Path): string {
  const texts = stringsOf(valids);
  if (texts.length === 0) return 'names nothing: there is none to choose from';
  const near = typeof value === 'string' && !isSecretPath(path) ? nearest(value, texts) : undefined;
  return `must be ${texts.length === 1 ? texts[0] : `one of ${texts.join(', ')}`}${suggestion(near)}`;
}

/** A wrong key among credentials may itself be a secret (`{s3cret: }`): it is named only when it is a misspelling. */
function unknownKey(path: Path, description: Description): ConfigProblem & { at: Path } {
  const parent = path.slice(0, -1);
  if (parent.length === 1 && (parent[0] === 'vendors' || parent[0] === 'clinics')) {
    return {
      at: path,
      path: pathText(path),
      message: 'is not a usable name: letters, digits, - and _, at most 64',
    };
  }
  const owner = descriptionAt(description, parent);
  const keys = owner === undefined ? [] : keysOf(owner);
  const near = nearest(String(path.at(-1)), keys);
  if (near === undefined && isSecretPath(path)) {
    return { at: path, path: pathText(parent), message: `holds an unknown key${known(keys)}` };
  }
  const message = `is not a known key${near === undefined ? known(keys) : suggestion(near)}`;
  return { at: path, path: pathText(path), message };
}

/** A value that fits no form: its own mistakes or, if it has none, the list of forms. */
function problemsOfForms(
  detail: ValidationErrorItem,
  description: Description,
): (ConfigProblem & { at: Path })[] {
  const owner = descriptionAt(description, detail.path) ?? {};
  const known = keysOf(owner);
  const mistakes = nestedDetails(detail).filter(
    ({ type, path }) =>
      type !== 'any.required' && !(type === 'object.unknown' && known.includes(String(path.at(-1)))),
  );
  if (mistakes.length > 0) return mistakes.flatMap((mistake) => problemsOf(mistake, description));
  const forms = formsOf(owner).map((form) => `{ ${keysOf(form).join(', ')} }`);
  return [{ at: detail.path, path: pathText(detail.path), message: `must be ${forms.join(' or ')}` }];
}

function nestedDetails({ context }: ValidationErrorItem): ValidationErrorItem[] {
  const nested: unknown = context?.details;
  return Array.isArray(nested) ? nested.filter(isDetail) : [];
}

function isDetail(value: unknown): value is ValidationErrorItem {
  return isObject(value) && typeof value.type === 'string' && Array.isArray(value.path);
}

/** The likeliest intended word, if one is near enough to be a misspelling. */
function nearest(word: string, words: readonly string[]): string | undefined {
  if (words.length === 0) return undefined;
  const best = closest(
    word.toLowerCase(),
    words.map((candidate) => candidate.toLowerCase()),
  );
  const away = distance(word.toLowerCase(), best);
  // Two swapped letters count as two, also in a word as short as `port`.
  const tolerated = word.length < 4 ? 1 : Math.max(2, Math.floor(Math.min(best.length, word.length) / 3));
  if (away > tolerated) return undefined;
  return words.find((candidate) => candidate.toLowerCase() === best);
}

function suggestion(near: string | undefined): string {
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function known(keys: readonly string[]): string {
  return keys.length === 0 ? '' : `; known: ${keys.join(', ')}`;
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function list(value: unknown, separator = ', '): string {
  return stringsOf(value).join(separator);
}
