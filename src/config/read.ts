import type Joi from 'joi';
import { isObject, member } from '../lib/json';
import type { Description } from './describe';
import { storePasswords } from './mask';
import { problemsOf } from './messages';
import { consoleProblems, operatorSecrets } from './operators';
import { ConfigError, type ConfigProblem, isSecretPath, type Path, pathKey, pathText } from './problem';
import { configSchema, type Names } from './schema';
import { sharingWarnings } from './sharing';
import { type Environment, OverridingText, type Sources, type Substituted, substitute } from './substitute';
import { auditSecrets, type ConfigurableAdapter, type GatewayConfig, storeSecrets } from './types';
import { parseYaml } from './yaml';

export interface LoadedConfig {
  config: GatewayConfig;
  /** What is allowed and probably not meant, a sentence each. */
  warnings: string[];
  /** Every text that must not appear in a log: credentials, texts of secret files, the store's password. */
  secrets: ReadonlySet<string>;
}

export interface ReadOptions extends Sources {
  adapters: readonly ConfigurableAdapter[];
}

/**
 * Reads a configuration text: substitution, environment overrides, defaults, every check.
 * @throws ConfigError naming every problem at once; no message holds a value
 */
export async function readConfig(
  text: string,
  { adapters, env, readFile }: ReadOptions,
): Promise<LoadedConfig> {
  const document = withOverrides(parseYaml(text), env);
  const substituted = await substitute(document, { env, readFile });
  const { value, problems } = validate(substituted, configSchema(namesIn(substituted.tree, adapters)));
  const all = [
    ...substituted.problems,
    ...problems,
    ...conflicts(substituted.tree),
    ...forProduction(value, env),
    ...(value === undefined ? [] : consoleProblems(value.ops, value.operators)),
  ];
  if (value === undefined || all.length > 0) throw new ConfigError(inOrder(all));
  return { config: value, warnings: warningsOf(value), secrets: secretsOf(value, substituted.fileTexts) };
}

/** Variables that win over the file, whatever it says. An empty one counts as not set. */
const OVERRIDES = [
  { variable: 'PORT', section: 'server', key: 'port' },
  { variable: 'HOST', section: 'server', key: 'host' },
  { variable: 'STORE_URL', section: 'store', key: 'url' },
  { variable: 'OPS_HOST', section: 'ops', key: 'host' },
  { variable: 'OPS_PORT', section: 'ops', key: 'port' },
] as const;

/** Overrides are texts as in the file: they may hold `${…}`, and are checked and reported like any other. */
export function withOverrides(document: Record<string, unknown>, env: Environment): Record<string, unknown> {
  const result = { ...document };
  for (const { variable, section, key } of OVERRIDES) {
    const current = result[section] ?? {};
    const text = env[variable] ?? '';
    if (text === '' || !isObject(current)) continue;
    result[section] = { ...current, [key]: new OverridingText(variable, text) };
  }
  return result;
}

interface Validated<Config> {
  value: Config | undefined;
  problems: ConfigProblem[];
}

/** Changes the tree: text that was filled in becomes the number or boolean that is wanted in its place. */
export function validate<Config>(
  substituted: Substituted,
  schema: Joi.ObjectSchema<Config>,
): Validated<Config> {
  let result = schema.validate(substituted.tree, { abortEarly: false, convert: false });
  const details = result.error?.details ?? [];
  if (details.filter((detail) => becomesTyped(detail, substituted)).length > 0) {
    result = schema.validate(substituted.tree, { abortEarly: false, convert: false });
  }
  if (result.error === undefined) return { value: result.value, problems: [] };
  return { value: undefined, problems: firstPerPath(result.error.details, schema.describe(), substituted) };
}

export function namesIn(tree: Record<string, unknown>, adapters: readonly ConfigurableAdapter[]): Names {
  const adapterOf = (vendor: unknown) => adapters.find(({ name }) => name === member(vendor, 'adapter'));
  const vendors = Object.entries(isObject(tree.vendors) ? tree.vendors : {});
  return {
    adapters,
    vendors: new Map(vendors.map(([name, vendor]) => [name, adapterOf(vendor)])),
    clinics: Object.keys(isObject(tree.clinics) ? tree.clinics : {}),
  };
}

