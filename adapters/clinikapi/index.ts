/**
 * ClinikAPI: a partial PATCH of practitioner roles that answers with the complete role. Two dialects, the documented one
 * and the one that the live API's SDK speaks; the reader understands both, and FHIR resources, whichever is chosen.
 */
import joi from 'joi';
import { isObject, member } from '../../src/staff/json';
import { codeTable } from '../../src/vendor/codecs';
import type { AdapterModule, AdapterSettings } from '../../src/vendor/contract';
import { path } from '../../src/vendor/path';
import { errors } from './errors';
import { documentedFields, liveFields } from './fields';

interface Settings extends AdapterSettings {
  credentials: { apiKey: string };
  options: { dialect?: 'documented' | 'live' };
}

export const clinikapi: AdapterModule<Settings> = {
  name: 'clinikapi',
  title: 'ClinikAPI',
  settings: {
    credentials: joi.object({ apiKey: joi.string().required() }).required(),
    options: joi.object({ dialect: joi.valid('documented', 'live').default('documented') }).default(),
    codes: joi.object({ organization: codeTable(), location: codeTable() }).default({}),
  },
  verify: 'returned',

  connect({ credentials, options, codes }) {
    const live = options.dialect === 'live';
    return {
      writes: 'changes',
      answers: 'record',
      fields: live ? liveFields() : documentedFields(codes),
      errors,
      // Opaque (contract section 7); the SDK's pattern, without the names that a path would swallow.
      recordId: /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,128}$/,
      authorize: () => ({ 'x-api-key': credentials.apiKey }),
      read: (id) => ({ method: 'GET', path: path`/v1/practitioner-roles/${id}` }),
      write: (id, body) => ({
        method: 'PATCH',
        path: path`/v1/practitioner-roles/${id}`,
        // Contract section 8: the live API wants this type although the body is no list of operations.
        ...(live && { headers: { 'content-type': 'application/json-patch+json' } }),
        body,
      }),
      record: roleIn,
      idOf: (role) => (typeof role.id === 'string' ? role.id : undefined),
      // Only FHIR-shaped answers carry a version.
      revision: (role) => {
        const version = member(role.meta, 'versionId') ?? member(role.meta, 'lastUpdated');
        return typeof version === 'string' ? version : undefined;
      },
    };
  },
};

/** The role in an answer: in its envelope, or bare where the top level is a FHIR resource (contract section 8). */
function roleIn(body: unknown) {
  const role = member(body, 'resourceType') === undefined ? member(body, 'data') : body;
  const type = member(role, 'resourceType') ?? 'PractitionerRole';
  return isObject(role) && type === 'PractitionerRole' ? role : undefined;
}
