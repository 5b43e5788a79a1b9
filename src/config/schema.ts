import joi from 'joi';
import { OPERATORS } from './operators';
import { NAME, oneOf } from './rules';
import {
  AUDIT,
  BASE_URL,
  CALLER_KEYS,
  CLINIC_KEYS,
  DELIVERIES,
  IDEMPOTENCY,
  LIST_CACHE_SECONDS,
  OPS,
  PROPAGATE_TRACE,
  SERVER,
  STORE,
  TOKEN_KEYS,
  VENDOR_LIMITS,
} from './sections';
import type { ConfigurableAdapter, GatewayConfig } from './types';

/** What the schema has to know of a document in order to check its references by name. */
export interface Names {
  adapters: readonly ConfigurableAdapter[];
  /** Each vendor connection with its adapter, undefined if the configuration names none that exists. */
  vendors: ReadonlyMap<string, ConfigurableAdapter | undefined>;
  clinics: readonly string[];
}

/**
 * The schema of one document: its vendors' settings are checked by their adapters' own schemas. To add a key, add a line
 * here or in `sections.ts` and one in `types.ts`; its description is its documentation.
 */
export function configSchema(names: Names): joi.ObjectSchema<GatewayConfig> {
  return joi.object<GatewayConfig>({
    server: SERVER,
    ops: OPS,
    store: STORE,
    vendors: vendorsSchema(names)
      .min(1)
      .required()
      .description('The vendor connections, by a name of your choice.'),
    clinics: joi
      .object()
      .pattern(NAME, clinicSchema([...names.vendors.keys()].filter(isName)))
      .min(1)
      .required()
      .meta({ child: '<clinic>' })
      .description('The clinics, by a name of your choice.'),
    callers: joi
      .array()
      .items(callerSchema(names.clinics.filter(isName)))
      .default([])
      .description('The apps that may call the gateway, each for one clinic.'),
    operators: OPERATORS,
    audit: AUDIT,
    idempotency: IDEMPOTENCY,
    deliveries: DELIVERIES,
    tokens: joi
      .array()
      .items(tokenSchema(names.clinics.filter(isName)))
      .default([])
      .description(
        'Issuers of OAuth 2 / OIDC access tokens (JWT) that are accepted in addition to API keys.',
      ),
  });
}

function vendorsSchema({ vendors, adapters }: Names): joi.ObjectSchema {
  const usable = [...vendors].filter(([name]) => isName(name));
  return joi.object(
    Object.fromEntries(usable.map(([name, adapter]) => [name, vendorSchema(adapter, adapters)])),
  );
}

function vendorSchema(
  adapter: ConfigurableAdapter | undefined,
  adapters: readonly ConfigurableAdapter[],
): joi.ObjectSchema {
  return joi.object({
    adapter: oneOf(adapters.map(({ name }) => name))
      .required()
      .description('The kind of vendor system: the name of a folder in adapters/.'),
    baseUrl: BASE_URL,
    credentials: (adapter?.settings.credentials ?? joi.any().required())
      .meta({ type: 'object' })
      .description(
        'What the vendor gave you to sign in with; the keys depend on the adapter. Never printed.',
      ),
    options: (adapter?.settings.options.default() ?? joi.any())
      .meta({ type: 'object' })
      .description("Choices between a vendor's variants; the keys depend on the adapter."),
    codes: (adapter?.settings.codes.default() ?? joi.any())
      .meta({ type: 'object' })
      .description("Code lists: the callers' code on the left, the vendor's on the right."),
    ...VENDOR_LIMITS,
    verify: oneOf(['returned', 'read'])
      .default(() => adapter?.verify)
      .meta({ default: "the adapter's" })
      .description("What proves a change: the record in the vendor's answer, or a read after the write."),
    listCacheSeconds: LIST_CACHE_SECONDS,
    propagateTrace: PROPAGATE_TRACE,
  });
}

function clinicSchema(vendors: readonly string[]): joi.ObjectSchema {
  return joi.object({
    vendor: oneOf(vendors)
      .required()
      .meta({ type: 'a key of vendors' })
      .description("The connection that holds this clinic's staff. Switching vendor is changing this line."),
    links: joi
      .array()
      .items(oneOf(vendors))
      .description(
        'Further connections, keys of vendors, at which callers with links:write may link staff: to prepare a switch.',
      ),
    mirror: oneOf(vendors)
      .empty('')
      .meta({ type: 'a key of vendors' })
      .description(
        'A second connection that is kept equal: what vendor has confirmed is written there too, later, and callers never notice. Absent or empty: none.',
      ),
    ...CLINIC_KEYS,
  });
}

function callerSchema(clinics: readonly string[]): joi.ObjectSchema {
  return joi.object({
    ...CALLER_KEYS,
    clinic: oneOf(clinics)
      .required()
      .meta({ type: 'a key of clinics' })
      .description('The clinic it may reach.'),
  });
}

/** With two clinics an issuer that may name any of them would speak for both: what it may name is said then. */
function tokenSchema(clinics: readonly string[]): joi.ObjectSchema {
  const map = joi.object().pattern(joi.string().max(200), oneOf(clinics)).meta({ type: 'object' });
  const isNeeded = clinics.length > 1;
  return joi
    .object({
      ...TOKEN_KEYS,
      clinics: (isNeeded ? map.required() : map).description(
        'What the clinic claim says on the left, a key of clinics on the right. Needed if there are two clinics; with one the default is the key itself.',
      ),
    })
    .xor('jwksUri', 'jwks');
}

function isName(text: string): boolean {
  return NAME.test(text);
}
