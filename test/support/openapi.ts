/**
 * Holds answers against the OpenAPI document: status, media type, headers and body have to be documented, and a member that
 * the document does not know is a complaint too, although clients are told to ignore such.
 */
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../src/http/openapi/document';
import type { Part } from '../../src/http/openapi/joiSchema';
import { isObject, member } from '../../src/lib/json';

interface Exchange {
  method: string;
  /** With or without a query. */
  path: string;
  status: number;
  headers: { get(name: string): string | null };
  /** The body as it came. */
  text: string;
}

const document = openApiDocument();
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);

/** Everything about an answer that is not as documented; empty for a good one. */
export function complaints(exchange: Exchange): string[] {
  const { method, status } = exchange;
  const documented = pathOf(exchange.path);
  const operation = member(documented, (method === 'HEAD' ? 'GET' : method).toLowerCase());
  if (operation === undefined) return undocumented(exchange, documented !== undefined);
  const name = `${method} ${exchange.path.split('?')[0]} ${status}`;
  const response = resolve(member(member(operation, 'responses'), String(status)));
  if (response === undefined) return [`${name}: this status is not documented`];
  return [...headerComplaints(response, exchange), ...bodyComplaints(response, exchange)].map(
    (text) => `${name}: ${text}`,
  );
}

/** Checks a value against a schema of the document. */
export function valueComplaints(schema: unknown, value: unknown): string[] {
  const validate = validatorFor(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  );
}

/** A reference of the document, followed; anything else as it is. */
function resolve(part: unknown): unknown {
  const target = member(part, '$ref');
  if (typeof target !== 'string') return part;
  return target
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => member(value, key), document);
}

const PROBLEM = { $ref: '#/components/schemas/Problem' };

/** No such URL, or no such method there: what any URL may be answered. */
function undocumented(exchange: Exchange, known: boolean): string[] {
  const { method, path, status, headers, text } = exchange;
  const name = `${method} ${path} ${status}`;
  const allowed = known ? [400, 401, 405, 429, 503] : [400, 404];
  // Not a part of the API: pages for people.
  if (/^\/docs(\/|$)/.test(path)) return [];
  if (!allowed.includes(status)) return [`${name}: neither this URL nor this status is documented`];
  if (status === 405 && headers.get('allow') === null) return [`${name}: there is no Allow header`];
  if (method === 'HEAD') return [];
  return valueComplaints(PROBLEM, parse(text)).map((item) => `${name}: ${item}`);
}

function headerComplaints(response: unknown, { headers }: Exchange): string[] {
  const documented = member(response, 'headers');
  return Object.entries(isObject(documented) ? documented : {}).flatMap(([name, part]) => {
    const header = resolve(part);
    const value = headers.get(name);
    if (value === null) return member(header, 'required') === true ? [`the header ${name} is missing`] : [];
    return valueComplaints(member(header, 'schema'), value).map((text) => `the header ${name}: ${text}`);
  });
}

function bodyComplaints(response: unknown, { method, headers, text }: Exchange): string[] {
  const content = member(response, 'content');
  const type = headers.get('content-type')?.split(';')[0]?.trim();
  if (content === undefined) return text === '' ? [] : ['a body is not documented'];
  const media = type === undefined ? undefined : member(content, type);
  if (media === undefined) return [`the media type ${type} is not documented`];
  if (method === 'HEAD') return [];
  const schema = member(media, 'schema');
  const isJson = type?.endsWith('json') === true && !type.endsWith('ndjson');
  return schema === undefined ? [] : valueComplaints(schema, isJson ? parse(text) : text);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pathOf(path: string): unknown {
  const [wanted = ''] = path.split('?');
  const found = Object.entries(isObject(document.paths) ? document.paths : {}).find(([template]) =>
    new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(wanted),
  );
  return found?.[1];
}

const components = closed(document.components);
const validators = new Map<unknown, ValidateFunction>();

function validatorFor(schema: unknown): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  const part = closed(schema);
  const validate = ajv.compile({ ...(isObject(part) ? part : {}), components });
  validators.set(schema, validate);
  return validate;
}

/** Every described object takes the members that it describes and no other. */
function closed(part: unknown, inAllOf = false): unknown {
  if (Array.isArray(part)) return part.map((item) => closed(item, inAllOf));
  if (!isObject(part)) return part;
  const entries = Object.entries(part).map(([key, value]) => [key, closed(value, key === 'allOf')]);
  const result: Record<string, unknown> = Object.fromEntries(entries);
  const isOpen =
    isObject(part.properties) && part.additionalProperties === undefined && part.type !== undefined;
  return isOpen && !inAllOf ? { ...result, additionalProperties: false } : result;
}

/** Every example of the document with the schema that it belongs to, and its place. */
export function examplesOf(
  part: Part | unknown = document,
  at = '',
): { at: string; schema: unknown; value: unknown }[] {
  if (Array.isArray(part)) return part.flatMap((item, index) => examplesOf(item, `${at}/${index}`));
  if (!isObject(part)) return [];
  const { schema, examples, example } = part;
  const own =
    schema === undefined
      ? []
      : [
          ...Object.entries(isObject(examples) ? examples : {}).map(([name, item]) => ({
            at: `${at} ${name}`,
            schema,
            value: member(resolve(item), 'value'),
          })),
          ...(example === undefined ? [] : [{ at, schema, value: example }]),
        ];
  return [...own, ...Object.entries(part).flatMap(([key, value]) => examplesOf(value, `${at}/${key}`))];
}
