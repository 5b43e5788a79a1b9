/**
 * From the joi schemas that check requests to the JSON Schema that documents them. Small on purpose: it knows the rules that
 * this project uses and throws on any other, so that a rule never disappears from the documentation without a word.
 */
import type { Schema as JoiSchema } from 'joi';
import { isObject, member } from '../../lib/json';

/** A JSON Schema (2020-12, as OpenAPI 3.1 has it), or a part of the OpenAPI document. */
export type Part = Readonly<Record<string, unknown>>;

export interface ConvertOptions {
  /**
   * `strict`: what a request has to be. `shape`: types, enumerations and dates only, for what a vendor has stored, which
   * need not follow our rules.
   */
  rules: 'strict' | 'shape';
}

/** Rules that JSON Schema cannot say; each is told in the description of its member, or in an error's own text. */
const UNSAYABLE = new Set(['custom']);

/** The one pattern that is better said by a format. */
const DATE_PATTERN = '/^\\d{4}-\\d{2}-\\d{2}$/';

export function jsonSchemaOf(schema: JoiSchema, options: ConvertOptions): Part {
  return convert(schema.describe(), options);
}

function convert(description: unknown, options: ConvertOptions): Part {
  const nullable = valuesOf(description).includes(null);
  const text = member(member(description, 'flags'), 'description');
  const base = baseOf(description, options, nullable);
  return { ...base, ...(typeof text === 'string' && { description: text }) };
}

function baseOf(description: unknown, options: ConvertOptions, nullable: boolean): Part {
  if (member(member(description, 'flags'), 'only') === true) {
    const values = valuesOf(description).filter((value) => value !== null);
    return orNull({ type: 'string', enum: values }, nullable);
  }
  const type = member(description, 'type');
  if (type === 'string') return { type: typeWith('string', nullable), ...stringRules(description, options) };
  if (type === 'date') return { type: typeWith('string', nullable), format: 'date-time' };
  if (type === 'boolean') return { type: typeWith('boolean', nullable) };
  if (type === 'number') return { ...numberRules(description, options, nullable) };
  if (type === 'array') {
    return {
      type: typeWith('array', nullable),
      items: convert(itemsOf(description)[0], options),
      ...arrayRules(description, options),
    };
  }
  if (type === 'object') return orNull(objectSchema(description, options), nullable);
  throw new TypeError(`the OpenAPI converter does not know the joi type ${String(type)}`);
}

function objectSchema(description: unknown, options: ConvertOptions): Part {
  const keys = member(description, 'keys');
  const entries = isObject(keys) ? Object.entries(keys) : [];
  const required = entries
    .filter(([, child]) => member(member(child, 'flags'), 'presence') === 'required')
    .map(([key]) => key);
  const rules = options.rules === 'shape' ? {} : { additionalProperties: false };
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([key, child]) => [key, convert(child, options)])),
    ...(required.length > 0 && { required }),
    ...rules,
    ...pick(description, options, { min: 'minProperties' }),
  };
}

function stringRules(description: unknown, options: ConvertOptions): Part {
  const rules: Record<string, unknown> = {};
  for (const rule of rulesOf(description)) {
    const name = member(rule, 'name');
    if (name === 'pattern') {
      const regex = String(member(member(rule, 'args'), 'regex'));
      if (regex === DATE_PATTERN) rules.format = 'date';
      else if (options.rules === 'strict') rules.pattern = sourceOf(regex);
    } else if (options.rules === 'shape') continue;
    else if (name === 'min') rules.minLength = limitOf(rule);
    else if (name === 'max') rules.maxLength = limitOf(rule);
    else if (name === 'email' || name === 'uri') rules.format = name;
    else if (!UNSAYABLE.has(String(name))) throw unknownRule(name);
  }
  if (options.rules === 'shape') return rules;
  const accepted = metaOf(description, 'accepts');
  const maxLength = metaOf(description, 'maxLength');
  return {
    ...rules,
    ...(maxLength !== undefined && { maxLength }),
    ...(accepted !== undefined && { pattern: accepted }),
  };
}

function numberRules(description: unknown, options: ConvertOptions, nullable: boolean): Part {
  const names = rulesOf(description).map((rule) => member(rule, 'name'));
  return {
    type: typeWith(names.includes('integer') ? 'integer' : 'number', nullable),
    ...pick(description, options, { min: 'minimum', max: 'maximum', integer: undefined }),
  };
}

function arrayRules(description: unknown, options: ConvertOptions): Part {
  const names = rulesOf(description).map((rule) => member(rule, 'name'));
  return {
    ...pick(description, options, { min: 'minItems', max: 'maxItems', unique: undefined }),
    ...(names.includes('unique') && options.rules === 'strict' && { uniqueItems: true }),
  };
}

/** Rules with a limit, under the names that JSON Schema has for them; `undefined` is told elsewhere. */
function pick(
  description: unknown,
  options: ConvertOptions,
  names: Readonly<Record<string, string | undefined>>,
): Part {
  const rules: Record<string, unknown> = {};
  for (const rule of rulesOf(description)) {
    const name = String(member(rule, 'name'));
    if (UNSAYABLE.has(name)) continue;
    if (!Object.hasOwn(names, name)) throw unknownRule(name);
    const target = names[name];
    if (target !== undefined && options.rules === 'strict') rules[target] = limitOf(rule);
  }
  return rules;
}

function unknownRule(name: unknown): TypeError {
  return new TypeError(`the OpenAPI converter does not know the joi rule ${String(name)}`);
}

/** As alternatives, since generators of clients lose the `null` of an enumeration or of an object with a list of types. */
function orNull(part: Part, nullable: boolean): Part {
  return nullable ? { anyOf: [part, { type: 'null' }] } : part;
}

function typeWith(type: string, nullable: boolean): string | readonly string[] {
  return nullable ? [type, 'null'] : type;
}

function valuesOf(description: unknown): readonly unknown[] {
  const allow = member(description, 'allow');
  return Array.isArray(allow) ? allow : [];
}

function rulesOf(description: unknown): readonly unknown[] {
  const rules = member(description, 'rules');
  return Array.isArray(rules) ? rules : [];
}

function itemsOf(description: unknown): readonly unknown[] {
  const items = member(description, 'items');
  return Array.isArray(items) ? items : [];
}

function limitOf(rule: unknown): unknown {
  return member(member(rule, 'args'), 'limit');
}

/**
 * What the schema says besides its rules. `accepts`: the pattern of what is taken before the value is normalised; `maxLength`:
 * counted in characters, as JSON Schema does, not in JavaScript's units.
 */
function metaOf(description: unknown, name: 'accepts' | 'maxLength'): unknown {
  const metas = member(description, 'metas');
  return Array.isArray(metas) ? metas.map((meta) => member(meta, name)).find(Boolean) : undefined;
}

/** `/^a$/u` → `^a$` */
function sourceOf(regex: string): string {
  return regex.slice(1, regex.lastIndexOf('/'));
}