/** Substituted text is text, even if a number is expected: `port: ${PORT}`. Makes it one in place, if it reads as one. */
function becomesTyped({ type, path }: Joi.ValidationErrorItem, { tree, origins }: Substituted): boolean {
  if (origins.get(pathKey(path))?.whole !== true) return false;
  const key = path.at(-1);
  const parent = valueAt(tree, path.slice(0, -1));
  const text = valueAt(tree, path);
  if (key === undefined || typeof text !== 'string') return false;
  const typed =
    type === 'number.base' ? numberIn(text) : type === 'boolean.base' ? booleanIn(text) : undefined;
  if (typed === undefined) return false;
  if (isObject(parent)) parent[key] = typed;
  else if (Array.isArray(parent)) parent[Number(key)] = typed;
  return true;
}

function numberIn(text: string): number | undefined {
  return /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function booleanIn(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => (Array.isArray(inner) ? inner[Number(key)] : member(inner, String(key))),
    value,
  );
}

/** joi finds several faults in one value (wrong form, too long): the first says it all. */
function firstPerPath(
  details: readonly Joi.ValidationErrorItem[],
  description: Description,
  { origins, unfilled }: Substituted,
): ConfigProblem[] {
  const first = new Map<string, ConfigProblem>();
  for (const detail of details) {
    for (const { at, path, message } of problemsOf(detail, description)) {
      const key = pathKey(at);
      // The text of a reference that could not be filled says nothing about the value.
      if (first.has(key) || (unfilled.has(key) && detail.type !== 'object.unknown')) continue;
      const names = origins.get(key)?.names;
      first.set(key, {
        path,
        message: names === undefined ? message : `${message} (from ${names.join(', ')})`,
      });
    }
  }
  return [...first.values()];
}

/** What is wrong only in view of another value. Looks at the tree, so that other problems do not hide these. */
function conflicts(tree: Record<string, unknown>): ConfigProblem[] {
  return [
    ...repeated(tree, 'callers', 'name'),
    ...repeated(tree, 'callers', 'keySha256'),
    ...repeated(tree, 'operators', 'name'),
    ...repeated(tree, 'operators', 'keySha256'),
    ...repeated(tree, 'tokens', 'name'),
    ...repeated(tree, 'tokens', 'issuer'),
    ...samePort(tree),
    ...ownMirrors(tree),
    ...clientNames(tree),
  ];
}

/** One value, or one of a list of values, that two items of a section share. */
function repeated(tree: Record<string, unknown>, section: string, key: string): ConfigProblem[] {
  const seen = new Map<string, number>();
  const problems: ConfigProblem[] = [];
  const items = tree[section];
  for (const [index, item] of (Array.isArray(items) ? items : []).entries()) {
    const found = member(item, key);
    const values = Array.isArray(found) ? found : [found];
    for (const [place, value] of values.entries()) {
      if (typeof value !== 'string') continue;
      const earlier = seen.get(value.toLowerCase());
      if (earlier === undefined) seen.set(value.toLowerCase(), index);
      else
        problems.push({
          path: pathText([section, index, key, ...(Array.isArray(found) ? [place] : [])]),
          message: `is the same as in ${section}.${earlier}`,
        });
    }
  }
  return problems;
}

/** Where real people's records are, the audit has to hold against who can write the store. */
function forProduction(config: GatewayConfig | undefined, { NODE_ENV }: Environment): ConfigProblem[] {
  if (config === undefined || NODE_ENV !== 'production' || auditSecrets(config.audit).length > 0) return [];
  const message = 'is required in production (NODE_ENV=production): a secret of 32 characters or more';
  return [{ path: 'audit.key', message }];
}

