/** The JSON Schema of the configuration that editors use. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { parse } from 'yaml';
import { adapters } from '../../adapters';
import { configJsonSchema } from '../../scripts/configSchema';
import { isObject } from '../../src/lib/json';

const FOLDER = join(__dirname, '../../config');
const example = readFileSync(join(FOLDER, 'gateway.example.yaml'), 'utf8');
const schema = JSON.parse(readFileSync(join(FOLDER, 'gateway.schema.json'), 'utf8'));
const validate = new Ajv({ allErrors: true }).compile(schema);

const reference = (to: string) => `\${${to}}`;

/** The example with one value set, by a path with `/`. */
function changed(path: string, value: unknown): unknown {
  const document: unknown = parse(example);
  const keys = path.split('/');
  const last = keys.pop() ?? '';
  const parent = keys.reduce<unknown>((inner, key) => Object(inner)[key], document);
  Object(parent)[last] = value;
  return document;
}

test('is fresh', () => {
  expect(schema).toEqual(JSON.parse(JSON.stringify(configJsonSchema(adapters))));
});

test('is named in the first line of the example', () => {
  expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=./gateway.schema.json');
});

test('the example fits it', () => {
  expect([validate(parse(example)), validate.errors]).toEqual([true, null]);
});

test.each([
  ['a number by a reference', 'server/port', reference('PORT')],
  ['a flag by a reference', 'clinics/north/requireIfMatch', reference('STRICT:-false')],
  ['a list of hashes', 'callers/0/keySha256', [reference('OLD'), reference('NEW')]],
  ['one hash', 'callers/0/keySha256', 'a'.repeat(64)],
  [
    'the other way to sign in',
    'vendors/vitalis-centro/credentials',
    { email: 'a@b.example', password: 'secret' },
  ],
])('%s fits it', (_name, path, value) => {
  expect([validate(changed(path, value)), validate.errors]).toEqual([true, null]);
});

test.each([
  ['a wrong key at the top', 'sever', {}],
  ['a wrong key in a section', 'server/prot', 8080],
  ['a text for a number', 'server/port', 'many'],
  ['a port that cannot be', 'server/port', 70_000],
  ['an adapter that does not exist', 'vendors/cobalt-main/adapter', 'other'],
  ['a credential of another adapter', 'vendors/cobalt-main/credentials/apiKey', 'x'],
  ['an option that the adapter does not know', 'vendors/vitalis-centro/options/tokenHaeder', 'x-token'],
  ['a connection without credentials', 'vendors/cobalt-main/credentials', undefined],
  ['a name that cannot be used', 'vendors/a b', { adapter: 'cobalt' }],
  ['a wrong key of a clinic', 'clinics/north/vendro', 'x'],
  ['a scope that does not exist', 'callers/0/scopes', ['staff:delete']],
  ['two places of the keys of an issuer', 'tokens/0/jwks', { keys: [] }],
])('%s does not', (_name, path, value) => {
  // As in a file: a key without a value is not there.
  expect(validate(JSON.parse(JSON.stringify(changed(path, value))))).toBe(false);
});

test('every key has a description, so that an editor can explain it', () => {
  const silent: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (!isObject(node)) return;
    for (const [key, child] of Object.entries(isObject(node.properties) ? node.properties : {})) {
      if (!isObject(child)) continue;
      // What an adapter adds below its own keys is told on its page.
      if (child.description === undefined) silent.push(`${path}/${key}`);
      visit(child, `${path}/${key}`);
    }
  };
  visit(schema, '');
  expect(silent).toEqual([]);
});
