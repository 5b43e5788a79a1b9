/** The JSON Schema of the configuration, for editors: made from the schema that checks the file and the adapters' own. */
import { childrenOf, type Description, flagOf, listOf, metaOf } from '../src/config/describe';
import { NAME } from '../src/config/rules';
import { configSchema } from '../src/config/schema';
import type { ConfigurableAdapter } from '../src/config/types';
import { isObject, member } from '../src/lib/json';

type JsonSchema = Readonly<Record<string, unknown>>;

/** A text with `${…}` may stand for any value that is no group and no list; what it becomes is checked at start-up. */
const REFERENCE: JsonSchema = { $ref: '#/$defs/reference' };

/** Stands for every name that a configuration gives; the schema cannot know them. */
const SOME_NAME = 'any-name';

/** JSON Schema, draft 7: what editors know. */
export function configJsonSchema(adapters: readonly ConfigurableAdapter[]): JsonSchema {
  const description = (adapter?: ConfigurableAdapter): Description =>
    configSchema({ adapters, vendors: new Map([[SOME_NAME, adapter]]), clinics: [] }).describe();
  const vendorOf = (adapter?: ConfigurableAdapter): Description =>
    keyOf(keyOf(description(adapter), 'vendors'), SOME_NAME);
  const own = adapters.map((adapter) => {
    const vendor = vendorOf(adapter);
    const settings = ['credentials', 'options', 'codes'].map((key) => [key, schemaOf(keyOf(vendor, key))]);
    return {
      if: { properties: { adapter: { const: adapter.name } }, required: ['adapter'] },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own name
      then: { properties: Object.fromEntries(settings) },
    };
  });
  const whole = schemaOf(description());
  const properties = Object(whole.properties);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of the Provider Directory Gateway',
    ...whole,
    properties: {
      ...properties,
      vendors: {
        type: 'object',
        description: properties.vendors.description,
        patternProperties: { [NAME.source]: { ...schemaOf(vendorOf()), allOf: own } },
        additionalProperties: false,
        minProperties: 1,
      },
    },
    $defs: { reference: { type: 'string', pattern: '\\$\\{' } },
  };
}

function keyOf(description: Description, key: string): Description {
  const found = childrenOf(description).find((child) => child.key === key);
  if (found === undefined) throw new TypeError(`the schema has no key ${key}`);
  return found.child;
}

function schemaOf(description: Description): JsonSchema {
  const told = flagOf(description, 'description');
  const fallback = flagOf(description, 'default');
  const isPlain = ['string', 'number', 'boolean'].includes(typeof fallback) || Array.isArray(fallback);
  return {
    ...(typeof told === 'string' && { description: told }),
    ...(isPlain && metaOf(description, 'default') === undefined && { default: fallback }),
    ...formOf(description),
  };
}

function formOf(description: Description): JsonSchema {
  switch (description.type) {
    case 'object':
      return objectForm(description);
    case 'array':
      return { type: 'array', items: itemsOf(description), ...limits(description, 'minItems', 'maxItems') };
    case 'string':
      return stringForm(description);
    case 'number':
      return { anyOf: [numberForm(description), REFERENCE] };
    case 'boolean':
      return { anyOf: [{ type: 'boolean' }, REFERENCE] };
    case 'alternatives':
      return { anyOf: alternativesOf(description).map(schemaOf) };
    default:
      return {};
  }
}

function objectForm(description: Description): JsonSchema {
  const keys = isObject(description.keys) ? Object.entries(description.keys) : [];
  const children = keys.flatMap(([key, child]) => (isObject(child) ? [[key, child] as const] : []));
  const required = children.filter(([, child]) => flagOf(child, 'presence') === 'required');
  const patterns = listOf(description.patterns).map(({ regex, rule }) => ({
    source: typeof regex === 'string' ? regex.replace(/^\/(.*)\/\w*$/s, '$1') : '',
    schema: isObject(rule) ? schemaOf(rule) : {},
  }));
  const choices = listOf(description.dependencies).filter(({ rel }) => rel === 'xor');
  return {
    type: 'object',
    properties: Object.fromEntries(children.map(([key, child]) => [key, schemaOf(child)])),
    ...(patterns.length > 0 && {
      patternProperties: Object.fromEntries(patterns.map(({ source, schema }) => [source, schema])),
    }),
    additionalProperties: false,
    ...(required.length > 0 && { required: required.map(([key]) => key) }),
    ...limits(description, 'minProperties', 'maxProperties'),
    ...(choices.length > 0 && {
      allOf: choices.map(({ peers }) => ({
        oneOf: textsIn(peers).map((peer) => ({ required: [peer] })),
      })),
    }),
  };
}

function itemsOf(description: Description): JsonSchema {
  const [only, ...others] = listOf(description.items).map(schemaOf);
  if (only === undefined) return {};
  return others.length === 0 ? only : { anyOf: [only, ...others] };
}

function stringForm(description: Description): JsonSchema {
  const allowed = textsIn(description.allow).filter((text) => text !== SOME_NAME);
  if (flagOf(description, 'only') === true && allowed.length > 0) {
    return { anyOf: [{ enum: allowed }, REFERENCE] };
  }
  const pattern = ruleOf(description, 'pattern', 'regex');
  const constraints: JsonSchema = {
    ...limits(description, 'minLength', 'maxLength'),
    ...(typeof pattern === 'string' && { pattern: pattern.replace(/^\/(.*)\/\w*$/s, '$1') }),
  };
  if (Object.keys(constraints).length === 0) return { type: 'string' };
  const empty = allowed.includes('') ? [{ const: '' }] : [];
  return { anyOf: [{ type: 'string', ...constraints }, ...empty, REFERENCE] };
}

function numberForm(description: Description): JsonSchema {
  const names = listOf(description.rules).map(({ name }) => name);
  const isPort = names.includes('port');
  const above = ruleOf(description, 'greater', 'limit');
  return {
    type: isPort || names.includes('integer') ? 'integer' : 'number',
    ...(isPort ? { minimum: 0, maximum: 65_535 } : limits(description, 'minimum', 'maximum')),
    ...(typeof above === 'number' && { exclusiveMinimum: above }),
  };
}

/** The forms of `alternatives()`, and both arms of a `conditional()`. */
function alternativesOf(description: Description): Description[] {
  return listOf(description.matches).flatMap(({ schema, then, otherwise }) => {
    const arms = [then, otherwise].filter(isObject);
    return arms.length > 0 ? arms : [schema].filter(isObject);
  });
}

function limits(description: Description, least: string, most: string): JsonSchema {
  const min = ruleOf(description, 'min', 'limit');
  const max = ruleOf(description, 'max', 'limit');
  return {
    ...(typeof min === 'number' && { [least]: min }),
    ...(typeof max === 'number' && { [most]: max }),
  };
}

function ruleOf(description: Description, name: string, argument: string): unknown {
  const rule = listOf(description.rules).find((candidate) => candidate.name === name);
  return member(rule?.args, argument);
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
