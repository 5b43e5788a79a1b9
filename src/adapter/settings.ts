/** The schemas of an adapter's settings. */
import joi, { type CustomValidator, type ObjectSchema, type Schema, type SchemaMap } from 'joi';
import { oneOrList } from '../config/rules';
import { member } from '../lib/json';
import { codeSpelling, foldedCode, withoutUnseen } from '../staff/spelling';
import type { AdapterModule } from './contract';

/**
 * What may be said about a connection.
 * @param credentials the members, or a schema if it depends on which of them are given; `optional()` if there may be none at all
 * @param options members with a default, or optional
 * @param codes the code lists
 */
export function settings(
  credentials: SchemaMap | ObjectSchema,
  options: SchemaMap = {},
  codes: SchemaMap = {},
): AdapterModule['settings'] {
  const given = joi.compile(credentials);
  const isOptional = member(given.describe().flags, 'presence') === 'optional';
  return {
    credentials: isOptional ? given.default({}) : given.required(),
    options: joi.object(options).default(),
    codes: joi.object(codes).default({}),
  };
}

/** A credential that has to be given, with what it is sent as. */
export function credential(description: string): Schema {
  return joi.string().required().description(description);
}

/** A list of codes in the settings: the caller's code → the vendor's. */
export function codeTable(
  vendorCode: Schema = joi.alternatives(joi.string().max(200), joi.number()),
): ObjectSchema {
  return joi.object().pattern(joi.string().max(200), vendorCode).custom(plainKeys);
}

/** A closed list in the settings: each canonical value with the vendor's word, or several of which the first is written. */
export function wordTable(values: readonly string[]): ObjectSchema {
  return joi.object().pattern(joi.valid(...values), oneOrList(joi.string().max(200)));
}

/** Codes are compared as updates are normalised, so a key in another spelling would never be found. */
const plainKeys: CustomValidator<Record<string, unknown>> = (table, helpers) => {
  const spelled = new Map<string, string>();
  for (const code of Object.keys(table)) {
    const folded = foldedCode(code);
    if (folded === '') return helpers.error('codes.blank');
    const first = spelled.get(folded);
    if (first !== undefined) return helpers.error('codes.same', { first, second: code });
    spelled.set(folded, code);
  }
  return Object.fromEntries(
    Object.entries(table).map(([code, vendorCode]) => [codeSpelling(withoutUnseen(code)), vendorCode]),
  );
};
