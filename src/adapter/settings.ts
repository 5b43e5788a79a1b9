/** The schemas of an adapter's settings. */
import joi, { type ObjectSchema, type Schema, type SchemaMap } from 'joi';
import type { AdapterModule } from './contract';

/**
 * What may be said about a connection.
 * @param credentials the members, or a schema if it depends on which of them are given
 * @param options members with a default, or optional
 * @param codes the code lists
 */
export function settings(
  credentials: SchemaMap | ObjectSchema,
  options: SchemaMap = {},
  codes: SchemaMap = {},
): AdapterModule['settings'] {
  return {
    credentials: joi.compile(credentials).required(),
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
  return joi.object().pattern(joi.string().max(200), vendorCode);
}