function samePort({ server, ops }: Record<string, unknown>): ConfigProblem[] {
  const port = member(ops, 'port');
  const same = typeof port === 'number' && port !== 0 && port === member(server, 'port');
  return same ? [{ path: 'ops.port', message: 'is the same as server.port' }] : [];
}

function ownMirrors({ clinics }: Record<string, unknown>): ConfigProblem[] {
  return Object.entries(isObject(clinics) ? clinics : {}).flatMap(([name, clinic]) => {
    const mirror = member(clinic, 'mirror');
    const isOwn = typeof mirror === 'string' && mirror !== '' && mirror === member(clinic, 'vendor');
    const path = pathText(['clinics', name, 'mirror']);
    return isOwn ? [{ path, message: 'is the connection that the clinic itself uses' }] : [];
  });
}

/** Under one name two callers would be one in the audit, and have each other's idempotency keys and allowance. */
function clientNames({ callers, tokens }: Record<string, unknown>): ConfigProblem[] {
  const issuers = (Array.isArray(tokens) ? tokens : []).map((item) => member(item, 'name'));
  return (Array.isArray(callers) ? callers : []).flatMap((item, index) => {
    const name = member(item, 'name');
    const issuer = issuers.find(
      (found) => typeof found === 'string' && typeof name === 'string' && name.startsWith(`${found}/`),
    );
    const path = pathText(['callers', index, 'name']);
    return issuer === undefined
      ? []
      : [{ path, message: `is the name of a client of ${String(issuer)} in tokens` }];
  });
}

export function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

function warningsOf(config: GatewayConfig): string[] {
  const insecure = Object.entries(config.vendors)
    .filter(([, { baseUrl }]) => isInsecure(new URL(baseUrl)))
    .map(([name]) => `vendors.${name}.baseUrl: http:// sends credentials and personal data unencrypted`);
  const odd = credentialLeaves(config)
    .filter(({ value }) => typeof value === 'string' && hasOddCharacters(value))
    .map(({ path }) => `${pathText(path)}: has a line break or white space at an end; is that meant?`);
  const encodedTwice = storePasswords(config.store.url).some((password) => /%25[\da-f]{2}/i.test(password))
    ? [
        `store.url: its password looks percent-encoded twice: what \${…} fills in is encoded by the gateway, so write it as it is`,
      ]
    : [];
  const idle =
    config.callers.length + config.tokens.length === 0
      ? ['callers: there are none, so every request will be refused']
      : [];
  const unsigned =
    auditSecrets(config.audit).length === 0
      ? ['audit.key: there is none, so whoever can write the store can also rewrite the audit']
      : [];
  return [...insecure, ...odd, ...encodedTwice, ...idle, ...unsigned, ...sharingWarnings(config)];
}

function isInsecure({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !/^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function hasOddCharacters(text: string): boolean {
  return text !== text.trim() || /[\r\n]/.test(text);
}

/** Shorter texts from files are ports and the like; hiding each occurrence would make logs unreadable. */
const SHORTEST_SECRET = 8;

function secretsOf(config: GatewayConfig, fileTexts: ReadonlySet<string>): ReadonlySet<string> {
  const credentials = credentialLeaves(config).map(({ value }) => String(value ?? ''));
  const files = [...fileTexts].filter(({ length }) => length >= SHORTEST_SECRET);
  return new Set(
    [
      ...credentials,
      ...files,
      ...storePasswords(config.store.url),
      ...auditSecrets(config.audit),
      ...storeSecrets(config.store),
      config.audit.salt ?? '',
      ...operatorSecrets(config.ops),
    ].filter((text) => text !== ''),
  );
}

/** The values in an object, at any depth, under a vendor's credentials. */
function credentialLeaves(config: unknown): { path: Path; value: unknown }[] {
  return leaves(config).filter(({ path }) => isSecretPath(path));
}

function leaves(value: unknown, path: Path = []): { path: Path; value: unknown }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, [...path, index]));
  if (isObject(value)) return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]));
  return [{ path, value }];
}
