/**
 * Parts of a configuration, for commands that reach no vendor: no credential, and no variable or file that holds one, is
 * needed for them.
 */
import joi from 'joi';
import { isObject, member } from '../lib/json';
import { ConfigError } from './problem';
import { inOrder, namesIn, type ReadOptions, validate, withOverrides } from './read';
import { NAME } from './rules';
import { configSchema } from './schema';
import { AUDIT_KEY, OPS, STORE } from './sections';
import { type Sources, type Substituted, substitute } from './substitute';
import type { AuditConfig, GatewayConfig, VendorConfig } from './types';
import { parseYaml } from './yaml';

export type StoreConfig = GatewayConfig['store'];
export type OpsConfig = Omit<GatewayConfig['ops'], 'oidc'>;

/** What is needed to read the audit, and to add to it what holds no values. */
export interface AuditedStore {
  store: StoreConfig;
  audit: Pick<AuditConfig, 'key'>;
}

/** What links are made of: the clinics, the names of connections, and what an adapter says about record ids. */
export interface LinkPlaces extends AuditedStore {
  clinics: GatewayConfig['clinics'];
  vendors: Readonly<Record<string, Pick<VendorConfig, 'adapter' | 'options' | 'codes'>>>;
}

/** @throws ConfigError naming what is wrong with the section `store`, or with the text as YAML */
export async function readStore(text: string, sources: Sources): Promise<StoreConfig> {
  const { store } = withOverrides(parseYaml(text), sources.env);
  const substituted = await substitute(given({ store: withoutKey(store) }), sources);
  return usable(substituted, joi.object<Pick<GatewayConfig, 'store'>>({ store: STORE })).store;
}

/** @throws ConfigError naming what is wrong with the section `ops`, or with the text as YAML */
export async function readOps(text: string, sources: Sources): Promise<OpsConfig> {
  const { ops } = withOverrides(parseYaml(text), sources.env);
  const substituted = await substitute(given({ ops: withoutSignIn(ops) }), sources);
  return usable(substituted, joi.object<Pick<GatewayConfig, 'ops'>>({ ops: OPS })).ops;
}

/** Who asks for health signs nobody in. */
function withoutSignIn(ops: unknown): unknown {
  if (!isObject(ops)) return ops;
  const { oidc: _, ...rest } = ops;
  return rest;
}

/** @throws ConfigError naming what is wrong with `store` or `audit.key`, or with the text as YAML */
export async function readAuditedStore(text: string, sources: Sources): Promise<AuditedStore> {
  const { store, audit } = withOverrides(parseYaml(text), sources.env);
  const substituted = await substitute(given({ store: withoutKey(store), audit: onlyKey(audit) }), sources);
  const keyed = joi.object({ key: AUDIT_KEY }).default();
  return usable(substituted, joi.object<AuditedStore>({ store: STORE, audit: keyed }));
}

/** The secret of the digests, for one, is not asked for. */
function onlyKey(audit: unknown): unknown {
  const key = member(audit, 'key');
  return key === undefined ? undefined : { key };
}

/** Commands read nothing that is encrypted. */
function withoutKey(store: unknown): unknown {
  if (!isObject(store)) return store;
  const { encryptionKey: _, ...rest } = store;
  return rest;
}

function given(sections: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(sections).filter(([, section]) => section !== undefined));
}

/** @throws ConfigError as above, and naming what is wrong with the clinics or the connections, credentials apart */
export async function readLinkPlaces(
  text: string,
  { adapters, ...sources }: ReadOptions,
): Promise<LinkPlaces> {
  const { store, audit, clinics, vendors } = withOverrides(parseYaml(text), sources.env);
  const document = given({
    store: withoutKey(store),
    audit: onlyKey(audit),
    clinics,
    vendors: withoutSecrets(vendors),
  });
  const substituted = await substitute(document, sources);
  const names = namesIn(substituted.tree, adapters);
  const connections = [...names.vendors.keys()].filter((name) => NAME.test(name));
  const left = connections.flatMap((name) => [`vendors.${name}.credentials`, `vendors.${name}.baseUrl`]);
  const schema = configSchema(names).fork(left, (key) => key.optional());
  const config = usable(substituted, schema);
  return {
    store: config.store,
    audit: config.audit,
    clinics: config.clinics,
    vendors: config.vendors,
  };
}

/** The connections with nothing but what is asked for; what is not one stays, to be complained about. */
function withoutSecrets(vendors: unknown): unknown {
  if (!isObject(vendors)) return vendors;
  const kept = Object.entries(vendors).map(([name, vendor]) => {
    if (!isObject(vendor)) return [name, vendor];
    const parts = Object.entries(vendor).filter(([key]) => ['adapter', 'options', 'codes'].includes(key));
    return [name, Object.fromEntries(parts)];
  });
  return Object.fromEntries(kept);
}

function usable<Config>(substituted: Substituted, schema: joi.ObjectSchema<Config>): Config {
  const { value, problems } = validate(substituted, schema);
  const all = [...substituted.problems, ...problems];
  if (value === undefined || all.length > 0) throw new ConfigError(inOrder(all));
  return value;
}
